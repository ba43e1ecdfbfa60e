/**
 * Loops over the frames of a quantum that several kernels need.
 *
 * @module
 */

/** Writes a signal times a gain. */
export function scale(from: Float64Array, to: Float64Array, frames: number, gain: number): void {
  for (let k = 0; k < frames; k++) to[k] = (from[k] as number) * gain;
}

/** Adds a signal times a gain. */
export function add(from: Float64Array, to: Float64Array, frames: number, gain: number): void {
  for (let k = 0; k < frames; k++) to[k] = (to[k] as number) + (from[k] as number) * gain;
}

/** Adds a signal to both sides, each with its gain. */
export function addBoth(
  from: Float64Array,
  left: Float64Array,
  right: Float64Array,
  frames: number,
  gainLeft: number,
  gainRight: number,
): void {
  for (let k = 0; k < frames; k++) {
    const sample = from[k] as number;
    left[k] = (left[k] as number) + sample * gainLeft;
    right[k] = (right[k] as number) + sample * gainRight;
  }
}

/** Writes a signal times another one. */
export function multiply(from: Float64Array, to: Float64Array, frames: number, gains: Float64Array): void {
  for (let k = 0; k < frames; k++) to[k] = (from[k] as number) * (gains[k] as number);
}

/** Writes a signal times a gain that goes from one value to another. */
export function rampBetween(from: Float64Array, to: Float64Array, frames: number, start: number, end: number): void {
  const growth = (end - start) / frames;
  for (let k = 0; k < frames; k++) to[k] = (from[k] as number) * (start + growth * (k + 1));
}

/** Turns what is in `to` from one signal into another. */
export function crossfade(before: Float64Array, to: Float64Array, frames: number): void {
  for (let k = 0; k < frames; k++) {
    const old = before[k] as number;
    to[k] = old + ((to[k] as number) - old) * (k + 1) / frames;
  }
}
