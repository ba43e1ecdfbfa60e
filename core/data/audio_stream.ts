/**
 * AudioStream: a piece of PCM audio as bytes, with the time that it covers.
 *
 * It is the form of audio that files, sockets and the programs of others
 * speak. Nodes of a pipeline speak {@linkcode AudioData}; the way from one to
 * the other is a change of view where the widths agree.
 *
 * @module
 */

import { displayValue, type Problem, StreamrackError } from "../errors.ts";
import { convertFormat } from "./audio.ts";
import { RuntimeData } from "./runtime_data.ts";
import { isDetached } from "./transfer.ts";
import type { AudioData, AudioDataOf, Metadata } from "./types.ts";
import { CHANNELS_MAX, checkMetadata, SAMPLE_RATE_MAX_HZ } from "./validate.ts";

/** How samples are laid out in the bytes: 16-bit integers, or 32-bit floats with full scale ±1; little-endian. */
export type AudioStreamFormat = "pcm_s16le" | "pcm_f32le";

const WIDTHS = { pcm_s16le: 2, pcm_f32le: 4 } as const satisfies { readonly [F in AudioStreamFormat]: number };

/** The fields of an {@linkcode AudioStream}: what of it crosses threads. */
export interface AudioStreamFields {
  readonly type: "audio_stream";
  /** Interleaved samples as bytes. */
  readonly data: Uint8Array;
  /** Frames per second, in hertz. More than 0, at most 768 000. */
  readonly sampleRate: number;
  /** 1 to 255. */
  readonly channels: number;
  /** Bytes of one sample: 2 or 4, as `format` says. */
  readonly sampleWidth: 2 | 4;
  readonly format: AudioStreamFormat;
  /** Start and end, in seconds. */
  readonly timestamp: readonly [start: number, end: number];
  readonly metadata: Metadata;
}

/** What the constructor of {@linkcode AudioStream} takes. */
export interface AudioStreamInit {
  /** May be given, as all fields may; it is always `"audio_stream"`. */
  readonly type?: "audio_stream" | undefined;
  /** Interleaved samples as bytes. Used as they are, not copied. */
  readonly data: Uint8Array;
  /** In hertz, more than 0, at most 768 000. */
  readonly sampleRate: number;
  /** 1 to 255. Default: 1. */
  readonly channels?: number | undefined;
  /** Bytes of one sample, 2 or 4. Default: as `format` says, and 2 without it. */
  readonly sampleWidth?: number | undefined;
  /** Default: as `sampleWidth` says. */
  readonly format?: AudioStreamFormat | undefined;
  /** Start and end, in seconds; not before the start. Default: from 0, as long as it lasts. */
  readonly timestamp?: readonly [start: number, end: number] | undefined;
  /** Default: `{}`. */
  readonly metadata?: Metadata | undefined;
}

/** What {@linkcode AudioStream.fromSamples} takes beside the samples. */
export interface SamplesOptions extends Omit<AudioStreamInit, "type" | "data" | "sampleWidth"> {
  /** Default: `"pcm_s16le"`, also for floats. */
  readonly format?: AudioStreamFormat | undefined;
}

/** The typed array that {@linkcode AudioStream.toSamples} gives for each element type. */
export interface SampleTypes {
  int16: Int16Array;
  float32: Float32Array;
  float64: Float64Array;
}

/**
 * A piece of PCM audio as bytes.
 *
 * Its fields are plain and clone, so it crosses threads; what arrives has lost
 * its methods, which {@linkcode AudioStream.from} gives back.
 *
 * @example
 * ```ts
 * import { AudioStream } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const stream = AudioStream.fromSamples(Float32Array.of(0, 0.5, -0.5, -1), { sampleRate: 8000, channels: 2 });
 * assert.equal(stream.format, "pcm_s16le");
 * assert.equal(stream.durationSeconds(), 2 / 8000);
 * assert.deepEqual([...stream.toSamples("int16")], [0, 16384, -16384, -32768]);
 *
 * const arrived = AudioStream.from(structuredClone(stream)); // as after postMessage
 * assert.deepEqual(arrived, stream);
 * ```
 */
export class AudioStream implements AudioStreamFields {
  readonly type = "audio_stream";
  readonly data: Uint8Array;
  readonly sampleRate: number;
  readonly channels: number;
  readonly sampleWidth: 2 | 4;
  readonly format: AudioStreamFormat;
  readonly timestamp: readonly [start: number, end: number];
  readonly metadata: Metadata;

  /** @throws {StreamrackError} `invalid-data` with every field that is wrong; `detached-data`. */
  constructor(init: AudioStreamInit) {
    const { data, sampleRate, channels = 1, metadata = {} } = init;
    const format = init.format ?? (init.sampleWidth === 4 ? "pcm_f32le" : "pcm_s16le");
    const sampleWidth = init.sampleWidth ?? WIDTHS[format];
    checkFields({ ...init, channels, format, sampleWidth, metadata });
    this.data = data;
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.sampleWidth = sampleWidth as 2 | 4;
    this.format = format;
    const [start, end] = init.timestamp ?? [0, data.length / (channels * sampleWidth) / sampleRate];
    this.timestamp = [start, end];
    this.metadata = metadata;
  }

