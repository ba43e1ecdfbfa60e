/**
 * Conversions of audio: sample formats, and interleaved to planar and back.
 *
 * @module
 */

import { deinterleave, interleaveOf } from "./interleave.ts";
import { RuntimeData } from "./runtime_data.ts";
import { checkAttached } from "./transfer.ts";
import type { AudioData, AudioDataOf, AudioFormat, AudioSamples, DataCommon, FormatOf } from "./types.ts";
import { SAMPLE_ARRAYS } from "./validate.ts";

/** The integer that stands for full scale 1.0 in each integer format. */
export const FULL_SCALE = { i16: 32_768, i32: 2_147_483_648 } as const;

/** How many frames (one sample of every channel) a chunk holds. */
export function frameCount(audio: AudioData): number {
  return audio.samples.length / audio.channels;
}

/** How long a chunk lasts, in microseconds, unrounded. */
export function durationUs(audio: AudioData): number {
  return frameCount(audio) / audio.sampleRate * 1e6;
}

/**
 * The audio in another sample format. The same value is returned if it has
 * that format already; else the samples are new.
 *
 * Floats map to integers by multiplying with the full scale (32768 for i16,
 * 2147483648 for i32) and rounding half away from zero. What lies outside the
 * range is clipped, NaN becomes 0. Integers of one width map to the other by a
 * factor of 65536, rounded, so i16 → i32 → i16 and i16 → f32 → i16 give back the same samples.
 *
 * @throws {StreamrackError} `detached-data` if the samples were moved away.
 *
 * @example
 * ```ts
 * import { convertFormat, RuntimeData } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const floats = RuntimeData.audio({ samples: Float32Array.of(0, 0.5, -1, 2, NaN), sampleRate: 16000 });
 * assert.deepEqual([...convertFormat(floats, "i16").samples], [0, 16384, -32768, 32767, 0]);
 * ```
 */
export function convertFormat<F extends AudioFormat>(audio: AudioData, format: F): AudioDataOf<F> {
  checkAttached(audio, "audio"); // detached samples have length 0 and would pass for silence
  if (audio.format === format) return audio as AudioDataOf<F>;
  return { ...audio, samples: convertSamples(audio, format), format } as unknown as AudioDataOf<F>;
}

function convertSamples(audio: AudioData, format: AudioFormat): Float32Array | Int16Array | Int32Array {
  if (format === "f32") return audio.format === "f32" ? audio.samples : integersToFloats(audio);
  if (audio.format === "f32") return floatsToIntegers(audio.samples, format);
  // One integer width to the other: 16 bits apart.
  if (format === "i32") return Int32Array.from(audio.samples, (sample) => sample << 16);
  // Half of the lost width is added first, to round; the top of the range would wrap, so it is held.
  return Int16Array.from(audio.samples, (sample) => Math.min(32_767, Math.floor((sample + 0x8000) / 0x10000)));
}

function integersToFloats(audio: AudioDataOf<"i16"> | AudioDataOf<"i32">): Float32Array {
  const { samples } = audio;
  const scale = 1 / FULL_SCALE[audio.format];
  const floats = new Float32Array(samples.length);
  for (let i = 0; i < samples.length; i++) floats[i] = (samples[i] as number) * scale;
  return floats;
}

function floatsToIntegers(floats: Float32Array, format: "i16" | "i32"): Int16Array | Int32Array {
  const fullScale = FULL_SCALE[format];
  const max = fullScale - 1;
  const integers = new SAMPLE_ARRAYS[format](floats.length);
  for (let i = 0; i < floats.length; i++) {
    const scaled = (floats[i] as number) * fullScale;
    const rounded = scaled < 0 ? -Math.round(-scaled) : Math.round(scaled);
    // A typed array stores NaN as 0; infinities are caught by the clip.
    integers[i] = rounded > max ? max : rounded < -fullScale ? -fullScale : rounded;
  }
  return integers;
}

/**
 * Splits interleaved audio into one array per channel, each of
 * {@linkcode frameCount} samples, in the format of the audio.
 *
 * @throws {StreamrackError} `detached-data` if the samples were moved away.
 *
 * @example
 * ```ts
 * import { RuntimeData, toPlanar } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const stereo = RuntimeData.audio({ samples: Int16Array.of(1, -1, 2, -2), sampleRate: 8000, channels: 2 });
 * const [left, right] = toPlanar(stereo);
 * assert.deepEqual([...left!], [1, 2]);
 * assert.deepEqual([...right!], [-1, -2]);
 * ```
 */
export function toPlanar<F extends AudioFormat>(audio: AudioDataOf<F>): AudioSamples[F][] {
  const { samples, channels } = audio as AudioData;
  checkAttached(audio as AudioData, "audio");
  return deinterleave(samples, channels) as AudioSamples[F][];
}

/**
 * Interleaves one array per channel into a chunk of audio.
 *
 * @param planes One typed array per channel, all of one class and one length.
 * @throws {StreamrackError} `invalid-data` if there is no plane, or classes or lengths differ.
 */
export function fromPlanar<A extends AudioSamples[AudioFormat]>(
  planes: readonly A[],
  options: DataCommon & { readonly sampleRate: number },
): AudioDataOf<FormatOf<A>> {
  const samples = interleaveOf(
    planes as readonly AudioData["samples"][],
    Object.values(SAMPLE_ARRAYS),
  ) as AudioData["samples"];
  return RuntimeData.audio({ ...options, samples, channels: planes.length }) as unknown as AudioDataOf<FormatOf<A>>;
}
