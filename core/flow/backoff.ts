/**
 * How long to wait before another attempt.
 *
 * @module
 */

/** Exponential backoff. */
export interface Backoff {
  /** Before the second attempt, in milliseconds, from 0. It doubles with every further one. */
  readonly initialDelayMs: number;
  /** Longest delay, in milliseconds, from 0. */
  readonly maxDelayMs: number;
}

/**
 * The delay before an attempt: grows twofold, up to the maximum, and is drawn
 * from its upper half, so that many who failed together do not come back
 * together ("equal jitter").
 *
 * @param failures Attempts that failed so far, from 1.
 * @param random Gives a number from 0 to 1.
 */
export function delayMs({ initialDelayMs, maxDelayMs }: Backoff, failures: number, random = Math.random): number {
  const full = Math.min(maxDelayMs, initialDelayMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + random() * full / 2;
}