  /**
   * The stream that a value is: the value itself, or one with its fields, such
   * as a clone that has come from another thread. The bytes are not copied.
   *
   * @throws {StreamrackError} `invalid-data` if it is none; `detached-data`.
   */
  static from(value: unknown): AudioStream {
    if (value instanceof AudioStream) return value;
    if (typeof value === "object" && value !== null && (value as { type?: unknown }).type === "audio_stream") {
      return new AudioStream(value as AudioStreamInit);
    }
    throw refused([{
      path: "",
      message: "is not an AudioStream",
      received: displayValue(value),
      expected: 'an object with type "audio_stream"',
    }]);
  }

  /**
   * Makes a stream of samples. Those of the format's own class are used as
   * they are; floats become integers as {@linkcode AudioStream.toSamples} turns
   * them back; what is beyond ±1 is clipped, NaN becomes 0.
   *
   * @param samples Interleaved: an Int16Array, or a Float32Array or Float64Array with full scale ±1.
   * @throws {StreamrackError} `invalid-data` for samples of another class.
   */
  static fromSamples(samples: SampleTypes[keyof SampleTypes], options: SamplesOptions): AudioStream {
    const { format = "pcm_s16le" } = options;
    const converted = toFormat(samples, format);
    const data = new Uint8Array(converted.buffer, converted.byteOffset, converted.byteLength);
    return new AudioStream({ ...options, data, format });
  }

  /** Makes a stream of audio as nodes speak it; i32 becomes f32. Without a timestamp it begins at 0. */
  static fromAudio(audio: AudioData): AudioStream {
    const { sampleRate, channels, timestampUs = 0, metadata } = audio;
    const { samples } = audio.format === "i16" ? audio : convertFormat(audio, "f32");
    const start = timestampUs / 1e6;
    return AudioStream.fromSamples(samples, {
      sampleRate,
      channels,
      format: audio.format === "i16" ? "pcm_s16le" : "pcm_f32le",
      timestamp: [start, start + samples.length / channels / sampleRate],
      metadata,
    });
  }

  /** How long the samples last, in seconds. */
  durationSeconds(): number {
    return this.data.length / (this.channels * this.sampleWidth) / this.sampleRate;
  }

