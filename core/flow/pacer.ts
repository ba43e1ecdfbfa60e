/**
 * Turns of the event loop: how a busy loop leaves room for the others in its
 * thread.
 *
 * @module
 */

/** How many values pass in one turn. A turn takes a few microseconds, which so many values share. */
const VALUES_PER_TURN = 16;

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

/**
 * Counts the values that pass at one place. A loop that never has to wait
 * would hear neither a flush nor a cancel, and no timer: it has to wait for
 * another turn now and then.
 */
export class Pacer {
  #turns = turns;
  #left = VALUES_PER_TURN;
  #heardMs = performance.now();

  /** Counts a value; now and then gives a promise to wait for, which resolves when whatever was due has run. */
  pass(): void | Promise<void> {
    if (this.#turns !== turns) return this.#begin();
    this.#left -= 1;
    if (this.#left > 0) return;
    const isDeaf = performance.now() - this.#heardMs > DEAF_MAX_MS;
    if (isDeaf) this.#begin();
    this.#left = VALUES_PER_TURN;
    return new Promise((resolve) => isDeaf ? setTimeout(resolve, 0) : setImmediate(resolve));
  }

  /** Begins to count anew, since messages are heard. */
  #begin(): void {
    this.#turns = turns;
    this.#left = VALUES_PER_TURN;
    this.#heardMs = performance.now();
  }
}
