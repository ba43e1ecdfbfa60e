/**
 * The first generation of the wire form: audio, and JSON as text.
 *
 * @module
 */

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type AudioData, RuntimeData } from "../../core/plugin.ts";
import type {
  AudioBuffer,
  AudioFormat,
  ErrorResponseSchema,
  ErrorType,
  ExecutionMetricsSchema,
} from "../gen/v003/remotemedia/v1/common_pb.ts";
import {
  ExecuteRequestSchema,
  ExecuteResponseSchema,
  ExecutionStatus,
} from "../gen/v003/remotemedia/v1/execution_pb.ts";
import { StreamRequestSchema, StreamResponseSchema } from "../gen/v003/remotemedia/v1/streaming_pb.ts";
import { readLimits } from "./codec_004.ts";
import { parseJson } from "./data_buffer.ts";
import type { WireError } from "./error_type.ts";
import type { Codec, StreamAnswer, StreamMessage, WireInput, WireMetrics, WireResult } from "./messages.ts";
import { readAudio, writeAudio } from "./pcm.ts";
import type { Peer } from "./peer.ts";

/** The codec of the first generation. */
export const codec003: Codec = {
  generation: "003",

  readExecute(message, peer) {
    const { manifest, audioInputs, dataInputs, resourceLimits, clientVersion } = fromBinary(
      ExecuteRequestSchema,
      message,
    );
    const audio = Object.entries(audioInputs).map(([nodeId, buffer]): WireInput => ({
      nodeId,
      read: () => readAudio(buffer, { keepsFormat: peer.isOurs }),
    }));
    return {
      manifest,
      inputs: [...audio, ...readTexts(dataInputs)],
      limits: readLimits(resourceLimits),
      clientVersion,
    };
  },

  readStream(message, peer): StreamMessage {
    const { case: type, value } = fromBinary(StreamRequestSchema, message).request;
    switch (type) {
      case "init":
        return {
          type,
          manifest: value.manifest,
          inputKinds: new Map(),
          inputs: readTexts(value.dataInputs),
          limits: readLimits(value.resourceLimits),
          clientVersion: value.clientVersion,
          expectedChunkSize: value.expectedChunkSize,
        };
      case "audioChunk": {
        const { nodeId, buffer, sequence, timestampMs } = value;
        const values = buffer === undefined ? [] : [{
          port: undefined,
          read: () => readAudio(buffer, { keepsFormat: peer.isOurs }),
        }];
        return { type: "chunk", nodeId, sequence, timestampMs, values };
      }
      case "control":
        return { type, command: value.command };
      default:
        return { type: "empty" };
    }
  },

  canWrite: ({ type }) => type !== "binary" && type !== "tensor" && type !== "video",

  writeResult(outputs, metrics) {
    const value = {
      ...writeOutputs(outputs),
      metrics: writeMetrics(metrics),
      status: ExecutionStatus.SUCCESS,
    };
    return toBinary(ExecuteResponseSchema, create(ExecuteResponseSchema, { outcome: { case: "result", value } }));
  },

  writeError(error) {
    return toBinary(
      ExecuteResponseSchema,
      create(ExecuteResponseSchema, { outcome: { case: "error", value: writeError(error) } }),
    );
  },

  writeAnswer(answer, _peer: Peer) {
    return toBinary(StreamResponseSchema, create(StreamResponseSchema, { response: toResponse(answer) }));
  },
};

function readTexts(inputs: { readonly [nodeId: string]: string }): WireInput[] {
  return Object.entries(inputs).map(([nodeId, text]) => ({
    nodeId,
    read: () => RuntimeData.json(parseJson(text, `data_inputs[${JSON.stringify(nodeId)}]`)),
  }));
}

function toResponse(answer: StreamAnswer): MessageInitShape<typeof StreamResponseSchema>["response"] {
  switch (answer.type) {
    case "ready": {
      const { sessionId, recommendedChunkSize } = answer;
      return { case: "ready", value: { sessionId, recommendedChunkSize, maxBufferLatencyMs: 100n } };
    }
    case "result": {
      const { sequence, outputs, processingTimeMs, samplesProcessed } = answer.result;
      const value = { sequence, processingTimeMs, totalSamplesProcessed: samplesProcessed, ...writeOutputs(outputs) };
      return { case: "result", value };
    }
    case "error":
      return { case: "error", value: writeError(answer.error) };
    case "metrics": {
      const { samples, items: _items, buffered, dataTypeBreakdown: _kinds, ...rest } = answer.metrics;
      return { case: "metrics", value: { ...rest, totalSamples: samples, bufferSamples: buffered } };
    }
    case "closed": {
      const { sessionId, reason, metrics } = answer;
      return { case: "closed", value: { sessionId, reason, finalMetrics: writeMetrics(metrics) } };
    }
  }
}

function writeOutputs(outputs: WireResult["outputs"]): {
  audioOutputs: { [key: string]: Omit<AudioBuffer, "$typeName"> };
  dataOutputs: { [key: string]: string };
} {
  const audio = outputs.flatMap(([key, data]) => data.type === "audio" ? [[key, writeBuffer(data)] as const] : []);
  const texts = outputs.flatMap(([key, data]) => data.type === "audio" ? [] : [[key, toJsonText(data)] as const]);
  return { audioOutputs: Object.fromEntries(audio), dataOutputs: Object.fromEntries(texts) };
}

function toJsonText(data: RuntimeData): string {
  if (data.type === "json") return JSON.stringify(data.value);
  if (data.type === "text") return JSON.stringify(data.text);
  if (data.type === "control") return JSON.stringify(data.control);
  const { type: _type, timestampUs: _time, metadata: _metadata, ...fields } = data;
  return JSON.stringify(fields);
}

function writeMetrics(metrics: WireMetrics): MessageInitShape<typeof ExecutionMetricsSchema> {
  const { nodes, dataTypeBreakdown: _kinds, ...rest } = metrics;
  const nodeMetrics = Object.entries(nodes).map(([id, { processed, ...node }]) =>
    [id, { ...node, samplesProcessed: processed }] as const
  );
  return { ...rest, nodeMetrics: Object.fromEntries(nodeMetrics) };
}

function writeBuffer(data: AudioData): Omit<AudioBuffer, "$typeName"> {
  const { format, ...rest } = writeAudio(data);
  return { ...rest, format: format as AudioFormat };
}

function writeError({ errorType, ...rest }: WireError): MessageInitShape<typeof ErrorResponseSchema> {
  return { ...rest, errorType: errorType as ErrorType };
}
