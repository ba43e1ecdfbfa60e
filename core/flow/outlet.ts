/**
 * Fan-out: how the values of one output port reach every edge that leaves it.
 *
 * @module
 */

import { byteLength, copyData } from "../data/transfer.ts";
import type { RuntimeData } from "../data/types.ts";
import type { Progress } from "../node/progress.ts";
import type { Item, ItemWriter } from "./item.ts";
import type { Lease } from "./lease.ts";

/** What goes with a value. */
export interface OutletStamp {
  readonly epoch: number;
  readonly isPartial?: boolean | undefined;
  readonly progress?: Progress | undefined;
  /** Of the input that it was made from. Each edge holds it on its own. */
  readonly lease?: Lease | undefined;
}

/** The writing end of one output port. */
export class Outlet {
  readonly #writers: readonly ItemWriter[];
  #sequence: number;

  /** @param firstSequence The number that the first value has. Default: 0. */
  constructor(writers: readonly ItemWriter[], firstSequence = 0) {
    this.#writers = writers;
    this.#sequence = firstSequence;
  }

  /**
   * Hands a value to every edge: the last takes the value itself, the others
   * copies. Settles when all of them have taken it, so the slowest sets the
   * pace, unless its queue drops.
   *
   * @param bytes What the value counts for in flow control. Default: counted here.
   */
  write(data: RuntimeData, stamp: OutletStamp, bytes: number = byteLength(data)): void | Promise<void> {
    const { epoch, isPartial = false, progress, lease } = stamp;
    const sequence = this.#sequence++;
    const writers = this.#writers;
    const last = writers.length - 1;
    if (last < 0) return;
    const item: Item = { data, sequence, epoch, bytes, isPartial, progress, lease };
    if (last === 0) return hand(writers[0] as ItemWriter, item);
    // All copies are made before the first write, since the last edge moves the bytes away.
    const items = writers.map((_, i) => i === last ? item : { ...item, data: copyData(data) });
    return this.#writeAll(items);
  }

  async #writeAll(items: readonly Item[]): Promise<void> {
    await Promise.all(items.map(async (item, i) => await hand(this.#writers[i] as ItemWriter, item)));
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

/** Writes a value, which holds its input from then on. One that is refused does not. */
function hand(writer: ItemWriter, item: Item): void | Promise<void> {
  const { lease } = item;
  if (lease === undefined) return writer.write(item);
  const refused = (thrown: unknown): never => {
    lease.release();
    throw thrown;
  };
  lease.hold();
  try {
    const written = writer.write(item);
    return written === undefined ? undefined : written.catch(refused);
  } catch (thrown) {
    refused(thrown);
  }
}
