/**
 * Checks that a value is RuntimeData, down to the bytes: everything that
 * enters a pipeline from outside passes through here once.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../errors.ts";
import { checkJson, JSON_SIZE_MAX } from "./check_json.ts";
import { invalid, REFUSAL } from "./invalid_data.ts";
import { checkAttached, isDetached } from "./transfer.ts";
import {
  type AudioData,
  type AudioFormat,
  type AudioSamples,
  type ControlMessage,
  DATA_KINDS,
  type DataKind,
  type PixelFormat,
  type RuntimeData,
  type TensorDtype,
  type TensorElements,
} from "./types.ts";

interface Constructor<T> {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): T;
  new (buffer: ArrayBuffer): T;
}

/** The typed array class of each audio format. */
export const SAMPLE_ARRAYS: { readonly [F in AudioFormat]: Constructor<AudioSamples[F]> } = {
  f32: Float32Array,
  i16: Int16Array,
  i32: Int32Array,
};

/** The typed array class of each tensor dtype. */
export const ELEMENT_ARRAYS: { readonly [D in TensorDtype]: Constructor<TensorElements[D]> } = {
  f16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
};

/** Highest accepted sample rate in hertz. */
export const SAMPLE_RATE_MAX_HZ = 768_000;
/** Highest accepted number of channels. */
export const CHANNELS_MAX = 255;
/** Highest accepted width and height of a video frame. */
export const PIXELS_PER_SIDE_MAX = 16_384;

/** Bytes of a frame by pixel format; `undefined` where the size is not fixed by the dimensions. */
const FRAME_BYTES: { readonly [P in PixelFormat]: ((width: number, height: number) => number) | undefined } = {
  rgb24: (width, height) => width * height * 3,
  rgba32: (width, height) => width * height * 4,
  gray8: (width, height) => width * height,
  yuv420p: planar420Bytes,
  i420: planar420Bytes,
  nv12: planar420Bytes,
  encoded: undefined,
};

function planar420Bytes(width: number, height: number): number {
  return width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
}

/**
 * Returns the value if it is valid RuntimeData.
 *
 * @param value Anything.
 * @param path Where the value came from, for the error message.
 * @throws {StreamrackError} `invalid-data`, or `detached-data` if its bytes were already moved away.
 */
export function checkRuntimeData(value: unknown, path = "data"): RuntimeData {
  try {
    return checkReadable(value, path);
  } catch (thrown) {
    if (StreamrackError.is(thrown)) throw thrown;
    // A getter or a proxy threw: such an object would not survive the way to a worker either.
    const problem = { path, message: "cannot be read", received: displayValue(value), expected: "a plain object" };
    throw new StreamrackError("invalid-data", REFUSAL, { problems: [problem], cause: thrown });
  }
}

/**
 * Whether a value is certainly right: the shape that `RuntimeData.audio` makes, with samples and without metadata. Most
 * values are, and on their way through a pipeline they are checked at every stage.
 */
function isPlainAudio(value: unknown): value is RuntimeData {
  if (typeof value !== "object" || value === null) return false;
  const { type, format, samples, sampleRate, channels, timestampUs } = value as AudioData;
  if (type !== "audio" || !isKeyOf(SAMPLE_ARRAYS, format) || !(samples instanceof SAMPLE_ARRAYS[format])) return false;
  // Detached samples have length 0.
  const { length } = samples as Float32Array;
  if (length === 0 || typeof sampleRate !== "number" || !(sampleRate > 0 && sampleRate <= SAMPLE_RATE_MAX_HZ)) {
    return false;
  }
  if (!isWholeNumber(channels, 1, CHANNELS_MAX) || length % channels !== 0) return false;
  const fieldCount = Object.keys(value).length;
  return timestampUs === undefined ? fieldCount === 5 : fieldCount === 6 && Number.isFinite(timestampUs);
}

function checkReadable(value: unknown, path: string): RuntimeData {
  if (isPlainAudio(value)) return value;
  if (typeof value !== "object" || value === null || !("type" in value)) {
    throw invalid(path, "is not RuntimeData", value, 'an object with a "type", as RuntimeData.audio(…) makes');
  }
  const data = value as RuntimeData;
  if (!isKeyOf(CHECKS, data.type)) {
    throw invalid(`${path}.type`, "is not a kind of RuntimeData", data.type, `one of ${DATA_KINDS.join(", ")}`);
  }
  CHECKS[data.type](data as never, path);
  checkFields(data, path);
  if (data.timestampUs !== undefined && !Number.isFinite(data.timestampUs)) {
    throw invalid(`${path}.timestampUs`, "is not a number of microseconds", data.timestampUs, "a finite number");
  }
  if (data.metadata !== undefined) checkMetadata(data.metadata, `${path}.metadata`);
  checkAttached(data, path);
  return data;
}

