/**
 * Pacing: results no faster than a reader can follow.
 *
 * @module
 */

import { type Clock, sleep, SYSTEM_CLOCK } from "../clock.ts";

/** How results are paced. */
export interface PaceOptions {
  /** Least time between the beginnings of two results, in milliseconds. Such as 50 for words, 100 for sentences. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Default: the timers of the runtime. */
  readonly clock?: Clock;
}

/** Gives values no faster than one in an interval. The first comes at once, and what comes slower is not held back. */
export async function* pace<T>(
  source: AsyncIterable<T>,
  { intervalMs, signal, clock = SYSTEM_CLOCK }: PaceOptions,
): AsyncGenerator<T, void, void> {
  let nextMs = -Infinity;
  for await (const value of source) {
    const waitMs = nextMs - clock.now();
    if (waitMs > 0) await sleep(clock, waitMs, signal);
    nextMs = clock.now() + intervalMs;
    yield value;
  }
}
