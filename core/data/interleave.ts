/**
 * Interleaved and planar samples: `L R L R …` and `L L …`, `R R …`.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../errors.ts";

/** The classes of arrays that hold samples. */
export type SampleArray = Int16Array | Int32Array | Float32Array | Float64Array;

/** One of these classes. */
export type SampleClass = { readonly name: string; new (length: number): SampleArray };

const CLASSES = [Float32Array, Int16Array, Int32Array, Float64Array] as const;

/**
 * Puts one array for each channel together: sample 0 of every channel, then
 * sample 1 of every channel, and so on.
 *
 * @param planes One typed array for each channel, all of one class and one length.
 * @throws {StreamrackError} `invalid-data` if there is no plane, or classes or lengths differ.
 *
 * @example
 * ```ts
 * import { deinterleave, interleave } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const left = Float32Array.of(0.1, 0.2);
 * const right = Float32Array.of(-0.1, -0.2);
 * const stereo = interleave([left, right]);
 * assert.deepEqual([...stereo], [...Float32Array.of(0.1, -0.1, 0.2, -0.2)]);
 * assert.deepEqual(deinterleave(stereo, 2), [left, right]);
 * ```
 */
export function interleave<A extends SampleArray>(planes: readonly A[]): A {
  return interleaveOf(planes, CLASSES) as A;
}

/** The same for fewer classes. */
export function interleaveOf(planes: readonly SampleArray[], classes: readonly SampleClass[]): SampleArray {
  const [first] = planes;
  if (first === undefined) throw refused("planes", "[]", "one array per channel");
  const TypedArray = classOf(first, "planes[0]", classes);
  planes.forEach((plane, channel) => {
    if (!(plane instanceof TypedArray) || plane.length !== first.length) {
      const expected = `a ${TypedArray.name} of ${first.length} samples, as planes[0]`;
      throw refused(`planes[${channel}]`, displayValue(plane), expected);
    }
  });
  const channels = planes.length;
  const samples = new TypedArray(first.length * channels);
  planes.forEach((plane, channel) => {
    for (let frame = 0, i = channel; frame < plane.length; frame++, i += channels) samples[i] = plane[frame] as number;
  });
  return samples;
}

/**
 * Takes interleaved samples apart, into one array for each channel.
 *
 * @param channels At least 1; divides the number of samples.
 * @throws {StreamrackError} `invalid-data` if there is no whole number of frames.
 */
export function deinterleave<A extends SampleArray>(samples: A, channels: number): A[] {
  const TypedArray = classOf(samples, "samples");
  const frames = samples.length / channels;
  if (!Number.isInteger(channels) || channels < 1 || !Number.isInteger(frames)) {
    throw refused("channels", displayValue(channels), `a whole number that divides ${samples.length} samples`);
  }
  return Array.from({ length: channels }, (_, channel) => {
    const plane = new TypedArray(frames);
    for (let frame = 0, i = channel; frame < frames; frame++, i += channels) plane[frame] = samples[i] as number;
    return plane;
  }) as A[];
}

function classOf(samples: SampleArray, path: string, classes: readonly SampleClass[] = CLASSES): SampleClass {
  const found = classes.find((candidate) => samples instanceof candidate);
  if (found !== undefined) return found;
  throw refused(path, displayValue(samples), `a ${classes.map(({ name }) => name).join(" or ")}`);
}

function refused(path: string, received: string, expected: string): StreamrackError {
  const problem = { path, message: "does not make up a frame", received, expected };
  return new StreamrackError("invalid-data", "these samples cannot be interleaved or taken apart", {
    problems: [problem],
  });
}
