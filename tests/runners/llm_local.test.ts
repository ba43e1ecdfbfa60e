import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as v from "valibot";
import process from "node:process";
import { createRuntime, RuntimeData } from "../../mod.ts";
import { definePlugin } from "../../core/plugin.ts";
import { guardRunner } from "../../plugins/guard/mod.ts";
import { defineLocal } from "../../plugins/llm/local.ts";
import { localFilesProblem } from "../../plugins/llm/local_files.ts";
import type { Library } from "../../plugins/llm/local_library.ts";
import { LocalModel, softmaxAt } from "../../plugins/llm/local_model.ts";
import { local as installed } from "../../plugins/llm/mod.ts";
import { TokenText } from "../../plugins/llm/token_text.ts";
import { defineRunner, type InferenceResult, Router, runnerError } from "../../runners/mod.ts";
import { makeLanguageModel } from "../../scripts/make_language_model.ts";
import { conformanceTests, runnerConformanceTests } from "../../testing/mod.ts";
import { testPlugin } from "../_support/runtime.ts";
import { findLibrary } from "./_local_library.ts";

const found = await findLibrary();
const skip = "missing" in found ? `no library for local models: ${found.missing}` : false;
const importLibrary = () => "missing" in found ? Promise.reject(new Error(found.missing)) : found.importLibrary();
const local = defineLocal(importLibrary);

const folder = await mkdtemp(join(tmpdir(), "streamrack-models-"));
const at = (name: string) => join(folder, name);
before(async () => {
  await makeLanguageModel(at("plain"));
  await makeLanguageModel(at("endless"), { isEndless: true });
  await makeLanguageModel(at("short"), { contextTokens: 40, hasTemplate: false });
  await makeLanguageModel(at("broken"));
  await writeFile(join(at("broken"), "onnx", "model.onnx"), "this is no network");
  await makeLanguageModel(at("parts"));
  await rm(join(at("parts"), "onnx", "model.onnx"));
});
after(() => rm(folder, { recursive: true, force: true }));

const make = (params: object = {}, options: object = {}) =>
  local.create({ params: { model: at("plain"), ...params }, ...options });

async function ask(params: object = {}, text = "Tell me a story."): Promise<InferenceResult[]> {
  await using runner = await make(params);
  return await Array.fromAsync(runner.run({ inputs: { text } }));
}
const textOf = (results: readonly InferenceResult[]) => results.map(({ outputs }) => outputs.text);

