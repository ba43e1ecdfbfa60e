/**
 * Fan-out: how the values of one output port reach every edge that leaves it.
 *
 * @module
 */

import { byteLength, copyData } from "../data/transfer.ts";
import type { RuntimeData } from "../data/types.ts";
import type { Item, ItemWriter } from "./item.ts";

/** The writing end of one output port. */
export class Outlet {
  readonly #writers: readonly ItemWriter[];
  #sequence = 0;

  constructor(writers: readonly ItemWriter[]) {
    this.#writers = writers;
  }

  /**
   * Hands a value to every edge: the last takes the value itself, the others
   * copies. Settles when all of them have taken it, so the slowest sets the
   * pace.
   */
  write(data: RuntimeData, epoch: number, bytes: number = byteLength(data)): void | Promise<void> {
    const sequence = this.#sequence++;
    const [only] = this.#writers;
    if (this.#writers.length === 1) return (only as ItemWriter).write({ data, sequence, epoch, bytes });
    if (only === undefined) return;
    // All copies are made before the first write, since the last edge moves the bytes away.
    const copies = this.#writers.map((_, i) => i === this.#writers.length - 1 ? data : copyData(data));
    return this.#writeAll(copies.map((copy) => ({ data: copy, sequence, epoch, bytes })));
  }

  async #writeAll(items: readonly Item[]): Promise<void> {
    await Promise.all(items.map(async (item, i) => await this.#writers[i]?.write(item)));
  }

  /** Ends every edge. */
  end(): void {
    for (const writer of this.#writers) writer.end();
  }

  /** Aborts every edge. */
  abort(error: Error): void {
    for (const writer of this.#writers) writer.abort(error);
  }
}
