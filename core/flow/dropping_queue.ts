/**
 * A branch that never holds its sender up: what there is no room for is
 * dropped.
 *
 * @module
 */

import type { EdgeCounts } from "./edge_counts.ts";
import type { FlowLimits, Item, ItemWriter, WhenFull } from "./item.ts";

/** How a {@linkcode DroppingQueue} drops. */
export interface DroppingOptions {
  readonly whenFull: Exclude<WhenFull, "block">;
  /** What waits here at most, beside what is in the window of the edge itself. */
  readonly limits: FlowLimits;
  /** Where drops are counted. */
  readonly counts?: EdgeCounts | undefined;
  /** Told of a value that the edge refuses: nobody waits for its write. */
  onFailure(error: Error): void;
}

/**
 * Stands before a writer and takes every value at once. While the writer
 * waits for room, values wait here, up to the limits; then the oldest of them
 * or the newest goes. The reader sees that some are missing by the sequence
 * numbers of the others.
 */
export class DroppingQueue implements ItemWriter {
  readonly #writer: ItemWriter;
  readonly #options: DroppingOptions;
  readonly #waiting: Item[] = [];
  #waitingBytes = 0;
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
    while (this.#isFull) {
      if (this.#options.whenFull === "drop-newest") return this.#drop(item);
      this.#drop(this.#shift() as Item);
    }
    this.#waiting.push(item);
    this.#waitingBytes += item.bytes;
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

  get #isFull(): boolean {
    const { items, bytes } = this.#options.limits;
    return this.#waiting.length >= items || this.#waitingBytes >= bytes;
  }

  #shift(): Item | undefined {
    const item = this.#waiting.shift();
    this.#waitingBytes -= item?.bytes ?? 0;
    return item;
  }

  #drop({ lease }: Item): void {
    this.dropped += 1;
    this.#options.counts?.dropped();
    lease?.release();
  }

  /** Hands on what waits, as fast as the writer takes it. */
  async #pass(): Promise<void> {
    this.#isWriting = true;
    try {
      for (let item = this.#shift(); item !== undefined; item = this.#shift()) {
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
