/**
 * DataBuffer (second generation) to RuntimeData and back.
 *
 * @module
 */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type AudioData,
  type ControlMessage as Control,
  type DataCommon,
  type JsonValue,
  type Metadata,
  type PixelFormat as Pixels,
  RuntimeData,
  StreamrackError,
  type VideoData,
} from "../../core/plugin.ts";
import {
  type ControlMessage,
  type ControlMessageSchema,
  type DataBuffer,
  DataBufferSchema,
  PixelFormat,
  VideoCodec,
  type VideoFrame,
} from "../gen/v004/remotemedia/v1/common_pb.ts";
import { copyBytes, readAudio, type WireAudio, writeAudio } from "./pcm.ts";
import { METADATA_KEYS, type Peer } from "./peer.ts";
import { readNumpy, readTensor, writeTensor } from "./tensors.ts";

/**
 * Reads one value.
 *
 * @throws {StreamrackError} `invalid-data` if it holds nothing, or what it holds is not well formed.
 */
export function readDataBuffer(buffer: DataBuffer, peer: Peer): RuntimeData {
  const common = readCommon(buffer.metadata);
  const { case: kind, value } = buffer.dataType;
  switch (kind) {
    case "audio":
      return readAudioBuffer(value, buffer.metadata, peer);
    case "video":
      return readVideo(value, common);
    case "tensor":
      return readTensor(value, common);
    case "numpy":
      return readNumpy(value, common);
    case "json":
      return readJson(value.jsonPayload, buffer.metadata, value.schemaType);
    case "text":
      return RuntimeData.text(decodeText(value.textData, "text.text_data"), {
        ...common,
        language: value.language === "" ? undefined : value.language,
        metadata: withKey(common.metadata, METADATA_KEYS.textChannel, value.channel),
      });
    case "binary":
      return RuntimeData.binary(new Uint8Array(copyBytes(value.data)), {
        ...common,
        mimeType: value.mimeType === "" ? undefined : value.mimeType,
      });
    case "control":
      return readControl(value, common);
    case "file":
      return RuntimeData.file({
        ...common,
        path: value.path,
        filename: value.filename === "" ? undefined : value.filename,
        mimeType: value.mimeType === "" ? undefined : value.mimeType,
        sizeBytes: value.size === 0n ? undefined : Number(value.size),
        offsetBytes: value.offset === 0n ? undefined : Number(value.offset),
        lengthBytes: value.length === 0n ? undefined : Number(value.length),
      });
    default:
      throw invalid("data_type", "is missing", "nothing that is known", "audio, video, tensor, json, text, binary, …");
  }
}

/** Writes one value. */
export function writeDataBuffer(data: RuntimeData, peer: Peer): DataBuffer {
  const metadata = writeCommon(data, peer);
  return create(DataBufferSchema, { dataType: writePayload(data), metadata });
}

function writePayload(data: RuntimeData): MessageInitShape<typeof DataBufferSchema>["dataType"] {
  const { metadata } = data;
  switch (data.type) {
    case "audio": {
      const metadataJson = metadata === undefined ? undefined : encoder.encode(JSON.stringify(metadata));
      return { case: "audio", value: { ...writeAudio(data), metadataJson } };
    }
    case "video":
      return { case: "video", value: writeVideo(data) };
    case "tensor":
      return writeTensor(data);
    case "json": {
      const schemaType = textOf(metadata?.[METADATA_KEYS.schemaType]);
      return { case: "json", value: { jsonPayload: JSON.stringify(data.value), schemaType } };
    }
    case "text":
      return {
        case: "text",
        value: {
          textData: encoder.encode(data.text),
          encoding: "utf-8",
          language: data.language ?? "",
          channel: textOf(metadata?.[METADATA_KEYS.textChannel]),
        },
      };
    case "binary":
      return { case: "binary", value: { data: data.bytes, mimeType: data.mimeType ?? "" } };
    case "control":
      return { case: "control", value: writeControl(data.control, data) };
    case "file":
      return {
        case: "file",
        value: {
          path: data.path,
          filename: data.filename ?? "",
          mimeType: data.mimeType ?? "",
          size: BigInt(data.sizeBytes ?? 0),
          offset: BigInt(data.offsetBytes ?? 0),
          length: BigInt(data.lengthBytes ?? 0),
        },
      };
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Decodes UTF-8 in full. */
function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw invalid(path, "is not UTF-8", `${bytes.length} bytes`, "UTF-8", cause);
  }
}

