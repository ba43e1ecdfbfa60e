/**
 * Small updates in batches: a reader that is told of every token does little else.
 *
 * @module
 */

import { type Clock, SYSTEM_CLOCK } from "../clock.ts";

/** How values are gathered. */
export interface BatchOptions {
  /** Most values of one batch, from 1. */
  readonly maxItems: number;
  /** How long the first value of a batch waits for others, in milliseconds. */
  readonly maxWaitMs: number;
  /** Default: the timers of the runtime. */
  readonly clock?: Clock;
}

/**
 * Gathers values by number and time. The end of the source gives what is left;
 * a failure of the source gives what is left first.
 *
 * @example
 * ```ts
 * import { batch } from "@streamrack/core/runners";
 * import assert from "node:assert/strict";
 *
 * async function* tokens() {
 *   yield* ["one", "two", "three"];
 * }
 * const batches = await Array.fromAsync(batch(tokens(), { maxItems: 2, maxWaitMs: 1000 }));
 * assert.deepEqual(batches, [["one", "two"], ["three"]]);
 * ```
 */
export async function* batch<T>(
  source: AsyncIterable<T>,
  { maxItems, maxWaitMs, clock = SYSTEM_CLOCK }: BatchOptions,
): AsyncGenerator<T[], void, void> {
  const iterator = source[Symbol.asyncIterator]();
  let pending: Promise<IteratorResult<T>> | undefined;
  let gathered: T[] = [];
  let timer: unknown;
  let due: Promise<"due"> | undefined;
  const take = (): T[] => {
    const taken = gathered;
    gathered = [];
    clock.clearTimeout(timer);
    due = undefined;
    return taken;
  };
  try {
    for (;;) {
      pending ??= iterator.next();
      let step: IteratorResult<T> | "due";
      try {
        // Both promises live no longer than one batch.
        step = due === undefined ? await pending : await Promise.race([pending, due]);
      } catch (thrown) {
        pending = undefined;
        if (gathered.length > 0) yield take();
        throw thrown;
      }
      if (step === "due") {
        yield take();
        continue;
      }
      pending = undefined;
      if (step.done) break;
      gathered.push(step.value);
      if (gathered.length >= maxItems) yield take();
      else due ??= new Promise((resolve) => timer = clock.setTimeout(() => resolve("due"), maxWaitMs));
    }
    if (gathered.length > 0) yield take();
  } finally {
    clock.clearTimeout(timer);
    pending?.catch(() => {}); // nobody waits for it any more
    await iterator.return?.();
  }
}