describe("llm.local", { skip }, () => {
  it("gives token by token, whole characters only, with confidence and progress", async () => {
    const results = await ask({ maxTokens: 30 });
    const pieces = ["Once", " upon", " a", " time", ".", " The", " end", " has", " come", "!", " ", "🎉"];
    assert.deepEqual(textOf(results), [...pieces, ""]);
    assert.deepEqual(results.map(({ partial }) => partial), [...pieces.map(() => true), false]);
    const tokens = pieces.map((_, i) => i < pieces.length - 1 ? i + 1 : 15); // the last one has four bytes
    assert.deepEqual(results.slice(0, -1).map(({ metadata }) => metadata["tokens"]), tokens);
    assert.deepEqual(
      results.slice(0, -1).map(({ progress }) => progress?.progressPercent),
      tokens.map((n) => 100 * n / 30),
    );
    for (const { metadata } of results) {
      const confidence = metadata["confidence"] as number;
      assert.ok(confidence > 0.9 && confidence < 1, `${confidence}`);
    }
    const { metadata, progress } = results.at(-1) as InferenceResult;
    assert.equal(progress?.progressPercent, 100);
    assert.equal(metadata["finishReason"], "stop");
    const usage = metadata["usage"] as { prompt_tokens: number; completion_tokens: number; total_tokens: number };
    assert.deepEqual(usage, { prompt_tokens: 18, completion_tokens: 15, total_tokens: 33 });
    assert.deepEqual([metadata["runner"], metadata["model"]], ["llm.local", at("plain")]);
    assert.ok((metadata["tokensPerSecond"] as number) > 0);
    assert.ok((metadata["firstTextMs"] as number) >= 0);
  });

  it("gives accumulated text, sentences, or batches of tokens", async () => {
    const accumulated = textOf(await ask({ output: "accumulated" }));
    assert.deepEqual(accumulated.slice(0, 3), ["Once", "Once upon", "Once upon a"]);
    assert.equal(accumulated.at(-1), "Once upon a time. The end has come! 🎉");
    const sentences = await ask({ output: "sentences" });
    assert.deepEqual(textOf(sentences), ["Once upon a time.", "The end has come!", "🎉"]);
    for (const { metadata } of sentences) assert.ok((metadata["confidence"] as number) > 0.9);
    const batched = await ask({ batchTokens: 6, batchMs: 10_000 });
    assert.deepEqual(textOf(batched), ["Once upon a time. The", " end has come! ", "🎉", ""]);
  });

  it("ends at maxTokens, at maxOutputChars, and where the context is full", async () => {
    const cut = await ask({ model: at("endless"), maxTokens: 4 });
    assert.deepEqual(textOf(cut), ["Once", " upon", " a", " time", ""]);
    assert.equal(cut.at(-1)?.metadata["finishReason"], "length");
    const long = await ask({ model: at("endless"), maxTokens: 100, maxOutputChars: 20 });
    assert.deepEqual([long.at(-1)?.error?.code, long.at(-1)?.error?.recoverable], ["E504", false]);
    // No template: the text is the prompt, 36 of 40 tokens.
    const full = await ask({ model: at("short") }, "x".repeat(36));
    assert.equal(full.at(-1)?.metadata["tokens"], 4);
    assert.equal(full.at(-1)?.metadata["finishReason"], "length");
  });

  it("refuses a text without room for an answer, one of a megabyte too, and one without tokens: E400", async () => {
    for (const text of ["x".repeat(40), "long ".repeat(200_000), ""]) {
      const [result] = await ask({ model: at("short") }, text);
      assert.deepEqual([result?.error?.code, result?.error?.recoverable], ["E400", false]);
    }
  });

  it("draws by temperature, and always takes the likeliest at 0", async () => {
    const greedy = (await ask({ temperature: 0 })).map(({ outputs }) => outputs.text).join("");
    assert.equal(greedy, "Once upon a time. The end has come! 🎉");
    assert.ok((await ask({ temperature: 2, maxTokens: 5 })).at(-1)?.error === undefined);
  });

  it("remembers by its cache what it would see without one", async () => {
    const library = await importLibrary();
    const model = await LocalModel.load(library, {
      folder: at("plain"),
      dtype: "auto",
      device: "auto",
      onProgress: () => {},
    });
    const prompt = model.encode([{ role: "user", content: "Hi" }]);
    const { signal } = new AbortController();
    const first = async (ids: readonly number[], count: number) => {
      const tokens = [];
      for await (const token of model.generate(ids, { temperature: 0 }, signal)) {
        tokens.push(token);
        if (tokens.length === count) break;
      }
      return tokens;
    };
    const inOneGo = await first(prompt, 4);
    for (const [i, { id, confidence }] of inOneGo.entries()) {
      const [anew] = await first([...prompt, ...inOneGo.slice(0, i).map((token) => token.id)], 1);
      assert.equal(anew?.id, id);
      assert.ok(Math.abs((anew?.confidence ?? 0) - confidence) < 1e-5);
    }
    await model.unload();
  });

  it("answers several at once, each by itself", async () => {
    await using runner = await make();
    const run = () => Array.fromAsync(runner.run({ inputs: { text: "Hi" } }));
    const answers = await Promise.all([run(), run(), run()]);
    for (const answer of answers) assert.equal(textOf(answer).join(""), "Once upon a time. The end has come! 🎉");
  });

  it("is cancelled between two tokens, and left by its reader", async () => {
    await using runner = await make({ model: at("endless"), maxTokens: 400 });
    const stop = new AbortController();
    const results = runner.run({ inputs: { text: "Hi" } }, { signal: stop.signal });
    assert.equal((await results.next()).value?.outputs.text, "Once");
    const next = results.next();
    stop.abort(new Error("enough"));
    await assert.rejects(next, /enough/);
    for await (const { outputs } of runner.run({ inputs: { text: "Hi" } })) {
      assert.equal(outputs.text, "Once");
      break;
    }
    // An abort gets in although nothing but the model works: a timer is enough.
    const timed = AbortSignal.timeout(20);
    const endless = async () => {
      for (;;) for await (const _ of runner.run({ inputs: { text: "Hi" } }, { signal: timed }));
    };
    await assert.rejects(endless(), { name: "TimeoutError" });
  });

  it("makes no more tokens, and frees its memory, however many there were when it was cancelled", async () => {
    const counts = { steps: 0, caches: 0, models: 0 };
    const counting = defineLocal(async () => {
      const library = await importLibrary();
      const AutoModelForCausalLM: Library["AutoModelForCausalLM"] = {
        async from_pretrained(path, options) {
          const model = await library.AutoModelForCausalLM.from_pretrained(path, options);
          const { generate, dispose } = model;
          return Object.assign(model, {
            async generate(options: { past_key_values?: unknown }) {
              counts.steps += 1;
              const made = await generate.call(model, options);
              const cache = made.past_key_values;
              if (options.past_key_values === undefined) {
                counts.caches += 1;
                const free = cache.dispose;
                cache.dispose = () => {
                  counts.caches -= 1;
                  return free.call(cache);
                };
              }
              return made;
            },
            dispose: () => {
              counts.models -= 1;
              return dispose.call(model);
            },
          }, { loaded: counts.models += 1 });
        },
      };
      return { env: library.env, AutoTokenizer: library.AutoTokenizer, Tensor: library.Tensor, AutoModelForCausalLM };
    });
    for (let count = 0; count <= 6; count++) {
      counts.steps = 0;
      const runner = await counting.create({ params: { model: at("endless"), maxTokens: 400 } });
      const stop = new AbortController();
      const results = runner.run({ inputs: { text: "Hi" } }, { signal: stop.signal });
      for (let i = 0; i < count; i++) await results.next();
      const next = results.next();
      stop.abort(new Error("enough"));
      await assert.rejects(next, /enough/);
      assert.ok(counts.steps <= count + 1, `${counts.steps} steps for ${count} tokens`);
      assert.equal(counts.caches, 0);
      await runner.unload();
      assert.equal(counts.models, 0);
    }
  });

  it("tells how far loading is", async () => {
    await using runner = await make();
    const seen: number[] = [];
    await runner.load({ onProgress: (percent) => seen.push(percent) });
    assert.equal(seen[0], 0);
    assert.equal(seen.at(-1), 100);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
  });

  it("says what is wrong with a model: E500, E502, E503", async () => {
    const codes = async (params: object) => {
      const error = (await ask(params)).at(-1)?.error;
      return [error?.code, error?.recoverable, error?.message];
    };
    for (const model of ["nothing", "parts"]) {
      const [code, recoverable] = await codes({ model: at(model) });
      assert.deepEqual([code, recoverable], ["E500", true]); // by another runner
    }
    assert.deepEqual((await codes({ model: at("broken") })).slice(0, 2), ["E502", true]);
    assert.deepEqual((await codes({ dtype: "q4" })).slice(0, 2), ["E500", true]);
    const elsewhere = process.platform === "darwin" ? "dml" : "coreml";
    assert.deepEqual((await codes({ device: elsewhere })).slice(0, 2), ["E503", true]);
  });

  it("never looks for a model in the network", async () => {
    const { fetch } = globalThis;
    const asked: unknown[] = [];
    globalThis.fetch = (url) => {
      if (/^https?:/.test(String(url))) asked.push(url);
      return fetch(url);
    };
    try {
      const [result] = await ask({ model: "some-user/some-model" });
      assert.equal(result?.error?.code, "E500");
      assert.equal((await ask({ dtype: "fp16" })).at(-1)?.error?.code, "E500");
      // A file that config.json does not speak of, and that the library looks for: it may not fetch it either.
      await assert.rejects(
        importLibrary().then((library) => {
          const options = { folder: at("parts"), dtype: "fp16", device: "auto", onProgress: () => {} } as const;
          return LocalModel.load(library, options);
        }),
        { reason: "model-load-failed" },
      );
      assert.deepEqual(asked, []);
    } finally {
      globalThis.fetch = fetch;
    }
  });

  it("takes over where a service fails, and is guarded as any model", async () => {
    const busy = defineRunner({
      type: "test.busy",
      summary: "Is busy.",
      vendor: "test",
      capabilities: ["llm"],
      streaming: false,
      params: v.object({}),
      run: () => Promise.reject(runnerError("E501", "busy")),
    });
    const runners = [{ runner: busy }, { runner: local, params: { model: at("plain") } }];
    const router = new Router({ capability: "llm", runners, maxRetries: 0 });
    const results = await Array.fromAsync(router.run({ inputs: { text: "Hi" } }));
    await router[Symbol.asyncDispose]();
    assert.equal(results[0]?.outputs.text, "Once");
    assert.deepEqual(results.at(-1)?.metadata["failures"], [{ runner: "test.busy", code: "E501", message: "busy" }]);

    // What the hardware cannot do, and what nobody has fetched, another one may.
    const device = process.platform === "darwin" ? "dml" : "coreml";
    const routes = [{ model: at("plain"), device }, { model: at("parts") }, { model: at("plain") }];
    const other = new Router({ capability: "llm", runners: routes.map((params) => ({ runner: local, params })) });
    const final = (await Array.fromAsync(other.run({ inputs: { text: "Hi" } }))).at(-1);
    await other[Symbol.asyncDispose]();
    const failed = final?.metadata["failures"] as { runner: string; code: string }[];
    assert.deepEqual(failed.map(({ runner, code }) => [runner, code]), [
      ["llm.local", "E503"],
      ["llm.local#2", "E500"],
    ]);
    assert.equal(final?.metadata["runner"], "llm.local#3");

    const guard = { windowWords: 2, strategy: "filter", maxChars: 20, strictness: "low" };
    await using guarded = await guardRunner(local, "test.guarded").create({ params: { model: at("plain"), guard } });
    const said = textOf(await Array.fromAsync(guarded.run({ inputs: { text: "Hi" } })));
    assert.equal(said.join(""), "Once upon a time. Th");
    assert.ok(said.length > 3);
  });

  describe("as runner and node", () => {
    const request = () => ({ inputs: { text: "Hi" } });
    const params = { model: at("plain") };
    const otherModel = { model: at("endless"), maxTokens: 5 };
    for (const { name, run } of runnerConformanceTests(local, { params, request, otherModel })) it(name, run);
    const plugin = definePlugin({ name: "local", version: "1.0.0", apiVersion: 1, nodes: [local.node] });
    const nodes = { "llm.local": { params, samples: { in: [RuntimeData.text("hello")] }, deterministic: false } };
    for (const { name, run } of conformanceTests(plugin, { nodes })) it(name, run);
  });

  it("in a worker: streams, and is cancelled with its session", async () => {
    const runtime = await createRuntime({ plugins: [testPlugin("local_model")] });
    try {
      const manifest = (model: string) => ({
        version: "v1" as const,
        nodes: [{ id: "llm", node_type: "test.local", params: { model: at(model), maxTokens: 400 } }],
      });
      const { outputs } = await runtime.execute(manifest("plain"), { llm: RuntimeData.text("hi") });
      const said = outputs["llm"]?.map((data) => RuntimeData.asText(data)).join("");
      assert.equal(said, "Once upon a time. The end has come! 🎉");
      const session = await runtime.open(manifest("endless"));
      await session.send(RuntimeData.text("hi"));
      for await (const output of session) {
        assert.equal(output.isPartial, true);
        break; // cancels the session
      }
      await session[Symbol.asyncDispose]();
    } finally {
      await runtime.close();
    }
  });
});

