/**
 * What the audio nodes need of samples beyond the conversions of the plugin
 * entry: saturation, and a guard against NaN and infinities.
 *
 * @module
 */

import { type AudioData, type AudioFormat, convertFormat, FULL_SCALE } from "../../core/plugin.ts";

/** The samples of a chunk, in any format. */
export type Samples = AudioData["samples"];

/** Zeroed samples of a format. */
export function newSamples(format: AudioFormat, length: number): Samples {
  switch (format) {
    case "f32":
      return new Float32Array(length);
    case "i16":
      return new Int16Array(length);
    case "i32":
      return new Int32Array(length);
  }
}

/**
 * How a computed value is stored in a format: integers round half away from
 * zero and saturate, floats stay as they are.
 */
export function sampleFitter(format: AudioFormat): (value: number) => number {
  if (format === "f32") return (value) => value;
  const min = -FULL_SCALE[format];
  const max = FULL_SCALE[format] - 1;
  return (value) => {
    const rounded = value < 0 ? -Math.round(-value) : Math.round(value);
    return rounded > max ? max : rounded < min ? min : rounded;
  };
}

/** The value, or 0 for NaN and the infinities. */
export function finite(value: number): number {
  return value - value === 0 ? value : 0;
}

/**
 * The samples of a chunk as floats, with 0 for NaN and the infinities, so
 * that one bad sample cannot live on in the memory of a filter. Float chunks
 * are cleaned in place.
 */
export function finiteFloats(audio: AudioData): Float32Array {
  const { samples } = convertFormat(audio, "f32");
  if (audio.format !== "f32") return samples;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    if (sample - sample !== 0) samples[i] = 0;
  }
  return samples;
}
