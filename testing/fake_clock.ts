/**
 * A clock for tests: time passes only when the test says so.
 *
 * @module
 */

/** What a {@linkcode FakeClock} starts with. */
export interface FakeClockOptions {
  /** The time at the start, in milliseconds. Default: 0. */
  readonly nowMs?: number;
}

/** A timer of a {@linkcode FakeClock}. Opaque. */
export type FakeTimer = number & { readonly fakeTimer?: never };

interface PendingTimer {
  readonly id: FakeTimer;
  readonly dueMs: number;
  readonly call: () => void;
}

/** Timers that may run in one {@linkcode FakeClock.tick}: one that starts itself anew without delay would never end. */
const TIMERS_PER_TICK_MAX = 100_000;

// Kept, so that the clock also works where a test replaces the global timers by those of the clock.
const realSetTimeout = globalThis.setTimeout;

/**
 * A clock that stands still until {@linkcode FakeClock.tick} moves it.
 *
 * Give its functions to code that takes its timers as parameters; they may be
 * taken off the clock (`const { setTimeout } = clock`).
 *
 * @example Testing a retry without waiting for it
 * ```ts
 * import { FakeClock } from "@streamrack/core/testing";
 * import assert from "node:assert/strict";
 *
 * const clock = new FakeClock();
 * const seen: number[] = [];
 * clock.setTimeout(() => seen.push(clock.now()), 1000);
 *
 * await clock.tick(999);
 * assert.deepEqual(seen, []);
 * await clock.tick(1);
 * assert.deepEqual(seen, [1000]);
 * ```
 */
export class FakeClock {
  #nowMs: number;
  #lastId = 0;
  #isTicking = false;
  readonly #timers = new Map<FakeTimer, PendingTimer>();

  constructor({ nowMs = 0 }: FakeClockOptions = {}) {
    if (!Number.isFinite(nowMs)) throw new RangeError(`nowMs is ${nowMs}; expected a finite number of milliseconds`);
    this.#nowMs = nowMs;
  }

  /** The present, in milliseconds. */
  readonly now = (): number => this.#nowMs;

  /** Timers that have not run and were not cleared. */
  get pendingCount(): number {
    return this.#timers.size;
  }

  /** Has a function called when so much time has passed. Like the global: absent, negative and NaN delays count as 0. */
  readonly setTimeout = <A extends readonly unknown[]>(
    callback: (...args: A) => void,
    delayMs = 0,
    ...args: A
  ): FakeTimer => {
    const id: FakeTimer = ++this.#lastId;
    const dueMs = this.#nowMs + (delayMs > 0 ? delayMs : 0);
    this.#timers.set(id, { id, dueMs, call: () => callback(...args) });
    return id;
  };

  /** Forgets a timer. One that has run, or none, is no matter. */
  readonly clearTimeout = (timer: FakeTimer | undefined): void => {
    if (timer !== undefined) this.#timers.delete(timer);
  };

  /**
   * Lets time pass and runs the timers that fall due, in order of time, then
   * of their making. Before the first and after each, everything that waits
   * for promises runs on, so that timers set there are met as well.
   *
   * Rejects with what a timer throws; the clock then stands at that timer.
   *
   * @param durationMs How far to go, in milliseconds, 0 or more.
   */
  readonly tick = async (durationMs = 0): Promise<void> => {
    if (!(durationMs >= 0)) throw new RangeError(`durationMs is ${durationMs}; expected 0 or more milliseconds`);
    if (this.#isTicking) throw new Error("an earlier tick() has not ended: await it first");
    this.#isTicking = true;
    try {
      const endMs = this.#nowMs + durationMs;
      await allMicrotasks();
      let count = 0;
      for (let timer = this.#nextDue(endMs); timer !== undefined; timer = this.#nextDue(endMs)) {
        if (++count > TIMERS_PER_TICK_MAX) {
          throw new Error(`more than ${TIMERS_PER_TICK_MAX} timers in one tick(): one of them starts itself anew`);
        }
        this.#timers.delete(timer.id);
        this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
        timer.call();
        await allMicrotasks();
      }
      this.#nowMs = endMs;
    } finally {
      this.#isTicking = false;
    }
  };

  #nextDue(endMs: number): PendingTimer | undefined {
    let next: PendingTimer | undefined;
    // Ids grow, and a map keeps the order of insertion: of equals, the first made is met first.
    for (const timer of this.#timers.values()) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}

/** One turn of the real event loop: however long a chain of promises is, it has run by then. */
function allMicrotasks(): Promise<void> {
  return new Promise((resolve) => void realSetTimeout(resolve, 0));
}
