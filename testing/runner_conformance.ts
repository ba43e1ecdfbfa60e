/**
 * The contract suite of runners: what every runner has to keep to, as checks
 * that any plugin can run.
 *
 * @module
 */

import { settledWithin } from "../core/flow/settled_within.ts";
import type { JsonValue } from "../core/data/types.ts";
import { checkJson } from "../core/data/check_json.ts";
import { StreamrackError } from "../core/errors.ts";
import {
  type AnyRunnerType,
  type InferenceRequest,
  type InferenceResult,
  type Runner,
  RUNNER_ERRORS,
} from "../runners/mod.ts";
import type { ConformanceCheck } from "./conformance/options.ts";

/** What the suite needs to know of a runner to try it. */
export interface RunnerConformanceOptions {
  /** Parameters to run it with. Default: none. */
  readonly params?: { readonly [name: string]: JsonValue };
  /** A request that it answers without error. */
  readonly request: () => InferenceRequest;
  /** A request that it refuses with E400. Default: one without input. */
  readonly badRequest?: () => InferenceRequest;
  /** Parameters that name another model, if it has one. */
  readonly otherModel?: { readonly [name: string]: JsonValue };
  /** After how long it counts as stuck, in milliseconds. Default: 30 000. */
  readonly stuckAfterMs?: number;
}

/**
 * The checks of a runner, to be hooked into a test runner.
 *
 * Wrong parameters are refused; loading is idempotent, a changed model unloads
 * the one before, unloading is final and may be repeated; of a request, the
 * last result and no other has `partial: false`; a runner that does not stream
 * gives one; a failure is a result, with a code of the list; progress goes
 * from 0 to 100; metadata is JSON; a reader that leaves after any result, and
 * an abort before, at once, and after any result, end it; it answers again
 * afterwards.
 *
 * @example
 * ```ts
 * import { runnerConformanceTests } from "@streamrack/core/testing";
 * import { defineRunner } from "@streamrack/core/runners";
 * import * as v from "valibot";
 *
 * const echo = defineRunner({
 *   type: "demo.echo",
 *   summary: "Says what it hears.",
 *   vendor: "demo",
 *   capabilities: ["llm"],
 *   streaming: false,
 *   params: v.object({}),
 *   run: async ({ inputs }) => ({ outputs: { text: inputs.text } }),
 * });
 *
 * const request = () => ({ inputs: { text: "hello" } });
 * for (const { run } of runnerConformanceTests(echo, { request })) await run(); // in a test file: it(name, run)
 * ```
 */
export function runnerConformanceTests(type: AnyRunnerType, options: RunnerConformanceOptions): ConformanceCheck[] {
  const { stuckAfterMs = 30_000 } = options;
  return CHECKS.map(([name, check]) => ({
    name: `${type.definition.type}: ${name}`,
    run: async () => {
      const settled = await settledWithin(checked(type, options, check).then(() => true), stuckAfterMs);
      if (settled === undefined) fail(`it did not end within ${stuckAfterMs} ms`);
    },
  }));
}

/** How many ends are tried at most, of a reader that leaves and of an abort. */
const ENDS_MAX = 20;

type Check = (runner: Runner, options: RunnerConformanceOptions, type: AnyRunnerType) => Promise<void>;

const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ["parameters that are no object are refused", checkParams],
  ["loading is idempotent, and unloading final", checkLoading],
  ["another model takes the place of the one before", checkOtherModel],
  ["the last result of a request, and no other, is final", checkPartial],
  ["metadata is JSON, and progress goes from 0 to 100", checkMetadata],
  ["streaming is as it declares", checkStreaming],
  ["what it cannot take is a result with E400 or E405", checkBadRequest],
  ["a reader that leaves ends it, after any result", checkLeave],
  ["an abort ends it, before, at once, and after any result", checkAbort],
];

async function checkParams(_runner: Runner, _options: RunnerConformanceOptions, type: AnyRunnerType): Promise<void> {
  const error = await type.create({ params: 5 as never }).then(() => undefined, (thrown) => thrown);
  if (error === undefined) fail("it was made with a number for parameters");
  if (!StreamrackError.is(error) || error.reason !== "invalid-params") fail(`wrong parameters gave ${error}`);
}

async function checkLoading(runner: Runner, options: RunnerConformanceOptions): Promise<void> {
  if (runner.isLoaded || runner.loadedModelId !== undefined) fail("it is loaded before load()");
  await Promise.all([runner.load(), runner.load()]);
  const model = runner.loadedModelId;
  await runner.load();
  if (!runner.isLoaded || model === undefined || runner.loadedModelId !== model) fail("load() is not idempotent");
  await runner.unload();
  await runner.unload();
  if (runner.isLoaded || runner.loadedModelId !== undefined) fail("it is loaded after unload()");
  await gather(runner, options.request()); // loads by itself
  if (!runner.isLoaded) fail("it is not loaded after a request");
}

