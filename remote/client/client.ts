/**
 * RemotePipelineClient: runs pipelines on a service.
 *
 * @module
 */

import type { RuntimeData } from "../../core/plugin.ts";
import type { Manifest } from "../../mod.ts";
import { ErrorType } from "../wire/error_type.ts";
import { checkClient } from "./check_options.ts";
import type { Channel } from "./channel.ts";
import { RemotePipelineError } from "./remote_error.ts";
import type { ChunkSource } from "./stream.ts";
import type {
  CallOptions,
  ChunkResult,
  ClientOptions,
  ExecuteOptions,
  ExecutionMetrics,
  ExecutionResult,
  StreamOptions,
  VersionInfo,
} from "./types.ts";

type Parts = typeof import("./parts.ts");

/**
 * Runs pipelines on a service of the RemoteMedia v1 protocol, ours or another
 * of its second generation.
 *
 * The connection is made with the first call, and made anew when it is lost.
 * One client serves any number of calls at a time.
 *
 * @example
 * ```ts
 * import { createRuntime, RuntimeData } from "@streamrack/core";
 * import { createService, RemotePipelineClient } from "@streamrack/core/remote";
 * import assert from "node:assert/strict";
 *
 * await using runtime = await createRuntime();
 * await using service = await createService(runtime, { listen: "127.0.0.1:0" });
 *
 * await using client = new RemotePipelineClient(`127.0.0.1:${service.address.port}`);
 * const { outputs } = await client.executePipeline(
 *   { version: "v1", nodes: [{ id: "sum", node_type: "util.calculator" }] },
 *   { sum: RuntimeData.json({ operation: "add", operands: [10, 3] }) },
 * );
 * assert.deepEqual(RuntimeData.asJson(outputs["sum"]!), { result: 13, operation: "add", operands: [10, 3] });
 * ```
 */
export class RemotePipelineClient {
  /** Host and port of the service. */
  readonly address: string;
  readonly #options: ClientOptions;
  #channel: Promise<{ readonly channel: Channel; readonly parts: Parts }> | undefined;
  #isClosed = false;

  /**
   * Nothing happens before the first call.
   *
   * @param address Host and port: `"localhost:50051"`, `"[::1]:50051"`.
   * @throws {StreamrackError} `invalid-options`.
   */
  constructor(address: string, options: ClientOptions = {}) {
    checkClient(address, options);
    this.address = address;
    this.#options = options;
  }

  /**
   * Connects now, rather than with the first call.
   *
   * @throws {RemotePipelineError} `connection-failed` if there is no service, with ErrorType `versionMismatch` if it does not speak our version.
   */
  async connect(options: CallOptions = {}): Promise<VersionInfo> {
    const version = await this.getVersion({ timeoutMs: this.#options.connectTimeoutMs ?? 10_000, ...options });
    if (version.isCompatible) return version;
    throw new RemotePipelineError("remote-failed", `the service speaks ${version.protocolVersion}, this client v1`, {
      errorType: ErrorType.versionMismatch,
      code: "failed-precondition",
    });
  }

  /** Ends all calls of this client and its connection. May be repeated; the client cannot be used afterwards. */
  async disconnect(): Promise<void> {
    this.#isClosed = true;
    const opened = await this.#channel;
    opened?.channel.close();
  }

  /** The same as {@linkcode RemotePipelineClient.disconnect}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  /**
   * What the service says of itself.
   *
   * @throws {RemotePipelineError}
   */
  async getVersion(options: CallOptions = {}): Promise<VersionInfo> {
    const { channel, parts } = await this.#open();
    return parts.readVersionResponse(await channel.unary("GetVersion", parts.writeVersionRequest(), options));
  }

  /**
   * Runs a manifest once, and gives all its outputs.
   *
   * @param inputs By node id. They are copied, and stay the caller's.
   * @throws {RemotePipelineError} What failed on the service, or `connection-failed`, `deadline-exceeded`, `limit-exceeded`, `unauthenticated`.
   * @throws {StreamrackError} `invalid-manifest` for what the protocol cannot express; `session-cancelled`.
   */
  async executePipeline(
    manifest: Manifest,
    inputs: { readonly [nodeId: string]: RuntimeData } = {},
    options: ExecuteOptions = {},
  ): Promise<ExecutionResult> {
    const { channel, parts } = await this.#open();
    const request = parts.writeExecuteRequest(manifest, inputs, options.resourceLimits);
    return parts.readExecuteResponse(await channel.unary("ExecutePipeline", request, options));
  }

  /**
   * Runs a manifest over a stream of chunks, and gives results as they come.
   *
   * The source is asked for the next chunk when there is room for it, and the
   * service is held back while no result is taken. When the source ends, the
   * pipeline is drained, and the last result followed by the metrics as the
   * value that the generator returns. Leaving the loop early cancels the run.
   *
   * @param chunks Values, or values with their node (`to`) and port. They are copied.
   * @throws As {@linkcode RemotePipelineClient.executePipeline}, and what the source throws.
   */
  async *streamPipeline(
    manifest: Manifest,
    chunks: ChunkSource,
    options: StreamOptions = {},
  ): AsyncGenerator<ChunkResult, ExecutionMetrics | undefined, undefined> {
    const { channel, parts } = await this.#open();
    return yield* parts.runStream(channel, { manifest, chunks }, options);
  }

  /** Loads the gRPC library, once, with the first call. */
  async #open(): Promise<{ readonly channel: Channel; readonly parts: Parts }> {
    if (this.#isClosed) {
      throw new RemotePipelineError("session-closed", "the client was disconnected", {
        errorType: ErrorType.internal,
        remedy: "Make a new one.",
      });
    }
    this.#channel ??= import("./parts.ts").then((parts) => {
      return { parts, channel: new parts.Channel(this.address, this.#options) };
    });
    return await this.#channel;
  }
}
