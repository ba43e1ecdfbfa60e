/**
 * What changes the samples of a segment: gains, ramps, sums. Everything gives
 * new samples, interleaved floats.
 *
 * @module
 */

import { gainOf } from "../dsp/decibels.ts";
import { joinFloats } from "../dsp/join_floats.ts";
import type { MixingMatrix } from "../dsp/mixing_matrix.ts";
import { type ResampleQuality, Resampler } from "../dsp/resampler.ts";

/** Interleaved samples of so many channels. */
export interface Shape {
  readonly samples: Float32Array;
  readonly channels: number;
}

/** Every sample times a factor. */
export function scaled({ samples }: Shape, factor: number): Float32Array {
  return samples.map((sample) => sample * factor);
}

/** A change of gain between two frames: before it one gain holds, behind it the other. */
export interface Ramp {
  readonly fromDb: number;
  readonly toDb: number;
  readonly startFrame: number;
  readonly endFrame: number;
}

/** Gain that goes from one value to another, as a factor in a straight line; -120 dB and less is silence. */
export function ramped({ samples, channels }: Shape, { fromDb, toDb, startFrame, endFrame }: Ramp): Float32Array {
  const [from, to] = [factorOf(fromDb), factorOf(toDb)];
  const length = endFrame - startFrame;
  return samples.map((sample, i) => {
    const passed = Math.floor(i / channels) - startFrame;
    const position = length > 0 ? passed / length : passed < 0 ? 0 : 1;
    return sample * (from + (to - from) * Math.min(1, Math.max(0, position)));
  });
}

function factorOf(decibels: number): number {
  return decibels <= -120 ? 0 : gainOf(decibels);
}

/** The base with other samples added from a frame on, once or again and again; what goes beyond its end is left out. */
export function overlaid(
  base: Shape,
  over: Shape,
  { frame, gain, loop }: { readonly frame: number; readonly gain: number; readonly loop: boolean },
): Float32Array {
  const sum = base.samples.slice();
  const start = frame * base.channels;
  const { samples } = over;
  const end = loop && samples.length > 0 ? sum.length : Math.min(sum.length, start + samples.length);
  for (let i = start, from = 0; i < end; i++, from = from + 1 === samples.length ? 0 : from + 1) {
    sum[i] = (sum[i] as number) + (samples[from] as number) * gain;
  }
  return sum;
}

/** Two stretches one behind the other, overlapping in a crossfade of equal gain. */
export function joined(first: Shape, second: Shape, crossfadeFrames: number): Float32Array {
  const { channels } = first;
  const overlap = crossfadeFrames * channels;
  const all = new Float32Array(first.samples.length + second.samples.length - overlap);
  all.set(first.samples);
  const start = first.samples.length - overlap;
  all.set(second.samples.subarray(overlap), first.samples.length);
  for (let i = 0; i < overlap; i++) {
    const position = (Math.floor(i / channels) + 0.5) / crossfadeFrames;
    const fadingOut = (first.samples[start + i] as number) * (1 - position);
    all[start + i] = fadingOut + (second.samples[i] as number) * position;
  }
  return all;
}

/** The samples mixed to as many channels as the matrix has rows. */
export function remixed({ samples, channels }: Shape, matrix: MixingMatrix): Float32Array {
  const frames = samples.length / channels;
  const mixed = new Float32Array(frames * matrix.length);
  matrix.forEach((gains, row) => {
    for (let frame = 0; frame < frames; frame++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) {
        sum += (samples[frame * channels + channel] as number) * (gains[channel] as number);
      }
      mixed[frame * matrix.length + row] = sum;
    }
  });
  return mixed;
}

/** The samples at another rate, `round(frames · rate / rate before)` frames. */
export async function resampled(
  { samples, channels }: Shape,
  rates: { readonly fromRateHz: number; readonly toRateHz: number; readonly quality: ResampleQuality },
): Promise<Float32Array> {
  const resampler = await Resampler.create({ ...rates, channels });
  try {
    return joinFloats([resampler.push(samples), resampler.finish()]);
  } finally {
    resampler.destroy();
  }
}

/** The largest absolute value. */
export function peakOf({ samples }: Shape): number {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak;
}

/** The mean of the squares; 0 of no samples. */
export function powerOf({ samples }: Shape): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : sum / samples.length;
}
