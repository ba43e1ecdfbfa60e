/**
 * The wait for room: what a writer does when its reader is full.
 *
 * @module
 */

import { EdgeCounts } from "./edge_counts.ts";
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
  readonly #counts: EdgeCounts;
  readonly #waiting: Waiter[] = [];
  #items = 0;
  #bytes = 0;
  #failure: Error | undefined;

  /** @param counts Where values and waits are counted. */
  constructor(limits: FlowLimits, counts: EdgeCounts = new EdgeCounts()) {
    this.#limits = limits;
    this.#counts = counts;
  }

  /** Writers that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
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
   *
   * @param admit Called when there is room, in the same turn, so that whoever comes next stays behind. What it
   * throws is thrown, or rejects the promise; the room is given back.
   */
  enter(bytes: number, admit: () => void): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting.length === 0 && this.#hasRoom()) return this.#admit(bytes, admit);
    return this.#counts.stalled(
      new Promise((resolve, reject) => this.#waiting.push({ bytes, admit, resolve, reject })),
    );
  }

  /** Gives room back and lets waiting writers in. */
  leave(items: number, bytes: number): void {
    this.#items -= items;
    this.#bytes -= bytes;
    while (this.#waiting.length > 0 && this.#hasRoom()) {
      const { bytes, admit, resolve, reject } = this.#waiting.shift() as Waiter;
      try {
        this.#admit(bytes, admit);
        resolve();
      } catch (error) {
        reject(error);
      }
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

  #admit(bytes: number, admit: () => void): void {
    this.#items += 1;
    this.#bytes += bytes;
    try {
      admit();
      this.#counts.written(bytes);
    } catch (error) {
      this.#items -= 1;
      this.#bytes -= bytes;
      throw error;
    }
  }
}

interface Waiter {
  readonly bytes: number;
  admit(): void;
  resolve(): void;
  reject(error: unknown): void;
}
