/**
 * The wait for room: what a writer does when its reader is full.
 *
 * @module
 */

import type { FlowLimits } from "./item.ts";

/**
 * Counts what is in flight against limits, in items and bytes, and keeps the
 * writers that wait for room in order.
 *
 * A value is let in while both counts are below their limit, so that one
 * value larger than the whole limit still passes, alone.
 */
export class Gate {
  readonly #limits: FlowLimits;
  readonly #waiting: Waiter[] = [];
  #items = 0;
  #bytes = 0;
  #failure: Error | undefined;

  constructor(limits: FlowLimits) {
    this.#limits = limits;
  }

  /** Values in flight. */
  get items(): number {
    return this.#items;
  }

  /** Bytes in flight. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes room for one value: at once (returns nothing), or, when it is full
   * or others wait already, later.
   */
  enter(bytes: number): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting.length === 0 && this.#hasRoom()) {
      this.#take(bytes);
      return;
    }
    return new Promise((resolve, reject) => this.#waiting.push({ bytes, resolve, reject }));
  }

  /** Gives room back and lets waiting writers in. */
  leave(items: number, bytes: number): void {
    this.#items -= items;
    this.#bytes -= bytes;
    while (this.#waiting.length > 0 && this.#hasRoom()) {
      const waiter = this.#waiting.shift() as Waiter;
      this.#take(waiter.bytes);
      waiter.resolve();
    }
  }

  /** Rejects those who wait, and everyone who comes later. */
  abort(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }

  #hasRoom(): boolean {
    return this.#items < this.#limits.items && this.#bytes < this.#limits.bytes;
  }

  #take(bytes: number): void {
    this.#items += 1;
    this.#bytes += bytes;
  }
}

interface Waiter {
  readonly bytes: number;
  resolve(): void;
  reject(error: Error): void;
}
