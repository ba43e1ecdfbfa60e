/**
 * The companion of the RuntimeData type: constructors, guards, typed
 * extraction, and what the engine needs to know of a value's memory.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../errors.ts";
import { byteLength, copyData, isDetached, isMovable, payloadOf, transferables } from "./transfer.ts";
import { checkRuntimeData, ELEMENT_ARRAYS, SAMPLE_ARRAYS } from "./validate.ts";
import type {
  AudioData,
  AudioDataOf,
  AudioFormat,
  AudioSamples,
  BinaryData,
  ControlData,
  ControlMessage,
  DataCommon,
  DataKind,
  DataOf,
  DefaultDtype,
  FileData,
  JsonData,
  JsonValue,
  RuntimeData as RuntimeDataUnion,
  TensorData,
  TensorDataOf,
  TensorDtype,
  TensorElements,
  TextData,
  VideoData,
} from "./types.ts";

/** One typed value on its way through a pipeline; see the companion constant of the same name for how to make one. */
export type RuntimeData = RuntimeDataUnion;

/** What {@linkcode RuntimeData.audio} takes; the format follows from the class of `samples`. */
export interface AudioInit<F extends AudioFormat = AudioFormat> extends DataCommon {
  /** Interleaved samples. The value is used as it is, not copied. */
  samples: AudioSamples[F];
  /** In hertz, more than 0, at most 768 000. */
  sampleRate: number;
  /** 1 to 255. Default: 1. */
  channels?: number;
}

/** What {@linkcode RuntimeData.tensor} takes. */
export interface TensorInit<D extends TensorDtype = TensorDtype> extends DataCommon {
  /** Elements in row-major order. */
  data: TensorElements[D];
  /** Default: the dtype of the class of `data`; a Uint16Array is `"u16"` unless `"f16"` is asked for. */
  dtype?: D;
  /** Default: `[data.length]`. */
  shape?: readonly number[];
  /** Name of the order of dimensions, such as `"NCHW"`. */
  layout?: string;
}

function audio(init: AudioInit<"f32">): AudioDataOf<"f32">;
function audio(init: AudioInit<"i16">): AudioDataOf<"i16">;
function audio(init: AudioInit<"i32">): AudioDataOf<"i32">;
function audio(init: AudioInit): AudioData;
function audio(init: AudioInit): AudioData {
  const { samples, sampleRate, channels = 1, timestampUs, metadata } = init;
  const format = arrayKey(SAMPLE_ARRAYS, samples) ?? "f32"; // an unfit class is reported by the check
  return checked(
    { type: "audio", samples, sampleRate, channels, format, ...common(timestampUs, metadata) } as AudioData,
  );
}

function tensor<D extends TensorDtype>(init: TensorInit<D> & { dtype: D }): TensorDataOf<D>;
function tensor<A extends TensorElements[TensorDtype]>(
  init: Omit<TensorInit, "data" | "dtype"> & { data: A; dtype?: undefined },
): TensorDataOf<DefaultDtype<A>>;
function tensor(init: { [D in TensorDtype]: TensorInit<D> }[TensorDtype]): TensorData;
function tensor(init: TensorInit): TensorData {
  const { data, shape = [data?.length], layout, timestampUs, metadata } = init;
  const dtype = init.dtype ?? arrayKey(TENSOR_DEFAULTS, data) ?? "f32";
  const tensor = { type: "tensor", data, dtype, shape, ...(layout === undefined ? {} : { layout }) };
  return checked({ ...tensor, ...common(timestampUs, metadata) } as TensorData);
}

// A Uint16Array holds u16 unless the caller says that it holds the bits of f16.
const { f16: _bitsOfHalves, ...TENSOR_DEFAULTS } = ELEMENT_ARRAYS;

function arrayKey<K extends string>(
  classes: { readonly [key in K]: { new (length: number): object } },
  value: unknown,
): K | undefined {
  return (Object.keys(classes) as K[]).find((key) => value instanceof classes[key]);
}

