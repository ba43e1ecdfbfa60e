/**
 * The work that every contender does for a chunk.
 *
 * @module
 */

import type { Work } from "./contract.ts";

/** Turns the sign of every sample, in place: a gain of -1. */
export function invert(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) samples[i] = -(samples[i] as number);
}

/** Turns the sign of the first sample. */
export function touch(samples: Float32Array): void {
  samples[0] = -(samples[0] as number);
}

/** Each kind of work. */
export const WORKS: Readonly<Record<Work, (samples: Float32Array) => void>> = { invert, touch };