/** What each kind may carry beside `type`, `timestampUs` and `metadata`; `"any"` where {@linkcode CHECKS} looks closer. */
const FIELDS: { readonly [K in DataKind]: { readonly [field: string]: "any" | "string" | "number" | "boolean" } } = {
  audio: { samples: "any", sampleRate: "any", channels: "any", format: "any" },
  text: { text: "any", language: "string" },
  json: { value: "any" },
  binary: { bytes: "any", mimeType: "string" },
  tensor: { data: "any", dtype: "any", shape: "any", layout: "string" },
  video: {
    pixels: "any",
    width: "any",
    height: "any",
    pixelFormat: "any",
    frameNumber: "any",
    codec: "any",
    isKeyframe: "boolean",
  },
  file: {
    path: "any",
    filename: "string",
    mimeType: "string",
    sizeBytes: "any",
    offsetBytes: "any",
    lengthBytes: "any",
  },
  control: { control: "any", segmentId: "string" },
};

/**
 * Refuses fields that the kind does not have. A value that cannot be cloned
 * would otherwise be found out by `postMessage`, which on Deno has taken the
 * buffers away by then.
 */
function checkFields(data: RuntimeData, path: string): void {
  const fields = FIELDS[data.type];
  for (const key of Object.keys(data)) {
    if (key === "type" || key === "timestampUs" || key === "metadata") continue;
    const type = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const value: unknown = data[key as keyof RuntimeData];
    if (type === undefined) {
      throw invalid(`${path}.${key}`, `is not a field of ${data.type} data`, value, "values of your own in metadata");
    }
    if (type !== "any" && value !== undefined && typeof value !== type) {
      throw invalid(`${path}.${key}`, "is not right", value, `a ${type}`);
    }
  }
}

const CHECKS: { readonly [K in DataKind]: (data: Extract<RuntimeData, { type: K }>, path: string) => void } = {
  audio(data, path) {
    const samples: unknown = data.samples;
    if (!isKeyOf(SAMPLE_ARRAYS, data.format)) {
      throw invalid(`${path}.format`, "is not an audio format", data.format, '"f32", "i16" or "i32"');
    }
    const TypedArray = SAMPLE_ARRAYS[data.format];
    if (!(samples instanceof TypedArray)) {
      throw invalid(`${path}.samples`, `does not fit format "${data.format}"`, samples, `a ${TypedArray.name}`);
    }
    checkSampleRate(data.sampleRate, `${path}.sampleRate`);
    checkChannels(data.channels, `${path}.channels`);
    if (data.samples.length % data.channels !== 0) {
      const expected = `a multiple of ${data.channels} (the number of channels)`;
      throw invalid(`${path}.samples.length`, "leaves an incomplete frame", data.samples.length, expected);
    }
  },
  text(data, path) {
    if (typeof data.text !== "string") throw invalid(`${path}.text`, "is not text", data.text, "a string");
  },
  json(data, path) {
    checkJson(data.value, `${path}.value`);
  },
  binary(data, path) {
    checkBytes(data.bytes, `${path}.bytes`);
  },
  tensor(data, path) {
    if (!isKeyOf(ELEMENT_ARRAYS, data.dtype)) {
      throw invalid(`${path}.dtype`, "is not an element type", data.dtype, Object.keys(ELEMENT_ARRAYS).join(", "));
    }
    const TypedArray = ELEMENT_ARRAYS[data.dtype];
    if (!(data.data instanceof TypedArray)) {
      throw invalid(`${path}.data`, `does not fit dtype "${data.dtype}"`, data.data, `a ${TypedArray.name}`);
    }
    if (!Array.isArray(data.shape) || !isShape(data.shape)) {
      throw invalid(`${path}.shape`, "is not a shape", data.shape, "an array of whole numbers, none negative");
    }
    const count = data.shape.reduce((product, size) => product * size, 1);
    if (count !== data.data.length && !isDetached(data.data)) {
      const expected = `a shape whose product is ${data.data.length}, the number of elements`;
      throw invalid(`${path}.shape`, "does not fit the data", data.shape, expected);
    }
  },
  video(data, path) {
    checkBytes(data.pixels, `${path}.pixels`);
    for (const side of ["width", "height"] as const) {
      if (!isWholeNumber(data[side], 1, PIXELS_PER_SIDE_MAX)) {
        throw invalid(`${path}.${side}`, "is not a size", data[side], `1 to ${PIXELS_PER_SIDE_MAX} pixels`);
      }
    }
    if (!isKeyOf(FRAME_BYTES, data.pixelFormat)) {
      const expected = Object.keys(FRAME_BYTES).join(", ");
      throw invalid(`${path}.pixelFormat`, "is not a pixel format", data.pixelFormat, expected);
    }
    const bytes = FRAME_BYTES[data.pixelFormat]?.(data.width, data.height);
    if (bytes !== undefined && bytes !== data.pixels.byteLength && !isDetached(data.pixels)) {
      const expected = `${bytes} bytes for ${data.width}×${data.height} ${data.pixelFormat}`;
      throw invalid(`${path}.pixels.byteLength`, "does not fit the frame", data.pixels.byteLength, expected);
    }
    if (data.frameNumber !== undefined && !isWholeNumber(data.frameNumber, 0, Number.MAX_SAFE_INTEGER)) {
      throw invalid(`${path}.frameNumber`, "is not a frame number", data.frameNumber, "a whole number from 0");
    }
    if (data.codec !== undefined && !CODECS.includes(data.codec)) {
      throw invalid(`${path}.codec`, "is not a codec", data.codec, `one of ${CODECS.join(", ")}`);
    }
  },
  file(data, path) {
    if (typeof data.path !== "string" || data.path === "") {
      throw invalid(`${path}.path`, "names no file", data.path, "a path");
    }
    for (const key of ["sizeBytes", "offsetBytes", "lengthBytes"] as const) {
      const value = data[key];
      if (value !== undefined && !isWholeNumber(value, 0, Number.MAX_SAFE_INTEGER)) {
        throw invalid(`${path}.${key}`, "is not a number of bytes", value, "a whole number from 0");
      }
    }
  },
  control(data, path) {
    const { op } = (data.control ?? {}) as { op?: unknown };
    if (!isKeyOf(CONTROL_FIELDS, op)) {
      const expected = '"cancel-speculation", "batch-hint" or "deadline-warning"';
      throw invalid(`${path}.control.op`, "is not a control message", op, expected);
    }
    const fields = CONTROL_FIELDS[op];
    for (const key of Object.keys(data.control)) {
      if (key !== "op" && !fields.includes(key)) {
        const value = data.control[key as keyof ControlMessage];
        throw invalid(`${path}.control.${key}`, `is not a field of "${op}"`, value, fields.join(", "));
      }
    }
    for (const key of fields) {
      const value: unknown = data.control[key as keyof ControlMessage];
      if (!Number.isFinite(value)) throw invalid(`${path}.control.${key}`, "is not a number", value, "a finite number");
    }
  },
};