  /**
   * The audio as nodes speak it, in f32 or i16. The memory is shared, and so
   * moves away when the audio is sent; only bytes that are not aligned for
   * their samples are copied.
   *
   * @throws {StreamrackError} `detached-data` if the bytes were moved away.
   */
  toAudio(): AudioDataOf<"f32" | "i16"> {
    const { sampleRate, channels, timestamp: [start], metadata } = this;
    const timestampUs = Math.round(start * 1e6);
    const common = { sampleRate, channels, timestampUs, metadata };
    return this.format === "pcm_s16le"
      ? RuntimeData.audio({ samples: this.#view(Int16Array), ...common })
      : RuntimeData.audio({ samples: this.#view(Float32Array), ...common });
  }

  /**
   * The samples as numbers: `"int16"` from -32768 to 32767, floats with full
   * scale ±1. Samples that are so already share the memory of the stream.
   *
   * Between them, -32768 stands for -1 and 32767 for +1: floats below 0 are
   * counted in steps of 1/32768, those above in steps of 1/32767. So int16 →
   * float → int16 gives back the same samples, and float → int16 → float is
   * off by at most half a step, from -1 to +1, both included. One scale for
   * both signs cannot give that: 32768 leaves +1 a step above the last integer.
   * Nodes and AudioSegment read int16 by 32768 alone, as `convertFormat` does;
   * the difference is at most one step, at full scale.
   *
   * @throws {StreamrackError} `invalid-data` for another element type; `detached-data`.
   */
  toSamples<T extends keyof SampleTypes>(type: T): SampleTypes[T] {
    return this.#toSamples(type) as SampleTypes[T];
  }

  #toSamples(type: keyof SampleTypes): SampleTypes[keyof SampleTypes] {
    const samples = this.format === "pcm_s16le" ? this.#view(Int16Array) : this.#view(Float32Array);
    switch (type) {
      case "int16":
        return toFormat(samples, "pcm_s16le");
      case "float32":
        return toFormat(samples, "pcm_f32le");
      case "float64":
        return samples instanceof Int16Array ? Float64Array.from(samples, toFloat) : Float64Array.from(samples);
      default:
        throw refused([{
          path: "type",
          message: "is not an element type",
          received: displayValue(type),
          expected: '"int16", "float32" or "float64"',
        }]);
    }
  }

  #view<A>(
    TypedArray: {
      readonly BYTES_PER_ELEMENT: number;
      new (buffer: ArrayBufferLike, offset: number, length: number): A;
    },
  ): A {
    checkNotDetached(this.data);
    const { byteOffset, length } = this.data;
    const isAligned = byteOffset % TypedArray.BYTES_PER_ELEMENT === 0;
    const bytes = isAligned ? this.data : Uint8Array.from(this.data);
    return new TypedArray(bytes.buffer, bytes.byteOffset, length / TypedArray.BYTES_PER_ELEMENT);
  }
}

/** The samples in a format; themselves, where they are so already. */
function toFormat(samples: SampleTypes[keyof SampleTypes], format: "pcm_s16le"): Int16Array;
function toFormat(samples: SampleTypes[keyof SampleTypes], format: "pcm_f32le"): Float32Array;
function toFormat(samples: SampleTypes[keyof SampleTypes], format: AudioStreamFormat): Int16Array | Float32Array;
function toFormat(samples: SampleTypes[keyof SampleTypes], format: AudioStreamFormat): Int16Array | Float32Array {
  if (format === "pcm_f32le") {
    if (samples instanceof Float32Array) return samples;
    if (samples instanceof Float64Array) return Float32Array.from(samples);
    if (samples instanceof Int16Array) return Float32Array.from(samples, toFloat);
  } else if (format === "pcm_s16le") {
    if (samples instanceof Int16Array) return samples;
    if (samples instanceof Float32Array || samples instanceof Float64Array) return Int16Array.from(samples, toInt16);
  } else {
    throw refused([badFormat(format)]);
  }
  throw refused([{
    path: "samples",
    message: "are of a class that cannot be used",
    received: displayValue(samples),
    expected: "an Int16Array, Float32Array or Float64Array",
  }]);
}

/** What stands for -1 and for +1 in int16. */
const MIN_16 = -32_768;
const MAX_16 = 32_767;

function toFloat(sample: number): number {
  return sample < 0 ? sample / -MIN_16 : sample / MAX_16;
}

/** Rounded half away from zero, clipped; NaN becomes 0 in the array. */
function toInt16(sample: number): number {
  return sample < 0 ? Math.max(MIN_16, -Math.round(sample * MIN_16)) : Math.min(MAX_16, Math.round(sample * MAX_16));
}

function checkFields(fields: Omit<AudioStreamInit, "type"> & { readonly type?: unknown }): void {
  const { type, data, sampleRate, channels, sampleWidth, format, timestamp, metadata } = fields;
  const problems: Problem[] = [];
  const expect = (holds: boolean, path: string, message: string, received: unknown, expected: string) => {
    if (!holds) problems.push({ path, message, received: displayValue(received), expected });
  };
  expect(type === undefined || type === "audio_stream", "type", "is another type", type, '"audio_stream"');
  expect(data instanceof Uint8Array, "data", "is not bytes", data, "a Uint8Array");
  const isRate = typeof sampleRate === "number" && sampleRate > 0 && sampleRate <= SAMPLE_RATE_MAX_HZ;
  expect(isRate, "sampleRate", "is not a sample rate", sampleRate, `more than 0, at most ${SAMPLE_RATE_MAX_HZ} Hz`);
  const isCount = Number.isInteger(channels) && (channels as number) >= 1 && (channels as number) <= CHANNELS_MAX;
  expect(isCount, "channels", "is not a number of channels", channels, `1 to ${CHANNELS_MAX}`);
  const width = WIDTHS[format as AudioStreamFormat];
  if (width === undefined) problems.push(badFormat(format));
  else {
    expect(sampleWidth === 2 || sampleWidth === 4, "sampleWidth", "is not supported", sampleWidth, "2 or 4 bytes");
    if (problems.length === 0) {
      expect(sampleWidth === width, "sampleWidth", `does not fit ${format}`, sampleWidth, `${width}`);
      const frameBytes = width * (channels as number);
      const isWhole = data.length % frameBytes === 0;
      expect(
        isWhole,
        "data",
        "is not a whole number of frames",
        `${data.length} bytes`,
        `frames of ${frameBytes} bytes`,
      );
    }
  }
  if (timestamp !== undefined) {
    const isSpan = Array.isArray(timestamp) && timestamp.length === 2 && timestamp.every(Number.isFinite) &&
      timestamp[0] <= timestamp[1];
    expect(isSpan, "timestamp", "is not a span of time", timestamp, "[start, end] in seconds, end not before start");
  }
  if (problems.length > 0) throw refused(problems);
  checkMetadata(metadata, "metadata");
  checkNotDetached(data);
}

function checkNotDetached(data: Uint8Array): void {
  if (!isDetached(data)) return;
  throw new StreamrackError("detached-data", "the bytes of this AudioStream were moved away", {
    remedy: "Make a new one for each send or publish, or keep yours with { copy: true }.",
  });
}

function badFormat(format: unknown): Problem {
  const expected = Object.keys(WIDTHS).map((name) => `"${name}"`).join(" or ");
  return { path: "format", message: "is not supported", received: displayValue(format), expected };
}

function refused(problems: readonly Problem[]): StreamrackError {
  return new StreamrackError("invalid-data", "this is no AudioStream that can be used", { problems });
}