describe("localFilesProblem", () => {
  it("names each file that is missing, with what to do", async () => {
    const problem = await localFilesProblem(at("parts"), "q4f16");
    assert.deepEqual([problem?.reason, problem?.retryable], ["model-not-downloaded", false]);
    const paths = problem?.problems.map(({ path, received }) => [path, received]);
    assert.deepEqual(paths, [["params.model", join(at("parts"), "onnx", "model_q4f16.onnx")]]);
    assert.match(String(problem), /is not complete, and nothing is downloaded[^]*Put the files of a model there/);
    assert.equal((await localFilesProblem(at("nothing"), "auto"))?.problems.length, 3);
    assert.equal(await localFilesProblem(at("plain"), "auto"), undefined);
    assert.equal(await localFilesProblem(at("plain"), "fp32"), undefined);
  });

  it("looks for the network that config.json asks for, and leaves what it cannot tell to the library", async () => {
    const config = JSON.parse(await readFile(join(at("parts"), "config.json"), "utf8"));
    const missing = async (own: unknown) => {
      await writeFile(join(at("parts"), "config.json"), JSON.stringify({ ...config, "transformers.js_config": own }));
      const problem = await localFilesProblem(at("parts"), "auto");
      return problem?.problems.map(({ received }) => received?.split(/[/\\]/).at(-1));
    };
    try {
      assert.deepEqual(await missing({ dtype: "q8" }), ["model_quantized.onnx"]);
      assert.deepEqual(await missing({ dtype: { model: "q8" } }), undefined);
      assert.deepEqual(await missing(undefined), ["model.onnx"]);
    } finally {
      await writeFile(join(at("parts"), "config.json"), JSON.stringify(config));
    }
  });
});

