/**
 * What a client writes and reads, in the second generation of the wire form.
 *
 * @module
 */

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { RuntimeData } from "../../core/plugin.ts";
import type { Manifest } from "../../mod.ts";
import type { DataBuffer, ExecutionMetrics as WireMetrics } from "../gen/v004/remotemedia/v1/common_pb.ts";
import {
  ExecuteRequestSchema,
  ExecuteResponseSchema,
  ExecutionStatus,
  VersionRequestSchema,
  VersionResponseSchema,
} from "../gen/v004/remotemedia/v1/execution_pb.ts";
import {
  type ChunkResult as WireChunkResult,
  StreamControl_Command as Command,
  type StreamMetrics as WireStreamMetrics,
  StreamRequestSchema,
  type StreamResponse,
  StreamResponseSchema,
} from "../gen/v004/remotemedia/v1/streaming_pb.ts";
import { readAudioResult, writeAudioDataChunk } from "../wire/audio_path.ts";
import { readAudioBuffer, readDataBuffer, toUint64, writeCommon, writeDataBuffer } from "../wire/data_buffer.ts";
import { writeUsualExecute } from "../wire/execute_request.ts";
import { readUsualExecuteResult, type UsualMetrics } from "../wire/execute_result.ts";
import { writeManifest, writeManifestBytes } from "../wire/manifest.ts";
import { writeAudio } from "../wire/pcm.ts";
import { readErrorResponse } from "./read_error.ts";
import type {
  ChunkInput,
  ChunkResult,
  ExecutionMetrics,
  ExecutionResult,
  ResourceLimits,
  StreamMetrics,
  StreamOptions,
  VersionInfo,
} from "./types.ts";

/** Formats and timestamps are kept in both directions, where the other side can. */
const PEER = { isOurs: true } as const;
const CLIENT_VERSION = "v1";

const STATUSES: { readonly [status: number]: ExecutionResult["status"] } = {
  [ExecutionStatus.SUCCESS]: "success",
  [ExecutionStatus.PARTIAL_SUCCESS]: "partial-success",
  [ExecutionStatus.FAILED]: "failed",
};

/** Writes a VersionRequest. */
export function writeVersionRequest(): Uint8Array {
  return toBinary(VersionRequestSchema, create(VersionRequestSchema, { clientVersion: CLIENT_VERSION }));
}

/** Reads a VersionResponse. */
export function readVersionResponse(answer: Uint8Array): VersionInfo {
  const { versionInfo, compatible } = fromBinary(VersionResponseSchema, answer);
  return {
    protocolVersion: versionInfo?.protocolVersion ?? "",
    runtimeVersion: versionInfo?.runtimeVersion ?? "",
    supportedNodeTypes: versionInfo?.supportedNodeTypes ?? [],
    supportedProtocols: versionInfo?.supportedProtocols ?? [],
    buildTimestamp: versionInfo?.buildTimestamp ?? "",
    isCompatible: compatible,
  };
}

/** Writes an ExecuteRequest. */
export function writeExecuteRequest(
  manifest: Manifest,
  inputs: { readonly [nodeId: string]: RuntimeData },
  resourceLimits: ResourceLimits | undefined,
): Uint8Array {
  if (resourceLimits === undefined) {
    return writeUsualExecute(writeManifestBytes(manifest), inputs, { clientVersion: CLIENT_VERSION, peer: PEER });
  }
  const request = create(ExecuteRequestSchema, {
    manifest: writeManifest(manifest),
    dataInputs: writeInputs(inputs),
    resourceLimits: writeLimits(resourceLimits),
    clientVersion: CLIENT_VERSION,
  });
  return toBinary(ExecuteRequestSchema, request);
}

/**
 * Reads an ExecuteResponse.
 *
 * @throws {RemotePipelineError} If it is an error.
 */
export function readExecuteResponse(answer: Uint8Array): ExecutionResult {
  const usual = readUsualExecuteResult(answer, PEER);
  if (usual !== undefined) {
    return { status: "success", outputs: usual.outputs, metrics: readMetrics(usual.metrics) };
  }
  const { outcome } = fromBinary(ExecuteResponseSchema, answer);
  if (outcome.case === "error") throw readErrorResponse(outcome.value);
  const { dataOutputs = {}, metrics, status } = outcome.value ?? {};
  return {
    status: STATUSES[status ?? 0] ?? "success",
    outputs: readOutputs(dataOutputs),
    metrics: readMetrics(metrics),
  };
}

/** Writes the message that opens a stream. */
export function writeInit(manifest: Manifest, options: StreamOptions): Uint8Array {
  const value = {
    manifest: writeManifest(manifest),
    dataInputs: writeInputs(options.inputs ?? {}),
    resourceLimits: writeLimits(options.resourceLimits),
    clientVersion: CLIENT_VERSION,
    expectedChunkSize: toUint64(options.expectedChunkSize ?? 0),
  };
  return toBinary(StreamRequestSchema, create(StreamRequestSchema, { request: { case: "init", value } }));
}