/**
 * Parses JSON.
 *
 * @throws {StreamrackError} `invalid-data`, which names the path.
 */
export function parseJson(text: string, path: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(path, "is not JSON", JSON.stringify(text.slice(0, 60)), "JSON text", cause);
  }
}

/** Reads JSON with the metadata of its DataBuffer. */
export function readJson(
  payload: string,
  wireMetadata: { readonly [key: string]: string },
  schemaType = "",
): RuntimeData {
  const { timestampUs, metadata } = readCommon(wireMetadata);
  return RuntimeData.json(parseJson(payload, "json.json_payload"), {
    timestampUs,
    metadata: withKey(metadata, METADATA_KEYS.schemaType, schemaType),
  });
}

/** Reads audio with the metadata of its DataBuffer. */
export function readAudioBuffer(
  audio: WireAudio & { readonly metadataJson?: Uint8Array | undefined },
  metadata: { readonly [key: string]: string },
  peer: Peer,
): AudioData {
  const common = readCommon(metadata);
  const own = audio.metadataJson === undefined ? common.metadata : readMetadataJson(audio.metadataJson);
  return readAudio(audio, { ...common, metadata: own, keepsFormat: peer.isOurs });
}

function readCommon(wire: { readonly [key: string]: string }): DataCommon {
  const entries = new Map(Object.entries(wire));
  const given = Number(entries.get(METADATA_KEYS.timestampUs) ?? NaN);
  entries.delete(METADATA_KEYS.timestampUs);
  const json = entries.get(METADATA_KEYS.json);
  const metadata = json === undefined
    ? entries.size === 0 ? undefined : Object.fromEntries(entries)
    : asMetadata(parseJson(json, `metadata.${METADATA_KEYS.json}`));
  return { timestampUs: Number.isFinite(given) ? given : undefined, metadata };
}

/** Time and metadata of a value, as the metadata of its DataBuffer. */
export function writeCommon({ timestampUs, metadata, type }: RuntimeData, { isOurs }: Peer): Record<string, string> {
  const entries: [string, string][] = [];
  if (metadata !== undefined && type !== "audio") {
    const isText = Object.values(metadata).every((value) => typeof value === "string");
    if (isText) entries.push(...Object.entries(metadata as { readonly [key: string]: string }));
    else entries.push([METADATA_KEYS.json, JSON.stringify(metadata)]);
  }
  if (timestampUs !== undefined && isOurs) entries.push([METADATA_KEYS.timestampUs, String(timestampUs)]);
  return Object.fromEntries(entries);
}

function readMetadataJson(bytes: Uint8Array): Metadata {
  const text = decodeText(bytes, "audio.metadata_json");
  return asMetadata(parseJson(text, "audio.metadata_json"));
}

function asMetadata(value: JsonValue): Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Metadata : { value };
}

