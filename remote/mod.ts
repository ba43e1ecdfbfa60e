/**
 * The entry for pipelines over the network: `@streamrack/core/remote`.
 *
 * {@linkcode createService} offers a runtime to other programs, and
 * {@linkcode RemotePipelineClient} runs pipelines on a service. The gRPC
 * library is loaded when one of them is used, not with this module.
 *
 * @module
 */

export { createService } from "./service/create_service.ts";
export type { ServiceLimits, ServiceOptions } from "./service/options.ts";
export type { ServiceLogEntry } from "./service/log.ts";
export type { Service } from "./service/types.ts";
export type { TlsOptions } from "./transport/acceptor.ts";

export { RemotePipelineClient } from "./client/client.ts";
export { RemotePipelineError } from "./client/remote_error.ts";
export type { RemotePipelineErrorOptions } from "./client/remote_error.ts";
export { AudioFormat } from "./client/types.ts";
export type {
  AudioBuffer,
  CallOptions,
  ChunkInput,
  ChunkResult,
  ClientOptions,
  ClientTlsOptions,
  ExecuteOptions,
  ExecutionMetrics,
  ExecutionResult,
  NodeExecutionMetrics,
  ResourceLimits,
  StreamMetrics,
  StreamOptions,
  StreamReady,
  VersionInfo,
} from "./client/types.ts";
export type { ChunkSource } from "./client/stream.ts";
export { ErrorType } from "./wire/error_type.ts";
export { RuntimeHint } from "./wire/runtime_hint.ts";