/** Writes a chunk. */
export function writeChunk(input: ChunkInput, sequence: number): Uint8Array {
  const { data, to = "", port } = "data" in input && !("type" in input) ? input : { data: input as RuntimeData };
  const timestampMs = toUint64((data.timestampUs ?? 0) / 1000);
  if (data.type === "audio" && data.metadata === undefined && port === undefined) {
    RuntimeData.check(data);
    const metadata = writeCommon(data, PEER);
    const audio = writeAudio(data);
    return writeAudioDataChunk({ nodeId: to, sequence: BigInt(sequence), timestampMs, audio, metadata });
  }
  const buffer = writeDataBuffer(RuntimeData.check(data), PEER);
  const value = {
    nodeId: to,
    ...(port === undefined ? { buffer } : { namedBuffers: { [port]: buffer } }),
    sequence: BigInt(sequence),
    timestampMs,
  };
  return toBinary(StreamRequestSchema, create(StreamRequestSchema, { request: { case: "dataChunk", value } }));
}

/** Writes the message that asks for the end: of what is under way as well, or only after it. */
export function writeControl(command: "close" | "cancel"): Uint8Array {
  const value = { command: command === "close" ? Command.CLOSE : Command.CANCEL };
  return toBinary(StreamRequestSchema, create(StreamRequestSchema, { request: { case: "control", value } }));
}

/** Reads a result in the short way, if it is one that has it. */
export function readUsualResult(answer: Uint8Array): ChunkResult | undefined {
  const result = readAudioResult(answer);
  if (result === undefined) return undefined;
  return {
    sequence: Number(result.sequence),
    outputs: { [result.key]: readAudioBuffer(result.audio, result.metadata, PEER) },
    processingTimeMs: result.processingTimeMs,
    totalItemsProcessed: Number(result.itemsProcessed),
  };
}

/** Reads a StreamResponse. */
export function readStreamResponse(answer: Uint8Array): StreamResponse["response"] {
  return fromBinary(StreamResponseSchema, answer).response;
}

/** Reads a result; `undefined` for one that only tells a status, as some services send. */
export function readChunkResult(result: WireChunkResult): ChunkResult | undefined {
  if (Object.hasOwn(result.dataOutputs, "_status")) return undefined;
  return {
    sequence: Number(result.sequence),
    outputs: readOutputs(result.dataOutputs),
    processingTimeMs: result.processingTimeMs,
    totalItemsProcessed: Number(result.totalItemsProcessed),
  };
}

/** Reads counts of a stream. */
export function readStreamMetrics(metrics: WireStreamMetrics): StreamMetrics {
  return {
    sessionId: metrics.sessionId,
    chunksProcessed: Number(metrics.chunksProcessed),
    averageLatencyMs: metrics.averageLatencyMs,
    totalItems: Number(metrics.totalItems),
    bufferItems: Number(metrics.bufferItems),
    chunksDropped: Number(metrics.chunksDropped),
    peakMemoryBytes: Number(metrics.peakMemoryBytes),
  };
}

/** Reads what a run used. */
export function readMetrics(metrics: WireMetrics | UsualMetrics | undefined): ExecutionMetrics {
  const nodes = Object.entries(metrics?.nodeMetrics ?? {}).map(([id, node]) =>
    [id, {
      executionTimeMs: node.executionTimeMs,
      memoryBytes: Number(node.memoryBytes),
      itemsProcessed: Number(node.itemsProcessed),
      custom: parseCustom(node.customMetrics),
    }] as const
  );
  const kinds = Object.entries(metrics?.dataTypeBreakdown ?? {}).map(([kind, count]) => [kind, Number(count)] as const);
  return {
    wallTimeMs: metrics?.wallTimeMs ?? 0,
    cpuTimeMs: metrics?.cpuTimeMs ?? 0,
    memoryUsedBytes: Number(metrics?.memoryUsedBytes ?? 0n),
    nodes: Object.fromEntries(nodes),
    serializationTimeMs: metrics?.serializationTimeMs ?? 0,
    dataTypeBreakdown: Object.fromEntries(kinds),
  };
}

function parseCustom(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

function writeInputs(inputs: { readonly [nodeId: string]: RuntimeData }): { [nodeId: string]: DataBuffer } {
  return Object.fromEntries(Object.entries(inputs).map(([id, data]) => [id, writeDataBuffer(data, PEER)]));
}

function readOutputs(outputs: { readonly [key: string]: DataBuffer }): { [key: string]: RuntimeData } {
  return Object.fromEntries(Object.entries(outputs).map(([key, buffer]) => [key, readDataBuffer(buffer, PEER)]));
}

function writeLimits(
  limits: ResourceLimits | undefined,
): { maxMemoryBytes: bigint; maxTimeoutMs: bigint; maxAudioSamples: bigint } | undefined {
  if (limits === undefined) return undefined;
  return {
    maxMemoryBytes: toUint64(limits.maxMemoryBytes ?? 0),
    maxTimeoutMs: toUint64(limits.maxTimeoutMs ?? 0),
    maxAudioSamples: toUint64(limits.maxAudioSamples ?? 0),
  };
}
