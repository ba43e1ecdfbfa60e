/**
 * Turns of the event loop: how a busy loop leaves room for the others in its
 * thread.
 *
 * @module
 */

/** How many values pass between two looks at the clock. */
const VALUES_PER_LOOK = 16;

/** Work on one value that took longer than this, in milliseconds, is long: a turn costs little beside it. */
const LONG_WORK_MS = 1;

/** How long values may pass without another turn, in milliseconds. A turn takes a few microseconds. */
const TURN_AFTER_MS = 0.2;

/**
 * How long a thread may go on without a message, in milliseconds. After
 * `setImmediate` alone, Deno looks for messages of other threads in about
 * every thirtieth turn; after a timer at once, but a timer costs a millisecond
 * or two.
 */
const DEAF_MAX_MS = 50;

/** Turns that were seen to begin with a message. */
let turns = 0;

/** Tells every {@linkcode Pacer} of this thread that a message has come. */
export function noteMessage(): void {
  turns += 1;
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Counts the values that pass at one place. A loop that never has to wait
 * would hear neither a flush nor a cancel, and no timer: it has to wait for
 * another turn now and then.
 */
export class Pacer {
  #turns = turns;
  #left = VALUES_PER_LOOK;
  #turnedMs = performance.now();
  #heardMs = this.#turnedMs;

  /**
   * Counts a value; now and then gives a promise to wait for, which resolves when whatever was due has run.
   *
   * @param workedMs How long the work on the last value took, where that is known. After long work there is a turn in
   *   any case: messages that are there together come without one, each when the work on the one before is done.
   */
  pass(workedMs = 0): void | Promise<void> {
    const isLong = workedMs > LONG_WORK_MS;
    this.#left -= 1;
    if (this.#left > 0 && !isLong) return;
    this.#left = VALUES_PER_LOOK;
    const nowMs = performance.now();
    if (this.#turns !== turns) {
      this.#turns = turns;
      this.#turnedMs = this.#heardMs = nowMs;
      if (!isLong) return;
    }
    if (nowMs - this.#turnedMs < TURN_AFTER_MS && !isLong) return;
    const isDeaf = nowMs - this.#heardMs > DEAF_MAX_MS;
    if (isDeaf) this.#heardMs = nowMs;
    return (isDeaf ? nextTimer() : nextTurn()).then(() => {
      this.#turnedMs = performance.now();
    });
  }
}

/** Resolves when all messages that had been posted to this thread have been heard. */
export async function messagesHeard(): Promise<void> {
  await nextTimer();
  await nextTurn();
  await nextTurn();
}

function nextTimer(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
