/**
 * Turns of the event loop: how a busy loop leaves room for the others in its
 * thread.
 *
 * @module
 */

/** How many values pass in one go. A turn takes a few microseconds, which so many values share. */
const VALUES_PER_TURN = 16;

/**
 * Counts the values that pass at one place. A loop that never has to wait
 * would hear neither a flush nor a cancel, and no timer: it has to wait for
 * the next turn now and then.
 */
export class Pacer {
  #left = VALUES_PER_TURN;

  /** Counts a value; now and then gives a promise to wait for, which resolves when whatever was due has run. */
  pass(): void | Promise<void> {
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#left = VALUES_PER_TURN;
    return new Promise((resolve) => setImmediate(resolve));
  }
}
