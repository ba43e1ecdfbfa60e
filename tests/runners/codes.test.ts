/** Each code of runners, as a user meets it: by a runner, and from a worker. */

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import * as v from "valibot";
import { createRuntime, type JsonValue, RuntimeData, StreamrackError } from "../../mod.ts";
import { defineLocal } from "../../plugins/llm/local.ts";
import { openai as llm } from "../../plugins/llm/mod.ts";
import { openaiSpeech } from "../../plugins/tts/openai.ts";
import {
  type AnyRunnerType,
  defineRunner,
  fromRunnerError,
  type InferenceRequest,
  RUNNER_ERRORS,
  type RunnerErrorCode,
  toRunnerError,
} from "../../runners/mod.ts";
import { makeLanguageModel } from "../../scripts/make_language_model.ts";
import { findLibrary } from "./_local_library.ts";
import { type Answer, begin, chat, delta, fail, ModelServer } from "./_model_server.ts";

const library = await findLibrary();
const local = defineLocal(() => "missing" in library ? Promise.reject(new Error("absent")) : library.importLibrary());
const withoutLibrary = defineLocal(() => Promise.reject(new Error("absent")));
const whole = defineRunner({
  type: "test.whole",
  summary: "Gives one result.",
  vendor: "test",
  capabilities: ["llm"],
  streaming: false,
  params: v.object({}),
  run: () => Promise.resolve({ outputs: { text: "all" } }),
});

const folder = await mkdtemp(join(tmpdir(), "streamrack-codes-"));
const [model, parts] = [join(folder, "model"), join(folder, "parts")];
let server: ModelServer;
before(async () => {
  await makeLanguageModel(model);
  await mkdir(parts);
  await writeFile(join(parts, "config.json"), "{}");
  server = await ModelServer.start();
});
after(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

interface Case {
  readonly type: AnyRunnerType;
  readonly answer?: Answer;
  readonly params?: { readonly [name: string]: string | number };
  /** Parameters of the request. */
  readonly own?: InferenceRequest["params"];
  readonly request?: InferenceRequest;
  readonly recoverable: boolean;
  /** Whether its node can be asked the same. Default: true for those of services. */
  readonly isNode?: boolean;
  readonly skip?: string | false;
}

const asked = (answer: Answer, recoverable: boolean, type: AnyRunnerType = llm): Case => ({
  type,
  answer,
  recoverable,
  isNode: true,
});
const audio = RuntimeData.audio({ samples: new Int16Array(160), sampleRate: 16_000 });
const elsewhere = process.platform === "darwin" ? "dml" : "coreml";

const CASES: { readonly [C in RunnerErrorCode]: Case } = {
  E101: asked((_, response) => void response.writeHead(304).end(), false),
  E102: asked((_, response) => {
    begin(response);
    response.write(delta("Hel"), () => response.socket?.destroy());
  }, true),
  E103: asked((_, response) => void response.writeHead(200).end("RIFF...."), false, openaiSpeech),
  E400: { ...asked((_, response) => chat(response, ["ok"]), false), own: { temperature: 9 } },
  E401: asked((_, response) => fail(response, 401, { message: "who are you?" }), false),
  E404: asked((_, response) => fail(response, 404, { message: "no such model" }), false),
  E405: { type: llm, request: { inputs: { audio } }, recoverable: false },
  E406: { type: whole, request: { inputs: { text: "hi" }, streaming: "required" }, recoverable: false },
  E500: { type: local, params: { model: parts }, recoverable: true, isNode: true },
  E501: asked((_, response) => fail(response, 429, { message: "slow down" }), true),
  E502: { type: withoutLibrary, params: { model }, recoverable: true },
  E503: {
    type: local,
    params: { model, device: elsewhere },
    recoverable: true,
    skip: "missing" in library && library.missing,
  },
  E504: asked((_, response) => fail(response, 429, { message: "pay", code: "insufficient_quota" }), false),
};

describe("codes", () => {
  const known = Object.entries(CASES) as [RunnerErrorCode, Case][];
  for (const [code, { type, answer, params, own, request, recoverable, isNode, skip = false }] of known) {
    const text = "hi";
    const paramsOf = () => ({ ...answer === undefined ? {} : { baseUrl: server.baseUrl }, ...params });

    it(`${code} is the last result, and one StreamrackError and back`, { skip }, async () => {
      server.answer = answer ?? server.answer;
      await using runner = await type.create({ params: paramsOf() });
      const results = await Array.fromAsync(runner.run(request ?? { inputs: { text }, params: own }));
      const { error, partial } = results.at(-1) ?? {};
      assert.ok(error !== undefined && partial === false);
      assert.deepEqual([error.code, error.recoverable], [code, recoverable]);
      const thrown = fromRunnerError(error);
      assert.ok(thrown instanceof StreamrackError);
      assert.equal(thrown.reason, RUNNER_ERRORS[code].reason);
      assert.deepEqual(toRunnerError(thrown), error);
    });

    if (isNode !== true) continue;
    it(`${code} comes from a worker`, async () => {
      server.answer = answer ?? server.answer;
      const nodes = [{ id: "it", node_type: type.definition.type, params: paramsOf() }];
      const input = own === undefined
        ? RuntimeData.text(text)
        : RuntimeData.json({ inputs: { text }, params: own } as JsonValue);
      const runtime = await createRuntime();
      try {
        const thrown = await runtime.execute({ version: "v1", nodes }, { it: input }).then(() => undefined, (e) => e);
        assert.equal(thrown?.nodeId, "it");
        const error = toRunnerError(thrown);
        assert.deepEqual([error.code, error.recoverable], [code, recoverable]);
      } finally {
        await runtime.close();
      }
    });
  }
});
