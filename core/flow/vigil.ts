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

/** A sleep that ended sooner than this, in milliseconds, was not worth it. */
const SLEEP_WORTH_MS = 0.3;

/** Shortest time awake: below it there is none. */
const AWAKE_MIN_MS = 0.01;

/**
 * Waking a sleeping thread takes longer than most work on a short chunk, so a
 * thread that waits for another looks a few times more before it sleeps. For
 * how long is learned: not at all where values come at leisure.
 */
export class Vigil {
  #awakeMs = AWAKE_MAX_MS;
  #asleepSinceMs = 0;

  /** Looks once in each of the next turns. Resolves as soon as a look says that it is there, or when it is time to sleep. */
  async keep(look: () => boolean): Promise<void> {
    if (this.#awakeMs > AWAKE_MIN_MS) {
      const untilMs = performance.now() + this.#awakeMs;
      do {
        await nextTurn();
        if (look()) return;
      } while (performance.now() < untilMs);
    }
    this.#asleepSinceMs = performance.now();
  }

  /** Says that the sleep after a vigil is over. */
  wake(): void {
    const sleptMs = performance.now() - this.#asleepSinceMs;
    this.#awakeMs = sleptMs < SLEEP_WORTH_MS ? AWAKE_MAX_MS : this.#awakeMs / 2;
  }
}
