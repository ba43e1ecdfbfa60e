/**
 * Fan-out: how the values of one output port reach every edge that leaves it.
 *
 * @module
 */

import { copyData } from "../data/transfer.ts";
import type { RuntimeData } from "../data/types.ts";
import type { ItemWriter } from "./item.ts";

/** The writing end of one output port. */
export class Outlet {
  readonly #writers: readonly ItemWriter[];
  #sequence = 0;

  constructor(writers: readonly ItemWriter[]) {
    this.#writers = writers;
  }

  /** Hands a value to every edge: the last takes the value itself, the others copies. The slowest sets the pace. */
  write(data: RuntimeData, epoch: number): void | Promise<void> {
    const sequence = this.#sequence++;
    const [only] = this.#writers;
    if (this.#writers.length === 1) return (only as ItemWriter).write({ data, sequence, epoch });
    if (only !== undefined) return this.#writeToAll(data, sequence, epoch);
  }

  async #writeToAll(data: RuntimeData, sequence: number, epoch: number): Promise<void> {
    // Copies are made before the first wait, since the last writer moves the bytes away.
    const copies = this.#writers.map((_, i) => i === this.#writers.length - 1 ? data : copyData(data));
    for (const [i, writer] of this.#writers.entries()) {
      await writer.write({ data: copies[i] as RuntimeData, sequence, epoch });
    }
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
