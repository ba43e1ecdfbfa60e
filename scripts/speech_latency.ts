/**
 * `deno task speech:latency`: how long the offline voice agent takes from the
 * end of a question to the first audio of its answer, beside the sum of what
 * its parts take alone.
 *
 * Somebody asks in real time. Time runs from when `vad.silero` reports the end
 * of speech, which is `minSilenceMs` after the last word. The parts are run
 * right after, with the same audio and text, each in a session of its own.
 *
 * @module
 */

import process from "node:process";
import {
  type AudioData,
  createRuntime,
  loadManifest,
  type Manifest,
  type Runtime,
  RuntimeData,
  type Session,
  type SessionOutput,
} from "../mod.ts";
import { readFlags, Usage } from "./lib/flags.ts";
import { runScript } from "./lib/run_script.ts";

const FOLDER = new URL("../examples/voice_agent/", import.meta.url);
const QUESTION = "What time is it now?";
const RATE_HZ = 16_000;
const CHUNK = RATE_HZ / 10;
/** In which the spare process of the recogniser loads its model. */
const BREATHER_MS = 3000;
const USAGE = `usage: deno task speech:latency [options]
  --rounds <number>  how often (default: 5)
  --json             print JSON`;

/** Times of one round, in milliseconds. */
interface Round {
  readonly agentMs: number;
  readonly recognitionMs: number;
  /** Guards, answer and sentences. */
  readonly answerMs: number;
  readonly speechMs: number;
}

async function main(args: string[]): Promise<number> {
  const values = readFlags(args, USAGE, {
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  });
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) throw new Usage(USAGE);
  const runtime = await createRuntime({ plugins: [new URL("scripted_answers.ts", FOLDER)] });
  const all: Round[] = [];
  try {
    const agent = await loadManifest(new URL("offline.yaml", FOLDER));
    const question = await speak(runtime);
    for (let i = 0; i < rounds; i++) {
      process.stderr.write(`\r${i + 1} of ${rounds}`);
      all.push(await measure(runtime, agent, question));
    }
  } finally {
    process.stderr.write("\r\x1b[K");
    await runtime.close();
  }
  const result = summarise(all);
  console.log(values.json ? JSON.stringify({ rounds: all, ...result }, undefined, 2) : render(result));
  return 0;
}

async function measure(runtime: Runtime, agent: Manifest, question: Int16Array): Promise<Round> {
  const agentMs = await askAgent(runtime, agent, question);
  const utterance = await cutUtterance(runtime, agent, question);
  const [asr, thinking, tts] = [["asr"], ["guard_in", "answer", "guard_out", "sentences"], ["tts"]].map((ids) =>
    partOf(agent, ids)
  ) as [Manifest, Manifest, Manifest];
  const recognition = await time(runtime, asr, utterance, ({ port, isPartial }) => port === "out" && !isPartial);
  const answer = await time(runtime, thinking, recognition.data, ({ nodeId }) => nodeId === "sentences");
  const speech = await time(runtime, tts, answer.data, () => true);
  return { agentMs, recognitionMs: recognition.ms, answerMs: answer.ms, speechMs: speech.ms };
}

/** From the end of speech to the first audio of the answer, in milliseconds. */
async function askAgent(runtime: Runtime, agent: Manifest, question: Int16Array): Promise<number> {
  await using session = await runtime.open(agent);
  await sleep(BREATHER_MS);
  const asking = ask(session, question);
  asking.catch(() => {});
  let endedMs: number | undefined;
  for await (const { nodeId, port, data } of session) {
    const atMs = performance.now();
    if (nodeId === "vad" && port === "events" && JSON.stringify(data).includes("speech-end")) endedMs = atMs;
    if (nodeId === "tts" && endedMs !== undefined) return atMs - endedMs;
  }
  await asking;
  throw new Error("the agent gave no answer to the question");
}

/** Speaks in real time, then is quiet. */
async function ask(session: Session, question: Int16Array): Promise<void> {
  const startedMs = performance.now();
  for (let at = 0; at < question.length; at += CHUNK) {
    await sleep(startedMs + (at + CHUNK) / RATE_HZ * 1000 - performance.now());
    await session.send(audio(question.slice(at, at + CHUNK), at));
  }
  await session.finish();
}

