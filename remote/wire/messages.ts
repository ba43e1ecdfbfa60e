/**
 * What the messages of the protocol mean, whichever generation they came in.
 * A {@linkcode Codec} for each generation reads and writes them.
 *
 * @module
 */

import type { RuntimeData } from "../../core/plugin.ts";
import type { WireError } from "./error_type.ts";
import type { Generation } from "./generation.ts";
import type { WireManifest } from "./manifest.ts";
import type { Peer } from "./peer.ts";

/** What a request may use at most. 0: as much as the service gives. */
export interface RequestedLimits {
  readonly maxMemoryBytes: number;
  readonly maxTimeoutMs: number;
  readonly maxAudioSamples: number;
}

/** A value for an input, read when it is needed, since reading may fail. */
export interface WireInput {
  readonly nodeId: string;
  /** @throws {StreamrackError} `invalid-data`. */
  read(): RuntimeData;
}

/** An ExecuteRequest. */
export interface ExecuteCall {
  readonly manifest: WireManifest | undefined;
  readonly inputs: readonly WireInput[];
  readonly limits: RequestedLimits;
  readonly clientVersion: string;
}

/** A StreamRequest. */
export type StreamMessage =
  | {
    readonly type: "init";
    readonly manifest: WireManifest | undefined;
    /** Kinds that nodes say they take, by node id. */
    readonly inputKinds: ReadonlyMap<string, readonly string[]>;
    readonly inputs: readonly WireInput[];
    readonly limits: RequestedLimits;
    readonly clientVersion: string;
    readonly expectedChunkSize: bigint;
  }
  | WireChunk
  | { readonly type: "control"; readonly command: number }
  | { readonly type: "empty" };

/** A chunk of data in a stream. */
export interface WireChunk {
  readonly type: "chunk";
  readonly nodeId: string;
  readonly sequence: bigint;
  readonly timestampMs: bigint;
  /** The value, or values by input port, or nothing, which is an error. */
  readonly values: readonly { readonly port: string | undefined; read(): RuntimeData }[];
}

/** What a run cost. */
export interface WireMetrics {
  readonly wallTimeMs: number;
  readonly cpuTimeMs: number;
  readonly memoryUsedBytes: bigint;
  readonly nodes: {
    readonly [nodeId: string]: {
      readonly executionTimeMs: number;
      readonly memoryBytes: bigint;
      readonly processed: bigint;
      readonly customMetrics: string;
    };
  };
  readonly serializationTimeMs: number;
  readonly dataTypeBreakdown: { readonly [kind: string]: bigint };
}

/** The answer to one chunk. */
export interface WireResult {
  readonly sequence: bigint;
  /** By key: the node id, or node id and port. */
  readonly outputs: readonly (readonly [key: string, data: RuntimeData])[];
  readonly processingTimeMs: number;
  /** Samples of audio that were taken until now, for the first generation. */
  readonly samplesProcessed: bigint;
  /** Values that were taken until now, for the second. */
  readonly itemsProcessed: bigint;
}

/** Counts of a stream while it runs. */
export interface WireStreamMetrics {
  readonly sessionId: string;
  readonly chunksProcessed: bigint;
  readonly averageLatencyMs: number;
  readonly samples: bigint;
  readonly items: bigint;
  readonly buffered: bigint;
  readonly peakMemoryBytes: bigint;
  readonly dataTypeBreakdown: { readonly [kind: string]: bigint };
}

/** A StreamResponse. */
export type StreamAnswer =
  | { readonly type: "ready"; readonly sessionId: string; readonly recommendedChunkSize: bigint }
  | { readonly type: "result"; readonly result: WireResult }
  | { readonly type: "error"; readonly error: WireError }
  | { readonly type: "metrics"; readonly metrics: WireStreamMetrics }
  | { readonly type: "closed"; readonly sessionId: string; readonly metrics: WireMetrics; readonly reason: string };

/** Reads what clients send and writes what they get, in one generation. */
export interface Codec {
  readonly generation: Generation;
  /** @throws if the bytes are no such message. */
  readExecute(message: Uint8Array, peer: Peer): ExecuteCall;
  /** @throws if the bytes are no such message. */
  readStream(message: Uint8Array, peer: Peer): StreamMessage;
  /** Whether the generation has a form for a kind of data. */
  canWrite(data: RuntimeData): boolean;
  writeResult(outputs: WireResult["outputs"], metrics: WireMetrics, peer: Peer): Uint8Array;
  writeError(error: WireError): Uint8Array;
  writeAnswer(answer: StreamAnswer, peer: Peer): Uint8Array;
}