describe("llm.local without its library", () => {
  const absent = defineLocal(() => Promise.reject(new Error("Cannot find package")));

  it("says that it is missing, and how to install it: E502", async () => {
    await using runner = await absent.create({ params: { model: at("plain") } });
    const [result] = await Array.fromAsync(runner.run({ inputs: { text: "Hi" } }));
    assert.deepEqual([result?.error?.code, result?.error?.recoverable], ["E502", true]);
    assert.match(String(result?.error?.cause), /@huggingface\/transformers cannot be loaded[^]*npm install @hugging/);
    assert.equal((await runner.unavailable())?.reason, "model-load-failed");
  });

  it("is what the package ships: nothing is installed with it", async () => {
    const isInstalled = await import("../../plugins/llm/local_library.ts")
      .then(({ importInstalled }) => importInstalled()).then((library: Library) => library !== undefined, () => false);
    await using runner = await installed.create({ params: { model: at("plain") } });
    const problem = await runner.unavailable();
    assert.equal(problem === undefined, isInstalled);
  });
});

describe("TokenText", () => {
  it("gives whole characters, and what is broken in the end", () => {
    const decoder = new TextDecoder();
    const text = (bytes: readonly number[]) => {
      const tokens = new TokenText((ids) => decoder.decode(Uint8Array.from(ids)));
      return [...bytes.map((byte) => tokens.push(byte)), tokens.end()];
    };
    assert.deepEqual(text([72, 0xc3, 0xbc, 33]), ["H", "", "ü", "!", ""]);
    assert.deepEqual(text([72, 0xf0, 0x9f]), ["H", "", "", "�"]);
    // What never becomes a character is not waited for without end.
    assert.ok(text(new Array(40).fill(0x9f)).slice(0, -1).join("").length > 20);
  });
});

describe("softmaxAt", () => {
  it("is the share of one logit, also of large ones", () => {
    assert.equal(softmaxAt(Float32Array.of(0, 0), 1), 0.5);
    assert.equal(softmaxAt(Float32Array.of(1000, 0), 0), 1);
    assert.equal(softmaxAt(Float32Array.of(1, 2), 7), 0);
  });
});
