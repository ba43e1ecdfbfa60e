/**
 * The work that every contender does for a chunk.
 *
 * @module
 */

/** Turns the sign of every sample, in place: a gain of -1, which no number of passes can make louder or fainter. */
export function invert(samples: Float32Array): void {
  for (let i = 0; i < samples.length; i++) samples[i] = -(samples[i] as number);
}
