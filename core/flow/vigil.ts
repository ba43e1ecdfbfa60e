/**
 * The wait for another thread: awake at first, then asleep.
 *
 * @module
 */

import { nextTurn } from "./pacer.ts";

/**
 * Longest time awake before a sleep, in milliseconds. It takes up to 0.1 ms to
 * wake a thread. Two threads that wait for each other have to stay awake for
 * longer than that, or each would be asleep when the other has woken up.
 */
const AWAKE_MAX_MS = 0.2;

/** Shortest time awake: below it there is none. */
const AWAKE_MIN_MS = 0.02;

/** A sleep that ended sooner than this, in milliseconds, was not worth it. */
const SLEEP_WORTH_MS = 0.3;

/** Says whether there are more threads at work than processors. */
let isCrowded = (): boolean => false;

/** Tells the vigils of this thread how to find out whether there are more threads at work than processors. */
export function setCrowding(look: () => boolean): void {
  isCrowded = look;
}

/**
 * Waking a sleeping thread takes longer than most work on a short chunk, so a
 * thread that waits for another looks a few times more before it sleeps. For
 * how long is learned: not at all where values come at leisure. Nor does it
 * where there are more threads at work than processors, since then whoever
 * stays awake is in the way of the one that he waits for.
 */
export class Vigil {
  readonly #isAllowed: boolean;
  #awakeMs = AWAKE_MAX_MS;
  #asleepSinceMs = 0;

  /** @param isAllowed Whether there may be any time awake. Default: true. */
  constructor(isAllowed = true) {
    this.#isAllowed = isAllowed;
  }

  /**
   * Looks once in each of the next turns. Resolves as soon as a look says that
   * it is there, or when it is time to sleep.
   *
   * @param mustSleep Whether what comes is a message: some runtimes look for messages only when there is nothing else.
   */
  async keep(look: () => boolean, mustSleep: () => boolean = () => false): Promise<void> {
    let nowMs = performance.now();
    if (this.#isAllowed && !isCrowded()) {
      const untilMs = nowMs + this.#awakeMs;
      while (nowMs < untilMs && !mustSleep()) {
        await nextTurn();
        if (look()) return;
        nowMs = performance.now();
      }
    }
    this.#asleepSinceMs = nowMs;
  }

  /** Says that the sleep after a vigil is over. */
  wake(): void {
    const sleptMs = performance.now() - this.#asleepSinceMs;
    if (sleptMs < SLEEP_WORTH_MS) this.#awakeMs = AWAKE_MAX_MS;
    else this.#awakeMs = this.#awakeMs > AWAKE_MIN_MS ? this.#awakeMs / 2 : 0;
  }
}
