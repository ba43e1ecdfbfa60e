/**
 * `deno task speech:errors`: the word error rate of what is spoken by
 * `tts.flite` and written down again by a local recogniser.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import process from "node:process";
import { createRuntime, type Manifest, RuntimeData, StreamrackError } from "../mod.ts";
import { readFlags, Usage } from "./lib/flags.ts";
import { runScript } from "./lib/run_script.ts";
import { countWordErrors, sumWordErrors, wordErrorRate, type WordErrors } from "./lib/word_errors.ts";

const SENTENCES = new URL("./data/spoken_sentences.txt", import.meta.url);
const USAGE = `usage: deno task speech:errors [options]
  --engine pocketsphinx|whisper  who listens (default: pocketsphinx)
  --model <path>                 its model; whisper needs one
  --voice <name>                 who speaks, of those of tts.flite with 16 kHz (default: rms)
  --speed <factor>               how fast, 0.25 to 4 (default: 1)
  --sentences <path>             a file with one sentence on each line (default: the 50 of this repository)
  --json                         print JSON`;

interface Understood extends WordErrors {
  readonly said: string;
  readonly understood: string;
  /** Errors for each word said. */
  readonly wordErrorRate: number;
}

async function main(args: string[]): Promise<number> {
  const values = readFlags(args, USAGE, {
    engine: { type: "string", default: "pocketsphinx" },
    model: { type: "string" },
    voice: { type: "string", default: "rms" },
    speed: { type: "string", default: "1" },
    sentences: { type: "string" },
    json: { type: "boolean", default: false },
  });
  const { engine, model, voice, speed } = values;
  if (engine !== "pocketsphinx" && engine !== "whisper") throw new Usage(USAGE);
  const lines = (await readFile(values.sentences ?? SENTENCES, "utf8")).split("\n").map((line) => line.trim());
  const sentences = lines.filter((line) => line !== "");
  const manifest: Manifest = {
    version: "v1",
    nodes: [
      { id: "tts", node_type: "tts.flite", params: { voice, speed: Number(speed) } },
      { id: "asr", node_type: `asr.${engine}`, params: model === undefined ? {} : { modelPath: model } },
    ],
    connections: [{ from: "tts", to: "asr" }],
  };
  const all: Understood[] = [];
  for await (const understood of listen(manifest, sentences)) {
    const said = sentences[all.length] as string;
    const errors = countWordErrors(said, understood);
    all.push({ said, understood, ...errors, wordErrorRate: wordErrorRate(errors) });
    process.stderr.write(`\r${all.length} of ${sentences.length}`);
  }
  process.stderr.write("\r\x1b[K");
  // Each sentence gives one text: anything else would compare texts with the sentences of others.
  if (all.length !== sentences.length) {
    throw new Error(`${sentences.length} sentences gave ${all.length} texts: write one sentence on each line`);
  }
  const total = sumWordErrors(all);
  const result = { engine, model, voice, speed: Number(speed), ...total, wordErrorRate: wordErrorRate(total) };
  console.log(values.json ? JSON.stringify({ ...result, sentences: all }, undefined, 2) : render(all, result));
  return 0;
}

/** What is understood, sentence by sentence. */
async function* listen(manifest: Manifest, sentences: readonly string[]): AsyncGenerator<string> {
  const runtime = await createRuntime();
  try {
    const session = await runtime.open(manifest);
    const sending = (async () => {
      for (const sentence of sentences) await session.send(RuntimeData.text(sentence));
      await session.finish();
    })();
    // Where the session fails, the loop below says why.
    sending.catch(() => {});
    for await (const { port, data, isPartial } of session) {
      if (port === "out" && !isPartial) yield RuntimeData.asText(data);
    }
    await sending;
  } catch (error) {
    if (StreamrackError.is(error) && error.reason === "invalid-params") console.error(USAGE);
    throw error;
  } finally {
    await runtime.close();
  }
}

function render(all: readonly Understood[], total: WordErrors & { readonly wordErrorRate: number }): string {
  const percent = (rate: number) => `${(100 * rate).toFixed(1)} %`;
  const lines = all.flatMap(({ said, understood, wordErrorRate }) => [
    `${percent(wordErrorRate).padStart(8)}  ${said}`,
    ...wordErrorRate === 0 ? [] : [`${" ".repeat(10)}${understood === "" ? "(nothing)" : understood}`],
  ]);
  const { words, substitutions, deletions, insertions } = total;
  return [
    ...lines,
    "",
    `word error rate ${percent(total.wordErrorRate)} of ${words} words in ${all.length} sentences: ` +
    `${substitutions} taken for others, ${deletions} missed, ${insertions} not said`,
  ].join("\n");
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
