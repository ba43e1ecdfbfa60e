/**
 * How many wake-up messages there is reason for.
 *
 * @module
 */

/**
 * Wake-up messages that may lie in a port while this thread is busy. It finds what they tell of by looking, asks for the
 * next one and finds that too; it hears all of them later, one after the other.
 */
const UNHEARD_MAX = 1_024;

/**
 * Wake-up messages that the other end may still send. Each follows progress
 * that no other one followed: a record that was written, or freed. So there
 * are never more than that, however late they are heard.
 */
export class Allowance {
  readonly #max: number;
  #left: number;
  #progress = 0;

  /** @param itemsAhead How far the other end may be ahead of what is counted as progress here, in records. */
  constructor(itemsAhead: number) {
    this.#left = this.#max = itemsAhead + UNHEARD_MAX;
  }

  /**
   * Whether there was reason for one more.
   *
   * @param progress A count that only grows, modulo 2³².
   */
  use(progress: number): boolean {
    this.#left = Math.min(this.#left + ((progress - this.#progress) >>> 0), this.#max) - 1;
    this.#progress = progress;
    return this.#left >= 0;
  }
}
