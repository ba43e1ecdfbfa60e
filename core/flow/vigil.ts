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

/** How often in a row a vigil may be in vain, although what it waited for came as soon as it slept. */
const VAIN_MAX = 4;

/** How long there is no vigil after that, in milliseconds, at first and at most. It doubles with each that is in vain again. */
const REST_MIN_MS = 2;
const REST_MAX_MS = 64;

/** Says whether there are more threads at work than processors. */
let isCrowded = (): boolean => false;

/** Tells the vigils of this thread how to find out whether there are more threads at work than processors. */
export function setCrowding(look: () => boolean): void {
  isCrowded = look;
}

const clock = (): number => performance.now();

/**
 * Waking a sleeping thread takes longer than most work on a short chunk, so a
 * thread that waits for another looks a few times more before it sleeps. For
 * how long is learned: not at all where values come at leisure. Nor does it
 * where there are more threads at work than processors, since then whoever
 * stays awake is in the way of the one that he waits for.
 *
 * Threads of others take processors as well: the compiler of the runtime, or
 * another program. Then what is waited for comes as soon as the thread sleeps,
 * and not before; where that happens again and again, it sleeps at once for a
 * while. (On two processors Bun moved a tenth of the chunks in the first half
 * second of a process, while its compiler was at work.)
 */
export class Vigil {
  readonly #isAllowed: boolean;
  readonly #now: () => number;
  #awakeMs = AWAKE_MAX_MS;
  #asleepSinceMs = 0;
  /** Whether the last vigil was kept to its end, and not cut short since a message is to come. */
  #wasKept = false;
  /** How many in a row were in vain. */
  #inVain = 0;
  #restMs = REST_MIN_MS;
  #restUntilMs = 0;

  /**
   * @param isAllowed Whether there may be any time awake. Default: true.
   * @param now A clock, in milliseconds. Only tests give another.
   */
  constructor(isAllowed = true, now: () => number = clock) {
    this.#isAllowed = isAllowed;
    this.#now = now;
  }

  /**
   * Looks once in each of the next turns. Resolves as soon as a look says that
   * it is there, or when it is time to sleep. Returns nothing where that is at once.
   *
   * @param mustSleep Whether what comes is a message: some runtimes look for messages only when there is nothing else.
   */
  keep(look: () => boolean, mustSleep: () => boolean = () => false): void | Promise<void> {
    const nowMs = this.#asleepSinceMs = this.#now();
    this.#wasKept = false;
    const mayBegin = this.#isAllowed && this.#awakeMs > 0 && nowMs >= this.#restUntilMs;
    if (mayBegin && !mustSleep() && !isCrowded()) return this.#stayAwake(nowMs, look, mustSleep);
  }

  async #stayAwake(nowMs: number, look: () => boolean, mustSleep: () => boolean): Promise<void> {
    const untilMs = nowMs + this.#awakeMs;
    do {
      await nextTurn();
      if (look()) {
        this.#inVain = 0;
        this.#restMs = REST_MIN_MS;
        return;
      }
      nowMs = this.#now();
      this.#wasKept = nowMs >= untilMs;
    } while (nowMs < untilMs && !mustSleep());
    this.#asleepSinceMs = nowMs;
  }

  /** Says that the sleep after a vigil is over. */
  wake(): void {
    const nowMs = this.#now();
    if (nowMs - this.#asleepSinceMs >= SLEEP_WORTH_MS) {
      this.#awakeMs = this.#awakeMs > AWAKE_MIN_MS ? this.#awakeMs / 2 : 0;
      return;
    }
    this.#awakeMs = AWAKE_MAX_MS;
    if (!this.#wasKept || ++this.#inVain < VAIN_MAX) return;
    this.#restUntilMs = nowMs + this.#restMs;
    this.#restMs = Math.min(2 * this.#restMs, REST_MAX_MS);
  }
}
