/**
 * The entry for authors of runners: `@streamrack/core/runners`.
 *
 * A runner is a node that asks a model: of text, speech or images. It is
 * imported by plugins, and so runs in workers.
 *
 * @module
 */

export { CAPABILITIES } from "./types.ts";
export type {
  Capability,
  ImageInput,
  InferenceInputs,
  InferenceOutputs,
  InferenceParams,
  InferenceRequest,
  InferenceResult,
  RunnerOutput,
} from "./types.ts";
export { fromRunnerError, RUNNER_ERRORS, runnerError, toRunnerError } from "./errors.ts";
export type { RunnerError, RunnerErrorCode } from "./errors.ts";
export { defineRunner } from "./define_runner.ts";
export type { AnyRunnerType, RunnerType } from "./define_runner.ts";
export type {
  AnyRunnerDefinition,
  LoadContext,
  RunContext,
  RunnerAnswer,
  RunnerDefinition,
  RunnerPriority,
  SchemaValue,
} from "./definition.ts";
export { Runner } from "./runner.ts";
export type { LoadOptions, RunnerOptions, RunOptions } from "./runner.ts";
export { toRequest, toValues } from "./request.ts";
export { ModelStore } from "./model_store.ts";
export type { ModelLease, ModelLoader } from "./model_store.ts";
export { sleep, SYSTEM_CLOCK } from "./clock.ts";
export type { Clock } from "./clock.ts";
export { modelFilesProblem } from "./model_files.ts";
export type { ModelFilesOptions } from "./model_files.ts";
export { isDenied, notPermitted } from "./permission.ts";
export { readEnv } from "./environment.ts";
export type { ReadEnv } from "./environment.ts";
export { Endpoint, endpointParams, keyProblem, modelParam } from "./http/endpoint.ts";
export type { EndpointContext, EndpointEntries, EndpointParams } from "./http/endpoint.ts";
export { readEvents } from "./http/events.ts";
export type { HttpLimits } from "./http/limits.ts";
export { Chat } from "./http/chat.ts";
export type { ChatParams, ChatStep } from "./http/chat.ts";
export { samplingParams } from "./http/chat_params.ts";
export type { SamplingEntries, SamplingParams } from "./http/chat_params.ts";
export { batch } from "./techniques/batch.ts";
export type { BatchOptions } from "./techniques/batch.ts";
export { buffered } from "./techniques/buffer.ts";
export { pace } from "./techniques/pace.ts";
export type { PaceOptions } from "./techniques/pace.ts";
export { ResultCache } from "./techniques/cache.ts";
export type { ResultCacheOptions } from "./techniques/cache.ts";
export { RETRIES_MAX, Router } from "./routing/router.ts";
export type { Route, RouterOptions } from "./routing/router.ts";
export { defineRouter } from "./routing/define_router.ts";
export type { RouterDefinition } from "./routing/define_router.ts";
export { scoreOf } from "./routing/score.ts";