/** The utterance as the agent's voice activity detection cuts it. */
async function cutUtterance(runtime: Runtime, agent: Manifest, question: Int16Array): Promise<AudioData> {
  const { outputs } = await runtime.execute(partOf(agent, ["vad"]), { vad: audio(question.slice(), 0) });
  const pieces = (outputs["vad"] ?? []).filter((data) => RuntimeData.isAudio(data)).map(({ samples }) =>
    samples as Float32Array
  );
  const samples = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => {
    samples.set(piece, at);
    return at + piece.length;
  }, 0);
  return RuntimeData.audio({ samples, sampleRate: RATE_HZ });
}

/** From the sending of an input to an output, in milliseconds. */
async function time(
  runtime: Runtime,
  manifest: Manifest,
  input: RuntimeData,
  isResult: (output: SessionOutput) => boolean,
): Promise<{ ms: number; data: RuntimeData }> {
  await using session = await runtime.open(manifest);
  await sleep(manifest.nodes.some(({ id }) => id === "asr") ? BREATHER_MS : 100);
  const startedMs = performance.now();
  await session.send(input);
  for await (const output of session) {
    if (isResult(output)) return { ms: performance.now() - startedMs, data: output.data };
  }
  throw new Error(`${manifest.nodes.map(({ id }) => id).join(", ")} gave no result`);
}

/** Some nodes of a manifest, and the connections between them. */
function partOf({ connections = [], ...manifest }: Manifest, ids: readonly string[]): Manifest {
  return {
    ...manifest,
    nodes: manifest.nodes.filter(({ id }) => ids.includes(id)),
    connections: connections.filter(({ from, to }) => ids.includes(from) && ids.includes(to)),
  };
}

/** The question, with quiet around it. */
async function speak(runtime: Runtime): Promise<Int16Array> {
  const manifest: Manifest = {
    version: "v1",
    nodes: [{ id: "tts", node_type: "tts.flite", params: { voice: "slt" } }],
  };
  const { outputs } = await runtime.execute(manifest, { tts: RuntimeData.text(QUESTION) });
  const [spoken] = (outputs["tts"] ?? []).map(RuntimeData.asAudio);
  if (spoken === undefined) throw new Error("the question was not spoken");
  const { samples } = spoken;
  const padded = new Int16Array(samples.length + 3 * RATE_HZ);
  padded.set(samples as Int16Array, RATE_HZ / 2);
  return padded;
}

function audio(samples: Int16Array<ArrayBuffer>, at: number): AudioData {
  return RuntimeData.audio({ samples, sampleRate: RATE_HZ, timestampUs: Math.round(at / RATE_HZ * 1e6) });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

interface Summary extends Round {
  readonly sumOfPartsMs: number;
  /** Of the medians: the agent to the sum of its parts. */
  readonly ratio: number;
}

/** Medians of all rounds. */
function summarise(rounds: readonly Round[]): Summary {
  const median = (key: keyof Round) => {
    const sorted = rounds.map((round) => round[key]).sort((a, b) => a - b);
    return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
  };
  const [recognitionMs, answerMs, speechMs] = [median("recognitionMs"), median("answerMs"), median("speechMs")];
  const agentMs = median("agentMs");
  const sumOfPartsMs = recognitionMs + answerMs + speechMs;
  return { agentMs, recognitionMs, answerMs, speechMs, sumOfPartsMs, ratio: agentMs / sumOfPartsMs };
}

function render({ agentMs, recognitionMs, answerMs, speechMs, sumOfPartsMs, ratio }: Summary): string {
  const row = (what: string, ms: number) => `${what.padEnd(34)}${ms.toFixed(1).padStart(9)} ms`;
  return [
    row("recognition alone", recognitionMs),
    row("guards, answer, sentences alone", answerMs),
    row("speech of the first sentence alone", speechMs),
    row("sum of the parts", sumOfPartsMs),
    row("end of speech to first audio", agentMs),
    `medians; the agent takes ${ratio.toFixed(2)} of the sum of its parts`,
  ].join("\n");
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
