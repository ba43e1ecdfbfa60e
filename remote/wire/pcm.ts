/**
 * AudioBuffer, which both generations have alike, to audio and back.
 *
 * @module
 */

import { type AudioData, convertFormat, type DataCommon, RuntimeData, StreamrackError } from "../../core/plugin.ts";

/** The fields of an AudioBuffer that are the same in both generations. */
export interface WireAudio {
  readonly samples: Uint8Array;
  readonly sampleRate: number;
  readonly channels: number;
  readonly format: number;
  readonly numSamples: bigint;
}

/** The numbers of the formats on the wire. */
const FORMATS = { 1: "f32", 2: "i16", 3: "i32" } as const;
const FORMAT_NUMBERS = { f32: 1, i16: 2, i32: 3 } as const;
const SAMPLE_ARRAYS = { f32: Float32Array, i16: Int16Array, i32: Int32Array } as const;

/** How audio is read from the wire. */
export interface ReadAudioOptions extends DataCommon {
  /** Whether samples stay in the format that they came in, rather than become floats. */
  readonly keepsFormat: boolean;
}

/**
 * Reads audio. Samples become 32-bit floats, as the protocol says, unless the
 * peer asked to keep formats. A sample that is cut off at the end is dropped.
 *
 * @throws {StreamrackError} `invalid-data` for a format that is not known, and for impossible rates and channels.
 */
export function readAudio(buffer: WireAudio, { keepsFormat, ...common }: ReadAudioOptions): AudioData {
  const format = FORMATS[buffer.format as keyof typeof FORMATS];
  if (format === undefined) {
    const problem = { path: "audio.format", message: "is not an audio format", received: String(buffer.format) };
    throw new StreamrackError("invalid-data", "this audio cannot be read", {
      problems: [{ ...problem, expected: "1 (F32), 2 (I16) or 3 (I32)" }],
    });
  }
  const Samples = SAMPLE_ARRAYS[format];
  const frameBytes = Samples.BYTES_PER_ELEMENT * Math.max(1, buffer.channels);
  const length = buffer.samples.length - buffer.samples.length % frameBytes;
  // A copy: the bytes are a view into the message, at any alignment, and the pipeline needs a buffer of its own.
  const samples = new Samples(copyBytes(buffer.samples.subarray(0, length)));
  const audio = RuntimeData.audio({ ...common, samples, sampleRate: buffer.sampleRate, channels: buffer.channels });
  return keepsFormat ? audio : convertFormat(audio, "f32");
}

/** Writes audio in the format that it has. */
export function writeAudio({ samples, sampleRate, channels, format }: AudioData): WireAudio & { format: 1 | 2 | 3 } {
  return {
    samples: new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength),
    sampleRate: Math.round(sampleRate),
    channels,
    format: FORMAT_NUMBERS[format],
    numSamples: BigInt(samples.length),
  };
}

/** The bytes in a buffer of their own, which begins with them and ends with them. */
export function copyBytes(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
