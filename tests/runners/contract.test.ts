import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import * as v from "valibot";
import { encode } from "fast-png";
import asrPlugin from "../../plugins/asr/mod.ts";
import guardPlugin, { check, guardRunner } from "../../plugins/guard/mod.ts";
import llmPlugin, { openai as llm } from "../../plugins/llm/mod.ts";
import ttsPlugin from "../../plugins/tts/mod.ts";
import vlmPlugin, { openai as vlm } from "../../plugins/vlm/mod.ts";
import { RuntimeData } from "../../core/plugin.ts";
import {
  type AnyRunnerType,
  defineRunner,
  fromRunnerError,
  RUNNER_ERRORS,
  runnerError,
  type RunnerErrorCode,
  toRunnerError,
} from "../../runners/mod.ts";
import { type RunnerConformanceOptions, runnerConformanceTests, runNode } from "../../testing/mod.ts";
import { chat, ModelServer } from "./_model_server.ts";

const server = await ModelServer.start();
server.answer = (_, response) => chat(response, ["One ", "two ", "three."]);
after(() => server.stop());

const params = { baseUrl: server.baseUrl };
const text = () => ({ inputs: { text: "hello" } });
const png = encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3, depth: 8 });
const image = () => ({ inputs: { image: RuntimeData.binary(new Uint8Array(png)) } });
const noImage = () => ({ inputs: { image: RuntimeData.binary(new Uint8Array([1, 2, 3])) } });
const otherModel = { model: "other" };

const RUNNERS: readonly (readonly [type: AnyRunnerType, options: RunnerConformanceOptions])[] = [
  [llm, { params, request: text, badRequest: image, otherModel }],
  [vlm, { params, request: image, badRequest: noImage, otherModel }],
  [check, { request: text, badRequest: image }],
  [guardRunner(llm, "llm.guarded"), { params, request: text, otherModel }],
];

for (const [type, options] of RUNNERS) {
  describe(type.definition.type, () => {
    for (const { name, run } of runnerConformanceTests(type, options)) it(name, run);
  });
}

describe("the contract suite", () => {
  it("is run for every runner: here, in llm_local.test.ts, and in tests/speech/contract.test.ts", () => {
    const elsewhere = ["llm.local", "asr.openai", "asr.pocketsphinx", "asr.whisper", "tts.flite", "tts.openai"];
    const noRunners = ["llm.any", "guard.llm", "guard.text"];
    const held = RUNNERS.map(([{ definition }]) => definition.type).filter((type) => type !== "llm.guarded");
    const nodes = [llmPlugin, vlmPlugin, asrPlugin, ttsPlugin, guardPlugin].flatMap(({ nodes }) => nodes);
    assert.deepEqual(nodes.map(({ type }) => type).toSorted(), [...held, ...elsewhere, ...noRunners].toSorted());
  });
});

describe("runnerError", () => {
  for (const code of Object.keys(RUNNER_ERRORS) as RunnerErrorCode[]) {
    it(`${code} to StreamrackError and back`, () => {
      const error = runnerError(code, "what happened", { remedy: "What to do.", cause: new Error("why") });
      assert.equal(error.reason, RUNNER_ERRORS[code].reason);
      const { cause: _, ...plain } = toRunnerError(error);
      assert.deepEqual(plain, { code, message: "what happened", recoverable: RUNNER_ERRORS[code].recoverable });
      assert.equal(fromRunnerError(toRunnerError(error)), error);
      const again = fromRunnerError(plain); // as after a way over the wire
      assert.deepEqual([again.reason, again.detail], [error.reason, error.detail]);
    });
  }
});

