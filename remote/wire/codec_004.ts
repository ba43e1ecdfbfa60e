/**
 * The second generation of the wire form, with its later additions.
 *
 * @module
 */

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { ExecutionMetricsSchema } from "../gen/v004/remotemedia/v1/common_pb.ts";
import {
  ExecuteRequestSchema,
  ExecuteResponseSchema,
  type ResourceLimits,
} from "../gen/v004/remotemedia/v1/execution_pb.ts";
import {
  type AudioChunk,
  type DataChunk,
  StreamRequestSchema,
  StreamResponseSchema,
} from "../gen/v004/remotemedia/v1/streaming_pb.ts";
import { readAudioDataChunk, writeAudioResult } from "./audio_path.ts";
import { readAudioBuffer, readDataBuffer, writeCommon, writeDataBuffer } from "./data_buffer.ts";
import { writeExecuteResult } from "./execute_result.ts";
import { readInputKinds } from "./manifest.ts";
import type {
  Codec,
  RequestedLimits,
  StreamAnswer,
  StreamMessage,
  WireChunk,
  WireInput,
  WireMetrics,
  WireResult,
} from "./messages.ts";
import { readAudio, writeAudio } from "./pcm.ts";
import type { Peer } from "./peer.ts";

/** The codec of the second generation. */
export const codec004: Codec = {
  generation: "004",

  readExecute(message, peer) {
    const { manifest, dataInputs, resourceLimits, clientVersion } = fromBinary(ExecuteRequestSchema, message);
    return { manifest, inputs: readInputs(dataInputs, peer), limits: readLimits(resourceLimits), clientVersion };
  },

  readStream(message, peer): StreamMessage {
    const chunk = readAudioDataChunk(message);
    if (chunk !== undefined) {
      const { audio, metadata, ...rest } = chunk;
      const read = () => readAudioBuffer(audio, metadata, peer);
      return { type: "chunk", ...rest, values: [{ port: undefined, read }] };
    }
    const { case: type, value } = fromBinary(StreamRequestSchema, message).request;
    switch (type) {
      case "init": {
        const { manifest, clientVersion, expectedChunkSize } = value;
        return {
          type,
          manifest,
          inputKinds: manifest === undefined ? new Map() : readInputKinds(manifest),
          inputs: readInputs(value.dataInputs, peer),
          limits: readLimits(value.resourceLimits),
          clientVersion,
          expectedChunkSize,
        };
      }
      case "dataChunk":
        return readDataChunk(value, peer);
      case "audioChunk":
        return readAudioChunk(value, peer);
      case "control":
        return { type, command: value.command };
      default:
        return { type: "empty" };
    }
  },

  canWrite: () => true,

  writeResult: writeExecuteResult,

  writeError(error) {
    return toBinary(
      ExecuteResponseSchema,
      create(ExecuteResponseSchema, { outcome: { case: "error", value: error } }),
    );
  },

  writeAnswer(answer, peer) {
    if (answer.type === "result") {
      const [[key, data] = ["", undefined], ...others] = answer.result.outputs;
      if (data?.type === "audio" && data.metadata === undefined && others.length === 0) {
        const metadata = writeCommon(data, peer);
        return writeAudioResult({ ...answer.result, key, audio: writeAudio(data), metadata });
      }
    }
    const response = toResponse(answer, peer);
    return toBinary(StreamResponseSchema, create(StreamResponseSchema, { response }));
  },
};

function readInputs(
  inputs: { readonly [nodeId: string]: Parameters<typeof readDataBuffer>[0] },
  peer: Peer,
): WireInput[] {
  return Object.entries(inputs).map(([nodeId, buffer]) => ({ nodeId, read: () => readDataBuffer(buffer, peer) }));
}

/** Limits as numbers; more than a number can say exactly is no limit. */
export function readLimits(limits: Omit<ResourceLimits, "$typeName"> | undefined): RequestedLimits {
  return {
    maxMemoryBytes: Number(limits?.maxMemoryBytes ?? 0n),
    maxTimeoutMs: Number(limits?.maxTimeoutMs ?? 0n),
    maxAudioSamples: Number(limits?.maxAudioSamples ?? 0n),
  };
}

function readDataChunk({ nodeId, buffer, namedBuffers, sequence, timestampMs }: DataChunk, peer: Peer): WireChunk {
  const named = Object.entries(namedBuffers);
  const values = buffer !== undefined
    ? [{ port: undefined, read: () => readDataBuffer(buffer, peer) }]
    : named.map(([port, value]) => ({ port, read: () => readDataBuffer(value, peer) }));
  return { type: "chunk", nodeId, sequence, timestampMs, values };
}

function readAudioChunk({ nodeId, buffer, sequence, timestampMs }: AudioChunk, { isOurs }: Peer): WireChunk {
  const values = buffer === undefined ? [] : [{
    port: undefined,
    read: () => readAudio(buffer, { keepsFormat: isOurs }),
  }];
  return { type: "chunk", nodeId, sequence, timestampMs, values };
}

function toResponse(answer: StreamAnswer, peer: Peer): MessageInitShape<typeof StreamResponseSchema>["response"] {
  switch (answer.type) {
    case "ready": {
      const { sessionId, recommendedChunkSize } = answer;
      return { case: "ready", value: { sessionId, recommendedChunkSize, maxBufferLatencyMs: 100n } };
    }
    case "result": {
      const { sequence, outputs, processingTimeMs, itemsProcessed } = answer.result;
      const dataOutputs = writeOutputs(outputs, peer);
      return {
        case: "result",
        value: { sequence, dataOutputs, processingTimeMs, totalItemsProcessed: itemsProcessed },
      };
    }
    case "error":
      return { case: "error", value: answer.error };
    case "metrics": {
      const { samples: _samples, items, buffered, ...rest } = answer.metrics;
      return { case: "metrics", value: { ...rest, totalItems: items, bufferItems: buffered } };
    }
    case "closed": {
      const { sessionId, reason, metrics } = answer;
      return { case: "closed", value: { sessionId, reason, finalMetrics: writeMetrics(metrics) } };
    }
  }
}

function writeOutputs(
  outputs: WireResult["outputs"],
  peer: Peer,
): { [key: string]: ReturnType<typeof writeDataBuffer> } {
  return Object.fromEntries(outputs.map(([key, data]) => [key, writeDataBuffer(data, peer)]));
}

function writeMetrics(metrics: WireMetrics): MessageInitShape<typeof ExecutionMetricsSchema> {
  const { nodes, ...rest } = metrics;
  const nodeMetrics = Object.entries(nodes).map(([id, { processed, ...node }]) =>
    [id, { ...node, itemsProcessed: processed }] as const
  );
  return { ...rest, nodeMetrics: Object.fromEntries(nodeMetrics) };
}
