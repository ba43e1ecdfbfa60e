/**
 * What a client takes and gives.
 *
 * @module
 */

import type { AudioData, RuntimeData } from "../../core/plugin.ts";
import type { SessionInput } from "../../mod.ts";

/** A chunk of audio, as it is sent and received: interleaved samples with their rate, channels and format. */
export type AudioBuffer = AudioData;

/** The formats of samples. */
export const AudioFormat = { f32: "f32", i16: "i16", i32: "i32" } as const;

/** One of {@linkcode AudioFormat}. */
export type AudioFormat = typeof AudioFormat[keyof typeof AudioFormat];

/** Certificates of a client, in PEM. */
export interface ClientTlsOptions {
  /** Roots that the certificate of the service must lead to. Default: those that the runtime trusts. */
  readonly ca?: string | Uint8Array | undefined;
  /** The client's own certificate, where the service asks for one. Needs `key`. */
  readonly cert?: string | Uint8Array | undefined;
  readonly key?: string | Uint8Array | undefined;
  /** Name in the certificate of the service, where it is not the host of the address. */
  readonly serverName?: string | undefined;
}

/** How a client calls. */
export interface ClientOptions {
  /** Sent as `authorization: Bearer …`. Without TLS everybody on the way can read it. */
  readonly token?: string | undefined;
  /** Encrypts: `true`, or with certificates. Default: false. */
  readonly tls?: boolean | ClientTlsOptions | undefined;
  /** How long `connect` may take, in milliseconds. Default: 10 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long a one-shot run and `getVersion` may take, in milliseconds. Default: 60 000. */
  readonly timeoutMs?: number | undefined;
  /**
   * How often a call is tried that fails with `unavailable`, the first time
   * included: 1 to 5. Between two tries are 0.1 s, then twice as long each
   * time, or as long as the service asks. A stream is tried again only until
   * it is ready. Default: 4.
   */
  readonly maxAttempts?: number | undefined;
  /** Longest message in either direction, in bytes. Default: 10 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Silence after which a ping asks whether the service is there, in milliseconds. Default: 30 000. */
  readonly keepaliveTimeMs?: number | undefined;
  /** How long the answer to a ping may take, in milliseconds. Default: 10 000. */
  readonly keepaliveTimeoutMs?: number | undefined;
}

/** What one request may use at most. Absent: as much as the service gives. */
export interface ResourceLimits {
  /** Most bytes of values: all of a one-shot run, one chunk of a stream. */
  readonly maxMemoryBytes?: number | undefined;
  /** Longest time, in milliseconds: of a one-shot run; for which a stream with work to do may stand still. */
  readonly maxTimeoutMs?: number | undefined;
  /** Most samples of audio: in all inputs of a one-shot run, in one chunk of a stream. */
  readonly maxAudioSamples?: number | undefined;
}

/** How one call is made. */
export interface CallOptions {
  /** Ends the call when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take, in milliseconds. Default: `timeoutMs` of the client; a stream has none. */
  readonly timeoutMs?: number | undefined;
}

/** How a pipeline is run. */
export interface ExecuteOptions extends CallOptions {
  readonly resourceLimits?: ResourceLimits | undefined;
}

/** How a stream is run. */
export interface StreamOptions extends ExecuteOptions {
  /** Inputs that are there from the beginning, by node id. */
  readonly inputs?: { readonly [nodeId: string]: RuntimeData } | undefined;
  /** Samples in each chunk, as a hint to the service. Absent: not said. */
  readonly expectedChunkSize?: number | undefined;
  /** Receives the id of the session when the stream is ready. */
  readonly onReady?: ((ready: StreamReady) => void) | undefined;
  /** Receives counts, after every tenth result. */
  readonly onMetrics?: ((metrics: StreamMetrics) => void) | undefined;
}

/** One chunk that is sent: a value, or a value with the node and port that it goes to. */
export type ChunkInput = SessionInput;

/** What a service says of itself. */
export interface VersionInfo {
  /** Version of the protocol: `"v1"`. */
  readonly protocolVersion: string;
  /** Version of the service itself. */
  readonly runtimeVersion: string;
  /** Node types that it runs, aliases included. */
  readonly supportedNodeTypes: readonly string[];
  readonly supportedProtocols: readonly string[];
  /** When it was built, in ISO 8601; ours says since when it runs. */
  readonly buildTimestamp: string;
  /** Whether it speaks with a client of our version. */
  readonly isCompatible: boolean;
}

/** What one node used. */
export interface NodeExecutionMetrics {
  /** Time that it worked, in milliseconds. */
  readonly executionTimeMs: number;
  /** Memory that it used, in bytes; 0: not known. */
  readonly memoryBytes: number;
  /** Values that it took. */
  readonly itemsProcessed: number;
  /** What the service tells beside that. */
  readonly custom: unknown;
}

/** What a run used. */
export interface ExecutionMetrics {
  /** From begin to end, in milliseconds. */
  readonly wallTimeMs: number;
  /** Time that all nodes worked, added up, in milliseconds. */
  readonly cpuTimeMs: number;
  /** Most bytes of values that were held at a time. */
  readonly memoryUsedBytes: number;
  /** By node id. */
  readonly nodes: { readonly [nodeId: string]: NodeExecutionMetrics };
  /** Time to read the inputs, in milliseconds. */
  readonly serializationTimeMs: number;
  /** Values that came in, by kind. */
  readonly dataTypeBreakdown: { readonly [kind: string]: number };
}

/** What a one-shot run gave. */
export interface ExecutionResult {
  readonly status: "success" | "partial-success" | "failed";
  /** By node id. */
  readonly outputs: { readonly [nodeId: string]: RuntimeData };
  readonly metrics: ExecutionMetrics;
}

/** What a stream gave for a chunk. */
export interface ChunkResult {
  /** Position of the chunk, from 0, that it answers. */
  readonly sequence: number;
  /** By node id; from a node with several outputs by `<node id>.<port>`. */
  readonly outputs: { readonly [key: string]: RuntimeData };
  /** From the arrival of the chunk at the service to the result, in milliseconds. */
  readonly processingTimeMs: number;
  /** Chunks that the service has taken, with this one. */
  readonly totalItemsProcessed: number;
}

/** A stream is open. */
export interface StreamReady {
  readonly sessionId: string;
  /** Samples that a chunk should have, as the service sees it. */
  readonly recommendedChunkSize: number;
  /** How long the service holds back what it could give, at most, in milliseconds. */
  readonly maxBufferLatencyMs: number;
}

/** Counts of a stream while it runs. */
export interface StreamMetrics {
  readonly sessionId: string;
  /** Results until now. */
  readonly chunksProcessed: number;
  /** From a chunk to its result, on average, in milliseconds. */
  readonly averageLatencyMs: number;
  /** Values that were taken until now. */
  readonly totalItems: number;
  /** Values that have no result yet. */
  readonly bufferItems: number;
  /** Values that were dropped. */
  readonly chunksDropped: number;
  /** Most bytes of chunks that waited for their result at a time. */
  readonly peakMemoryBytes: number;
}