describe("defineRunner", () => {
  it("loads a model once, shares it, and unloads it when the last one has gone", async () => {
    const log: string[] = [];
    const shared = defineRunner({
      type: "test.shared",
      summary: "Counts loads.",
      vendor: "test",
      capabilities: ["llm"],
      streaming: false,
      params: v.object({ model: v.optional(v.string(), "a") }),
      load: ({ modelId, onProgress }) => {
        onProgress(50);
        log.push(`load ${modelId}`);
        return { modelId };
      },
      unload: ({ modelId }) => void log.push(`unload ${modelId}`),
      run: (_, { model }) => Promise.resolve({ outputs: { text: model.modelId } }),
    });
    const [one, two] = [await shared.create(), await shared.create()];
    const seen: number[] = [];
    await Promise.all([one.load({ onProgress: (percent) => seen.push(percent) }), two.load()]);
    assert.deepEqual([log, seen], [["load a"], [50]]);
    const [result] = await Array.fromAsync(one.run({ inputs: { text: "" }, params: { model: "b" } }));
    assert.equal(result?.outputs.text, "b");
    assert.deepEqual(log, ["load a", "load b"]); // the other one still uses a
    await two.unload();
    await one.unload();
    assert.deepEqual(log, ["load a", "load b", "unload a", "unload b"]);
  });

  /** Says what happens to its models. A request goes on when it is let. */
  function makeLogged(type: string) {
    const log: string[] = [];
    const gates: (() => void)[] = [];
    const runner = defineRunner({
      type,
      summary: "Tells of its models.",
      vendor: "test",
      capabilities: ["llm"],
      streaming: true,
      params: v.object({ model: v.optional(v.string(), "a") }),
      load: ({ modelId, onProgress }) => {
        log.push(`load ${modelId}`);
        for (const percent of [0, 40, 100]) onProgress(percent);
        return { modelId };
      },
      unload: ({ modelId }) => void log.push(`unload ${modelId}`),
      async *run({ inputs }, { model }) {
        if (inputs.text === "wait") {
          yield { outputs: { text: "begun" } };
          await new Promise<void>((resolve) => gates.push(resolve));
        }
        return { outputs: { text: model.modelId } };
      },
    });
    return { runner, log, gates };
  }

  it("unloads a model before it loads another one", async () => {
    const { runner, log } = makeLogged("test.changes");
    await using one = await runner.create();
    for (const model of ["a", "b", "a"]) {
      const results = await Array.fromAsync(one.run({ inputs: { text: "" }, params: { model } }));
      assert.deepEqual([results.at(-1)?.outputs.text, one.loadedModelId], [model, model]);
    }
    assert.deepEqual(log, ["load a", "unload a", "load b", "unload b", "load a"]);
  });

  it("keeps the model of a request that is under way, whoever asks for another one or unloads", async () => {
    const { runner, log, gates } = makeLogged("test.keeps");
    await using one = await runner.create();
    const slow = one.run({ inputs: { text: "wait" } });
    assert.equal((await slow.next()).value?.metadata["model"], "a");
    const final = slow.next();
    const other = await Array.fromAsync(one.run({ inputs: { text: "" }, params: { model: "b" } }));
    assert.deepEqual([other.at(-1)?.outputs.text, other.at(-1)?.metadata["model"]], ["b", "b"]);
    await one.unload();
    assert.deepEqual(log, ["load a", "load b", "unload b"]);
    gates[0]?.();
    const { value } = await final;
    assert.deepEqual([value?.outputs.text, value?.metadata["model"]], ["a", "a"]);
    await slow.next();
    assert.deepEqual(log, ["load a", "load b", "unload b", "unload a"]);
  });

  it("tells how far loading is, to the log of its node as well", async () => {
    const { runner } = makeLogged("test.progress");
    const told: unknown[] = [];
    const log = { debug: (_: string, fields?: object) => void told.push(fields), info() {}, warn() {}, error() {} };
    const seen: number[] = [];
    await using one = await runner.create({ log });
    await one.load({ onProgress: (percent) => seen.push(percent) });
    assert.deepEqual(seen, [0, 40, 100]);
    assert.deepEqual(told, seen.map((progressPercent) => ({ model: "a", progressPercent })));
  });

  it("tries a failed load again, and says E502", async () => {
    let loads = 0;
    const type = defineRunner({
      type: "test.broken",
      summary: "Fails to load, once.",
      vendor: "test",
      capabilities: ["llm"],
      streaming: false,
      params: v.object({}),
      load: () => {
        loads += 1;
        if (loads === 1) throw new Error("half a file");
        return {};
      },
      run: () => Promise.resolve({ outputs: { text: "ok" } }),
    });
    const runner = await type.create();
    const [failed] = await Array.fromAsync(runner.run({ inputs: { text: "" } }));
    assert.equal(failed?.error?.code, "E502");
    const [result] = await Array.fromAsync(runner.run({ inputs: { text: "" } }));
    assert.equal(result?.outputs.text, "ok");
  });

  it("serves several capabilities, and refuses what it lacks with E405", async () => {
    const both = defineRunner({
      type: "test.both",
      summary: "Hears and reads.",
      vendor: "test",
      capabilities: ["llm", "asr"],
      streaming: false,
      params: v.object({}),
      run: ({ inputs }) => Promise.resolve({ outputs: { text: inputs.audio === undefined ? "read" : "heard" } }),
    });
    const runner = await both.create();
    const audio = RuntimeData.audio({ samples: new Float32Array(4), sampleRate: 16_000 });
    const answers = [];
    for (const inputs of [{ text: "x" }, { audio }, image().inputs]) {
      const [result] = await Array.fromAsync(runner.run({ inputs }));
      answers.push(result?.outputs.text ?? result?.error?.code);
    }
    assert.deepEqual(answers, ["read", "heard", "E405"]);
    const { output } = await runNode(both.node, [RuntimeData.text("x"), audio]);
    assert.deepEqual(output.map((data) => RuntimeData.asText(data)), ["read", "heard"]);
  });
});
