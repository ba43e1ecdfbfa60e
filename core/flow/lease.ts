/**
 * Leases: who still works on what came from one input. With delivery
 * "at-least-once", an input is kept until nothing that was made from it is
 * under way any more.
 *
 * @module
 */

/** Counts those who hold it, and calls back when the last one lets go. */
export class Lease {
  #holders = 1;
  readonly #onReleased: () => void;

  constructor(onReleased: () => void) {
    this.#onReleased = onReleased;
  }

  /** Adds a holder, who has to call {@linkcode release} too. */
  hold(): this {
    this.#holders += 1;
    return this;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#onReleased();
  }
}

/** Leases that are released in any order, and settle in the order in which they were taken. */
export class LeaseQueue {
  readonly #open: { isDone: boolean }[] = [];
  readonly #onSettled: () => void;

  /** @param onSettled Called for each lease when it and all before it were released. */
  constructor(onSettled: () => void) {
    this.#onSettled = onSettled;
  }

  /** Leases that have not settled. */
  get size(): number {
    return this.#open.length;
  }

  take(): Lease {
    const entry = { isDone: false };
    this.#open.push(entry);
    return new Lease(() => {
      entry.isDone = true;
      while (this.#open[0]?.isDone === true) {
        this.#open.shift();
        this.#onSettled();
      }
    });
  }
}
