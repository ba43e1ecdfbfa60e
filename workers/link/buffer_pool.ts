/**
 * Buffers whose bytes went away through a ring, kept for bytes that arrive
 * through one.
 *
 * On V8 new memory for a chunk costs more than all the rest of its way: a
 * buffer that a sender has given away is therefore used again. The sender's
 * view is detached, as if the buffer had been moved: so nobody sees another's
 * samples in it. On JavaScriptCore a short piece of new memory costs less than that.
 *
 * @module
 */

import { setInterval } from "node:timers";
import { isMovable } from "../../core/data/transfer.ts";
import { MEMORY_COSTS } from "../adapters/memory_costs.ts";

/** Bytes that one thread may keep always, and at most, where many sessions have their windows full. */
const ALWAYS_KEPT_BYTES = 1024 * 1024;
const KEPT_BYTES_MAX = 32 * ALWAYS_KEPT_BYTES;
/** How often is looked for bytes that nobody has used since the last look, in milliseconds. */
const LOOK_EVERY_MS = 5_000;

/** Free buffers, by their lengths. */
export class BufferPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  #keptBytes = 0;
  /** The least that was kept since the last look: so much was of no use. */
  #spareBytes = 0;
  #allowedBytes = ALWAYS_KEPT_BYTES;
  /** Length of the last buffer for which there was no room. */
  #refusedLength = -1;
  #looking: ReturnType<typeof setInterval> | undefined;

  /** How many bytes are kept. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Takes over a buffer, if there is room for it. */
  give(buffer: ArrayBuffer): void {
    const { byteLength } = buffer;
    if (this.#keptBytes + byteLength > this.#allowedBytes) {
      this.#refusedLength = byteLength;
      return;
    }
    const same = this.#free.get(byteLength);
    if (same === undefined) this.#free.set(byteLength, [buffer]);
    else same.push(buffer);
    this.#keptBytes += byteLength;
  }

  /** A buffer of exactly so many bytes, which hold anything. */
  take(byteLength: number): ArrayBuffer {
    const buffer = this.#free.get(byteLength)?.pop();
    if (buffer !== undefined) {
      this.#keptBytes -= byteLength;
      if (this.#keptBytes < this.#spareBytes) this.#spareBytes = this.#keptBytes;
      return buffer;
    }
    if (byteLength === this.#refusedLength) this.#allowMore();
    // The lengths of the stream have changed: what is kept is of no use, if all of it is kept.
    else if (this.#keptBytes + byteLength > this.#allowedBytes) {
      this.#free.clear();
      this.#keptBytes = this.#spareBytes = 0;
    }
    return new ArrayBuffer(byteLength);
  }

  /** Lets go of what nobody has used since the last look, but for what may be kept always. Called by a timer. */
  letGo(): void {
    const wantedBytes = Math.max(ALWAYS_KEPT_BYTES, this.#keptBytes - this.#spareBytes);
    for (const [byteLength, buffers] of this.#free) {
      while (this.#keptBytes > wantedBytes && buffers.pop() !== undefined) this.#keptBytes -= byteLength;
    }
    this.#spareBytes = this.#keptBytes;
    if (wantedBytes > ALWAYS_KEPT_BYTES) return;
    this.#allowedBytes = ALWAYS_KEPT_BYTES;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** What there was no room for would have been of use. */
  #allowMore(): void {
    this.#refusedLength = -1;
    this.#allowedBytes = Math.min(2 * this.#allowedBytes, KEPT_BYTES_MAX);
    this.#looking ??= setInterval(() => this.letGo(), LOOK_EVERY_MS).unref();
  }
}

/** That of this thread. */
const pool = new BufferPool();

/** Takes over the memory of a view that belongs to the pipeline, if it can be moved. */
export function recycle(view: ArrayBufferView): void {
  if (view.byteLength <= MEMORY_COSTS.cheapBufferBytesMax || !isMovable(view)) return;
  const buffer = (view.buffer as ArrayBuffer & { transfer?(): ArrayBuffer }).transfer?.();
  // Node 20 cannot move memory within a thread.
  if (buffer !== undefined) pool.give(buffer);
}

/** A buffer of exactly so many bytes, which hold anything. */
export function takeBuffer(byteLength: number): ArrayBuffer {
  return pool.take(byteLength);
}