const CODECS: readonly unknown[] = ["vp8", "h264", "av1"];

/** The fields of each control message beside `op`. All are numbers, none is optional. */
const CONTROL_FIELDS: { readonly [O in ControlMessage["op"]]: readonly string[] } = {
  "cancel-speculation": ["fromTimestampUs", "toTimestampUs"],
  "batch-hint": ["batchSize"],
  "deadline-warning": ["deadlineUs"],
};

/** Throws `invalid-data` unless the value is a sample rate: more than 0, at most 768 000 Hz. */
export function checkSampleRate(value: unknown, path: string): void {
  if (typeof value !== "number" || !(value > 0) || value > SAMPLE_RATE_MAX_HZ) {
    throw invalid(path, "is not a sample rate", value, `more than 0, at most ${SAMPLE_RATE_MAX_HZ} Hz`);
  }
}

/** Throws `invalid-data` unless the value is a number of channels: 1 to 255. */
export function checkChannels(value: unknown, path: string): void {
  if (!isWholeNumber(value, 1, CHANNELS_MAX)) {
    throw invalid(path, "is not a number of channels", value, `a whole number from 1 to ${CHANNELS_MAX}`);
  }
}

function checkBytes(value: unknown, path: string): void {
  if (!(value instanceof Uint8Array)) throw invalid(path, "does not hold bytes", value, "a Uint8Array");
}

/** Throws `invalid-data` unless the value is an object that JSON can express, and that is no larger when it is written. */
export function checkMetadata(value: unknown, path: string, maxSize: number = JSON_SIZE_MAX): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(path, "is not metadata", value, "an object with JSON values");
  }
  checkJson(value, path, maxSize);
}

function isKeyOf<T extends object>(table: T, key: unknown): key is keyof T {
  return typeof key === "string" && Object.hasOwn(table, key);
}

function isShape(shape: readonly unknown[]): boolean {
  // Not every(), which passes over holes.
  for (let i = 0; i < shape.length; i++) if (!isWholeNumber(shape[i], 0, Number.MAX_SAFE_INTEGER)) return false;
  return true;
}

function isWholeNumber(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}