async function checkOtherModel(runner: Runner, options: RunnerConformanceOptions): Promise<void> {
  const { otherModel } = options;
  if (otherModel === undefined) return;
  await runner.load();
  const before = runner.loadedModelId;
  finalOf(await gather(runner, { ...options.request(), params: otherModel }));
  if (runner.loadedModelId === before) fail(`the model is still ${before}`);
}

async function checkPartial(runner: Runner, options: RunnerConformanceOptions): Promise<void> {
  for (let i = 0; i < 2; i++) finalOf(await gather(runner, options.request()));
}

async function checkMetadata(runner: Runner, options: RunnerConformanceOptions): Promise<void> {
  for (const { metadata, progress } of await gather(runner, options.request())) {
    checkJson(metadata, "metadata");
    const { progressPercent = 0, estimatedRemainingMs = 0 } = progress ?? {};
    if (!(progressPercent >= 0 && progressPercent <= 100)) fail(`progressPercent is ${progressPercent}`);
    if (!(estimatedRemainingMs >= 0)) fail(`estimatedRemainingMs is ${estimatedRemainingMs}`);
  }
}

async function checkStreaming(runner: Runner, options: RunnerConformanceOptions): Promise<void> {
  const results = await gather(runner, options.request());
  if (!runner.streaming && results.length !== 1) fail(`it does not stream, but gave ${results.length} results`);
  const only = await gather(runner, { ...options.request(), streaming: "off" });
  if (only.length !== 1) fail(`asked not to stream, it gave ${only.length} results`);
  const required = await gather(runner, { ...options.request(), streaming: "required" });
  const code = required.at(-1)?.error?.code;
  if (runner.streaming === (code === "E406")) fail(`asked to stream, it gave ${code ?? "no error"}`);
}

async function checkBadRequest(runner: Runner, options: RunnerConformanceOptions): Promise<void> {
  const requests = [{ inputs: {} }, ...options.badRequest === undefined ? [] : [options.badRequest()]];
  for (const request of requests) {
    const results = await gather(runner, request);
    const last = results.at(-1);
    if (last?.partial !== false || last.error === undefined) fail("a bad request gave no error");
    if (!Object.hasOwn(RUNNER_ERRORS, last.error.code)) fail(`${last.error.code} is not a code of runners`);
    if (last.error.code !== "E400" && last.error.code !== "E405") fail(`a bad request gave ${last.error.code}`);
    if (last.error.recoverable) fail("a bad request is called recoverable");
  }
  finalOf(await gather(runner, options.request())); // it goes on
}

async function checkLeave(runner: Runner, options: RunnerConformanceOptions): Promise<void> {
  const total = Math.min((await gather(runner, options.request())).length, ENDS_MAX);
  for (let given = 1; given <= total; given++) {
    const results = runner.run(options.request());
    for (let i = 0; i < given; i++) await results.next();
    await results.return();
  }
  finalOf(await gather(runner, options.request()));
}

async function checkAbort(runner: Runner, options: RunnerConformanceOptions): Promise<void> {
  const reason = new Error("the suite has had enough");
  const early = await gather(runner, options.request(), AbortSignal.abort(reason)).catch((thrown) => thrown);
  if (early !== reason) fail("it began although its signal had aborted");
  const total = Math.min((await gather(runner, options.request())).length, ENDS_MAX);
  for (let given = 0; given < total; given++) {
    const stop = new AbortController();
    const results = runner.run(options.request(), { signal: stop.signal });
    let latest: InferenceResult | undefined;
    for (let i = 0; i < given; i++) latest = (await results.next()).value ?? latest;
    if (latest?.partial === false) break; // an answer of other length than before
    const next = results.next().catch((thrown) => thrown);
    stop.abort(reason);
    if (await next !== reason) fail(`it went on after an abort behind ${given} results`);
  }
  finalOf(await gather(runner, options.request()));
}

/** Carries a check out with a runner of its own. */
async function checked(type: AnyRunnerType, options: RunnerConformanceOptions, check: Check): Promise<void> {
  const { params = {} } = options;
  const runner = await type.create({ params });
  try {
    await check(runner, options, type);
  } finally {
    await runner[Symbol.asyncDispose]();
  }
}

async function gather(runner: Runner, request: InferenceRequest, signal?: AbortSignal): Promise<InferenceResult[]> {
  const results: InferenceResult[] = [];
  for await (const result of runner.run(request, { signal })) results.push(result);
  return results;
}

/** The final result, of an answer as it should be. */
function finalOf(results: readonly InferenceResult[]): InferenceResult {
  const last = results.at(-1);
  if (last === undefined) fail("it gave no result");
  if (last.error !== undefined) {
    fail(`it failed at the request of the options: ${last.error.message}`, last.error.cause);
  }
  if (last.partial) fail("its last result is partial");
  if (results.slice(0, -1).some(({ partial }) => !partial)) fail("a result before the last one is final");
  if (results.slice(0, -1).some(({ error }) => error !== undefined)) fail("a result before the last one has an error");
  return last;
}

function fail(detail: string, cause?: unknown): never {
  throw new StreamrackError("node-failed", detail, { cause });
}
