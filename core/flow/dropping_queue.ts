/**
 * A branch that never holds its sender up: what there is no room for is
 * dropped.
 *
 * @module
 */

import type { EdgeCounts } from "./edge_counts.ts";
import type { Item, ItemWriter, WhenFull } from "./item.ts";

/** How a {@linkcode DroppingQueue} drops. */
export interface DroppingOptions {
  readonly whenFull: Exclude<WhenFull, "block">;
  /** Values that wait here at most, from 1, beside those in the window of the edge itself. */
  readonly items: number;
  /** Where drops are counted. */
  readonly counts?: EdgeCounts | undefined;
  /** Told of a value that the edge refuses: nobody waits for its write. */
  onFailure(error: Error): void;
}

/**
 * Stands before a writer and takes every value at once. While the writer
 * waits for room, values wait here, up to a number; then the oldest of them or
 * the newest goes. The reader sees that some are missing by the sequence
 * numbers of the others.
 */
export class DroppingQueue implements ItemWriter {
  readonly #writer: ItemWriter;
  readonly #options: DroppingOptions;
  readonly #waiting: Item[] = [];
  #isWriting = false;
  #isEnding = false;
  #failure: Error | undefined;
  /** Values that were dropped. */
  dropped = 0;

  constructor(writer: ItemWriter, options: DroppingOptions) {
    this.#writer = writer;
    this.#options = options;
  }

  get nextSequence(): number | undefined {
    return this.#writer.nextSequence;
  }

  write(item: Item): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting.length === this.#options.items) {
      const dropped = this.#options.whenFull === "drop-newest" ? item : this.#waiting.shift() as Item;
      this.dropped += 1;
      this.#options.counts?.dropped();
      dropped.lease?.release();
      if (dropped === item) return;
    }
    this.#waiting.push(item);
    if (!this.#isWriting) void this.#pass();
  }

  end(): void {
    this.#isEnding = true;
    if (!this.#isWriting) this.#writer.end();
  }

  abort(error: Error): void {
    this.#failure ??= error;
    for (const { lease } of this.#waiting.splice(0)) lease?.release();
    this.#writer.abort(error);
  }

  /** Hands on what waits, as fast as the writer takes it. */
  async #pass(): Promise<void> {
    this.#isWriting = true;
    try {
      for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
        const written = this.#writer.write(item);
        if (written !== undefined) await written;
      }
    } catch (thrown) {
      if (this.#failure === undefined) this.#options.onFailure(this.#failure = thrown as Error);
    }
    this.#isWriting = false;
    if (this.#isEnding && this.#failure === undefined) this.#writer.end();
  }
}
