/**
 * Writes that wait for room in a ring.
 *
 * @module
 */

import { copyData } from "../../core/data/transfer.ts";
import type { EdgeCounts } from "../../core/flow/edge_counts.ts";
import type { Item } from "../../core/flow/item.ts";
import type { Vigil } from "../../core/flow/vigil.ts";
import { takeBuffer } from "./buffer_pool.ts";

/** What it takes to let a write in. */
export interface Entrance {
  /**
   * Writes an item if there is room. What it throws rejects the write.
   *
   * @param mayPost Whether it may go over the port although it fits the ring: dearer, but the ring is smaller than what
   * the limits allow, and whoever counts on the limits must not wait for ever.
   */
  tryWrite(item: Item, mayPost?: boolean): boolean;
  /** Asks the reader to say when there is room. What it has made just before would go unnoticed: look once more. */
  fallAsleep(): void;
  /** Told when nobody waits any more. */
  onEmpty(): void;
}

interface Waiting {
  readonly item: Item;
  resolve(): void;
  reject(error: unknown): void;
}

/** Writes that wait, the oldest first. */
export class WaitingWrites {
  readonly #entrance: Entrance;
  readonly #vigil: Vigil;
  readonly #counts: EdgeCounts;
  readonly #waiting: Waiting[] = [];
  #isPumping = false;

  /** @param vigil How a wait for the reader begins. @param counts Where waits are counted. */
  constructor(entrance: Entrance, vigil: Vigil, counts: EdgeCounts) {
    this.#entrance = entrance;
    this.#vigil = vigil;
    this.#counts = counts;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Waits until an item was written; what is borrowed is copied first. */
  add(item: Item): Promise<void> {
    // Into a buffer that is used again when the copy has gone into the ring.
    const waits = item.isBorrowed === true
      ? { ...item, data: copyData(item.data, takeBuffer), isBorrowed: false }
      : item;
    const wait = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ item: waits, resolve, reject });
      void this.pump();
    });
    return this.#waiting.length === 0 ? wait : this.#counts.stalled(wait);
  }

  /** The reader says that there is room. */
  wake(): void {
    this.#vigil.wake();
    void this.pump();
  }

  /** Lets in what waits, as soon as there is room: awake for a while, then asleep until the reader wakes it. */
  async pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#waiting.length > 0) {
      if (this.#admitFirst()) continue;
      let isAdmitted = false;
      await this.#vigil.keep(() => isAdmitted = this.#admitFirst());
      // The reader does not keep up. The port takes what has no room in the ring, up to the limits.
      if (isAdmitted || this.#admitFirst(true)) continue;
      this.#entrance.fallAsleep();
      if (!this.#admitFirst(true)) break;
    }
    this.#isPumping = false;
    if (this.#waiting.length === 0) this.#entrance.onEmpty();
  }

  /** Rejects all that waits. */
  reject(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Whether the first that waits does so no more. */
  #admitFirst(mayPost = false): boolean {
    const [first] = this.#waiting;
    if (first === undefined) return true;
    try {
      if (!this.#entrance.tryWrite(first.item, mayPost)) return false;
      first.resolve();
    } catch (thrown) {
      first.reject(thrown);
    }
    this.#waiting.shift();
    return true;
  }
}