function common(timestampUs: number | undefined, metadata: DataCommon["metadata"]): DataCommon {
  return {
    ...(timestampUs === undefined ? {} : { timestampUs }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function checked<T extends RuntimeDataUnion>(data: T): T {
  checkRuntimeData(data);
  return data;
}

function is<K extends DataKind>(kind: K): (data: RuntimeDataUnion) => data is DataOf<K> {
  return (data): data is DataOf<K> => data?.type === kind;
}

function as<K extends DataKind, T>(kind: K, extract: (data: DataOf<K>) => T): (data: RuntimeDataUnion) => T {
  return (data) => {
    if (data?.type === kind) return extract(data as DataOf<K>);
    const received = typeof data?.type === "string" ? `a ${data.type} value` : displayValue(data);
    throw new StreamrackError("wrong-kind", `expected ${kind} data, received ${received}`, {
      remedy: `Check with RuntimeData.is${kind[0]?.toUpperCase()}${kind.slice(1)}(data) first.`,
    });
  };
}

/** The shape of the companion constant {@linkcode RuntimeData}. */
export interface RuntimeDataCompanion {
  /** Makes audio from interleaved samples; their class decides the format. Throws `invalid-data`. */
  readonly audio: typeof audio;
  /** Makes text. */
  text(text: string, options?: DataCommon & { language?: string }): TextData;
  /** Makes JSON; throws `invalid-data` with the path for what JSON cannot express. */
  json(value: JsonValue, options?: DataCommon): JsonData;
  /** Makes binary data. */
  binary(bytes: Uint8Array, options?: DataCommon & { mimeType?: string }): BinaryData;
  /** Makes a tensor; throws `invalid-data` if shape and data do not fit. */
  readonly tensor: typeof tensor;
  /** Makes a video frame; throws `invalid-data` if the bytes do not fit the dimensions. */
  video(init: Omit<VideoData, "type">): VideoData;
  /** Makes a reference to a file. */
  file(init: Omit<FileData, "type">): FileData;
  /** Makes a control message. */
  control(control: ControlMessage, options?: DataCommon & { segmentId?: string }): ControlData;

  /** Whether the value is audio. */
  isAudio(data: RuntimeDataUnion): data is AudioData;
  /** Whether the value is text. */
  isText(data: RuntimeDataUnion): data is TextData;
  /** Whether the value is JSON. */
  isJson(data: RuntimeDataUnion): data is JsonData;
  /** Whether the value is binary data. */
  isBinary(data: RuntimeDataUnion): data is BinaryData;
  /** Whether the value is a tensor. */
  isTensor(data: RuntimeDataUnion): data is TensorData;
  /** Whether the value is a video frame. */
  isVideo(data: RuntimeDataUnion): data is VideoData;
  /** Whether the value is a reference to a file. */
  isFile(data: RuntimeDataUnion): data is FileData;
  /** Whether the value is a control message. */
  isControl(data: RuntimeDataUnion): data is ControlData;

  /** The audio value itself; throws `wrong-kind` on another kind. */
  asAudio(data: RuntimeDataUnion): AudioData;
  /** The text; throws `wrong-kind` on another kind. */
  asText(data: RuntimeDataUnion): string;
  /** The JSON value; throws `wrong-kind` on another kind. */
  asJson(data: RuntimeDataUnion): JsonValue;
  /** The bytes; throws `wrong-kind` on another kind. */
  asBinary(data: RuntimeDataUnion): Uint8Array;
  /** The tensor value itself; throws `wrong-kind` on another kind. */
  asTensor(data: RuntimeDataUnion): TensorData;
  /** The video frame itself; throws `wrong-kind` on another kind. */
  asVideo(data: RuntimeDataUnion): VideoData;
  /** The file reference itself; throws `wrong-kind` on another kind. */
  asFile(data: RuntimeDataUnion): FileData;
  /** The control message; throws `wrong-kind` on another kind. */
  asControl(data: RuntimeDataUnion): ControlMessage;

  /** Returns the value if it is valid RuntimeData, else throws `invalid-data` or `detached-data`. */
  check(value: unknown, path?: string): RuntimeDataUnion;
  /** A copy that shares no bytes with the original. */
  copy<T extends RuntimeDataUnion>(data: T): T;
  /** The buffers that `postMessage` may move. */
  transferables(data: RuntimeDataUnion): ArrayBuffer[];
  /** Bytes that the value counts for in flow control. */
  byteLength(data: RuntimeDataUnion): number;
  /** Whether the value's bytes were moved away. */
  isDetached(data: RuntimeDataUnion): boolean;
  /** Whether the value would be moved rather than copied between threads. Data without bytes is. */
  isMovable(data: RuntimeDataUnion): boolean;
}

/**
 * Makes, tests and opens RuntimeData.
 *
 * @example
 * ```ts
 * import { RuntimeData } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const tone = Float32Array.from({ length: 480 }, (_, i) => Math.sin(2 * Math.PI * 440 * i / 48000));
 * const data: RuntimeData = RuntimeData.audio({ samples: tone, sampleRate: 48000, channels: 1 });
 *
 * assert.ok(RuntimeData.isAudio(data));
 * assert.equal(data.format, "f32");
 * assert.throws(() => RuntimeData.asText(data), { code: "invalid-argument", reason: "wrong-kind" });
 * ```
 */
export const RuntimeData: RuntimeDataCompanion = {
  audio,
  text: (text, options = {}) => checked({ ...options, type: "text", text }),
  json: (value, options = {}) => checked({ ...options, type: "json", value }),
  binary: (bytes, options = {}) => checked({ ...options, type: "binary", bytes }),
  tensor,
  video: (init) => checked({ ...init, type: "video" }),
  file: (init) => checked({ ...init, type: "file" }),
  control: (control, options = {}) => checked({ ...options, type: "control", control }),

  isAudio: is("audio"),
  isText: is("text"),
  isJson: is("json"),
  isBinary: is("binary"),
  isTensor: is("tensor"),
  isVideo: is("video"),
  isFile: is("file"),
  isControl: is("control"),

  asAudio: as("audio", (data) => data),
  asText: as("text", (data) => data.text),
  asJson: as("json", (data) => data.value),
  asBinary: as("binary", (data) => data.bytes),
  asTensor: as("tensor", (data) => data),
  asVideo: as("video", (data) => data),
  asFile: as("file", (data) => data),
  asControl: as("control", (data) => data.control),

  check: checkRuntimeData,
  copy: copyData,
  transferables,
  byteLength,
  isDetached(data) {
    const payload = payloadOf(data);
    return payload !== undefined && isDetached(payload);
  },
  isMovable(data) {
    const payload = payloadOf(data);
    return payload === undefined || isMovable(payload);
  },
};
