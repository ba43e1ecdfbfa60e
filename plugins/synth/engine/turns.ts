/**
 * Long work in a thread that others share.
 *
 * @module
 */

/** How long a node may work before others in the thread have a turn, in milliseconds. A turn costs one or two. */
const TURN_AFTER_MS = 100;

/** Lets messages through now and then, such as that of a cancel. */
export class Turns {
  readonly #now: () => number;
  #turnedMs: number;

  /** @param now The time in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#turnedMs = now();
  }

  /** Whether it is time to {@linkcode take} one. */
  get isDue(): boolean {
    return this.#now() - this.#turnedMs >= TURN_AFTER_MS;
  }

  /** Lets the event loop turn. */
  async take(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#turnedMs = this.#now();
  }
}