function withKey(metadata: Metadata | undefined, key: string, value: string): Metadata | undefined {
  return value === "" ? metadata : { ...metadata, [key]: value };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

const PIXEL_FORMATS: ReadonlyMap<number, Pixels> = new Map([
  [PixelFormat.RGB24, "rgb24"],
  [PixelFormat.RGBA32, "rgba32"],
  [PixelFormat.YUV420P, "yuv420p"],
  [PixelFormat.GRAY8, "gray8"],
  [PixelFormat.I420, "i420"],
  [PixelFormat.NV12, "nv12"],
  [PixelFormat.ENCODED, "encoded"],
]);

const CODECS = { vp8: VideoCodec.VP8, h264: VideoCodec.H264, av1: VideoCodec.AV1 } as const;

function readVideo(frame: VideoFrame, common: DataCommon): VideoData {
  const pixelFormat = PIXEL_FORMATS.get(frame.format);
  if (pixelFormat === undefined) {
    throw invalid("video.format", "is not a pixel format", String(frame.format), "1 to 6, or 255 (encoded)");
  }
  const codec = (Object.keys(CODECS) as (keyof typeof CODECS)[]).find((name) => CODECS[name] === frame.codec);
  return RuntimeData.video({
    ...common,
    timestampUs: frame.timestampUs === 0n ? common.timestampUs : Number(frame.timestampUs),
    pixels: new Uint8Array(copyBytes(frame.pixelData)),
    width: frame.width,
    height: frame.height,
    pixelFormat,
    frameNumber: Number(frame.frameNumber),
    ...(pixelFormat === "encoded" ? { codec, isKeyframe: frame.isKeyframe } : {}),
  });
}

function writeVideo(data: VideoData): Omit<VideoFrame, "$typeName"> {
  return {
    pixelData: data.pixels,
    width: data.width,
    height: data.height,
    format: [...PIXEL_FORMATS].find(([, name]) => name === data.pixelFormat)?.[0] as PixelFormat,
    frameNumber: BigInt(data.frameNumber ?? 0),
    timestampUs: toUint64(data.timestampUs ?? 0),
    codec: data.codec === undefined ? VideoCodec.UNSPECIFIED : CODECS[data.codec],
    isKeyframe: data.isKeyframe ?? false,
  };
}

function readControl(message: ControlMessage, common: DataCommon): RuntimeData {
  const metadata = message.metadata === ""
    ? common.metadata
    : asMetadata(parseJson(message.metadata, "control.metadata"));
  const timestampUs = message.timestampMs === 0n ? common.timestampUs : Number(message.timestampMs) * 1000;
  return RuntimeData.control(readOperation(message.messageType), {
    timestampUs,
    metadata,
    segmentId: message.segmentId === "" ? undefined : message.segmentId,
  });
}

function readOperation({ case: op, value }: ControlMessage["messageType"]): Control {
  switch (op) {
    case "cancelSpeculation": {
      const { fromTimestamp, toTimestamp } = value;
      return { op: "cancel-speculation", fromTimestampUs: Number(fromTimestamp), toTimestampUs: Number(toTimestamp) };
    }
    case "batchHint":
      return { op: "batch-hint", batchSize: value.suggestedBatchSize };
    case "deadlineWarning":
      return { op: "deadline-warning", deadlineUs: Number(value.deadlineUs) };
    default: {
      const expected = "cancel_speculation, batch_hint or deadline_warning";
      throw invalid("control.message_type", "is missing", "nothing that is known", expected);
    }
  }
}

function writeControl(control: Control, data: RuntimeData): MessageInitShape<typeof ControlMessageSchema> {
  const common = {
    segmentId: data.type === "control" ? data.segmentId ?? "" : "",
    timestampMs: toUint64((data.timestampUs ?? 0) / 1000),
    metadata: data.metadata === undefined ? "" : JSON.stringify(data.metadata),
  };
  switch (control.op) {
    case "cancel-speculation": {
      const value = {
        fromTimestamp: toUint64(control.fromTimestampUs),
        toTimestamp: toUint64(control.toTimestampUs),
      };
      return { ...common, messageType: { case: "cancelSpeculation", value } };
    }
    case "batch-hint":
      return { ...common, messageType: { case: "batchHint", value: { suggestedBatchSize: control.batchSize } } };
    case "deadline-warning": {
      const value = { deadlineUs: toUint64(control.deadlineUs) };
      return { ...common, messageType: { case: "deadlineWarning", value } };
    }
  }
}

/** Rounds to what a uint64 takes. */
export function toUint64(number: number): bigint {
  return number > 0 ? BigInt(Math.round(number)) : 0n;
}

function invalid(
  path: string,
  message: string,
  received: string,
  expected: string,
  cause?: unknown,
): StreamrackError {
  return new StreamrackError("invalid-data", "this value cannot be read", {
    problems: [{ path, message, received, expected }],
    cause,
  });
}
