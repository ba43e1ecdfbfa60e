/**
 * A message that may wait for more to come, but not for ever.
 *
 * @module
 */

/** How long it may wait, in milliseconds. */
const OVERDUE_MS = 1;

/**
 * Ends of links say together what they could say one by one: that there is room
 * again for half of the window, say. Whoever waits for it may be what the other
 * half waits for; so what was not said yet is said a little later.
 */
export class Overdue {
  readonly #say: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param say Says what there is to say by then, if there still is. */
  constructor(say: () => void) {
    this.#say = say;
  }

  /** There is something to say. */
  note(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#say();
    }, OVERDUE_MS);
  }

  /** There is nobody any more to say it to. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
