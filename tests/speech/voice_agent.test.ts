import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import {
  createRuntime,
  type Manifest,
  type Runtime,
  RuntimeData,
  type Session,
  type SessionOutput,
} from "../../mod.ts";
import { pocketSphinx } from "../../plugins/asr/engines/pocketsphinx.ts";
import { findProgram } from "../../plugins/asr/program/find_program.ts";
import { FliteEngine } from "../../plugins/tts/flite/engine.ts";
import { ROOT } from "../../scripts/lib/files.ts";
import { onSources } from "../_support/on_sources.ts";
import { collect } from "../_support/runtime.ts";
import { processesWith, withoutPocketSphinx } from "./_engines.ts";

const FOLDER = new URL("../../examples/voice_agent/", import.meta.url);
/** Samples of a chunk: 100 ms. */
const CHUNK = 1600;

describe("the voice agent, offline", { skip: withoutPocketSphinx }, () => {
  let runtime: Runtime;
  let manifest: Manifest;
  let question: Int16Array<ArrayBuffer>;
  /** The program has a path of its own here, by which its processes are known. */
  let folder: string;
  let scriptFolder: string;
  const running = () => processesWith(folder);

  const script = () => pathToFileURL(join(scriptFolder, "scripted_answers.ts"));

  before(async () => {
    // Inside of the repository, whose node_modules it needs.
    await mkdir(join(ROOT, "out"), { recursive: true });
    scriptFolder = await mkdtemp(join(ROOT, "out", "agent-"));
    await writeFile(script(), onSources(await readFile(new URL("scripted_answers.ts", FOLDER), "utf8")));
    folder = await mkdtemp(join(tmpdir(), "streamrack-agent-"));
    const path = join(folder, "pocketsphinx");
    await symlink(await findProgram(pocketSphinx({})), path);
    process.env["STREAMRACK_POCKETSPHINX"] = path;
    manifest = parse(await readFile(new URL("offline.yaml", FOLDER), "utf8"));
    runtime = await createRuntime({ plugins: [script()] });
    const engine = await FliteEngine.load();
    const { samples } = await engine.speak("What time is it now?", { voice: "slt", speed: 1 });
    question = new Int16Array(samples.length + 16_000);
    question.set(samples, 3200);
  });
  after(async () => {
    delete process.env["STREAMRACK_POCKETSPHINX"];
    await runtime.close();
    for (const path of [folder, scriptFolder]) await rm(path, { recursive: true, force: true });
  });

  async function ask(session: Session): Promise<void> {
    for (let at = 0; at < question.length; at += CHUNK) {
      const samples = question.slice(at, at + CHUNK);
      await session.send(RuntimeData.audio({ samples, sampleRate: 16_000, timestampUs: Math.round(at / 0.016) }));
    }
  }
  const seconds = (outputs: readonly SessionOutput[]) =>
    outputs.filter(({ nodeId }) => nodeId === "tts").reduce((sum, { data }) => {
      const { samples, sampleRate } = RuntimeData.asAudio(data);
      return sum + samples.length / sampleRate;
    }, 0);

  it("hears a question and speaks the answer, sentence by sentence; and leaves no process", async () => {
    const session = await runtime.open(manifest, { recordActivity: true });
    const outputs = collect(session);
    await ask(session);
    await session.finish();
    const all = await outputs;
    const spoken = all.filter(({ nodeId }) => nodeId === "tts");
    assert.deepEqual(spoken.map(({ data }) => data.metadata?.["sentence"]), [
      "It is always time for tea.",
      "The next train leaves in twelve minutes.",
    ]);
    assert.ok(seconds(all) > 3);
    const { nodes } = await session.metrics();
    for (const { nodeId, activity = [] } of Object.values(nodes)) {
      assert.ok(activity.length > 0, nodeId);
      activity.forEach(([from, to], i) => assert.ok(to >= from && from >= (activity[i - 1]?.[1] ?? 0), nodeId));
    }
    assert.deepEqual(await running(), []);
  });

  it("is interrupted by a flush, and hears what was said meanwhile when that is sent again", async () => {
    const session = await runtime.open(manifest);
    const outputs = session[Symbol.asyncIterator]();
    await ask(session);
    for (;;) {
      const { value } = await outputs.next();
      if (value?.nodeId === "tts") break;
    }
    session.flush();
    await ask(session);
    await session.finish();
    const later: SessionOutput[] = [];
    for await (const output of { [Symbol.asyncIterator]: () => outputs }) later.push(output);
    assert.ok(seconds(later) > 3);
    assert.equal(later.filter(({ nodeId }) => nodeId === "tts").length, 2);
  });

  it("leaves nothing running wherever it is cancelled", async () => {
    const stages: ((output: SessionOutput) => boolean)[] = [
      ({ data }) => JSON.stringify(data).includes("speech-start"),
      ({ data }) => JSON.stringify(data).includes("speech-end"),
      ({ nodeId }) => nodeId === "tts",
    ];
    for (const isReached of stages) {
      const session = await runtime.open(manifest);
      const asking = ask(session).then(() => session.finish(), () => {});
      let wasReached = false;
      for await (const output of session) {
        wasReached = isReached(output);
        if (wasReached) break; // leaving the loop cancels the session
      }
      await session.cancel("enough");
      assert.ok(wasReached);
      assert.equal(session.state, "cancelled");
      await asking;
      assert.deepEqual(await running(), []);
    }
    const unused = await runtime.open(manifest);
    await unused.cancel();
    assert.deepEqual(await running(), []);
  });

  it("leaves no process when its runtime is closed in the middle", async () => {
    const own = await createRuntime({ plugins: [script()] });
    const session = await own.open(manifest);
    session[Symbol.asyncIterator]().next().catch(() => {});
    await session.send(RuntimeData.audio({ samples: question.slice(), sampleRate: 16_000 }));
    await own.close();
    assert.deepEqual(await running(), []);
  });
});
