/**
 * Buffers whose bytes went away through a ring, kept for bytes that arrive
 * through one.
 *
 * On V8 new memory for a chunk costs more than all the rest of its way: a
 * buffer that a sender has given away is therefore used again. The sender's
 * view is detached, as if the buffer had been moved: so nobody sees another's
 * samples in it. On JavaScriptCore new memory costs less than that.
 *
 * @module
 */

import { isMovable } from "../../core/data/transfer.ts";
import { runtimeInfo } from "../adapters/runtime_info.ts";

const IS_MEMORY_CHEAP = runtimeInfo().name === "bun";

/** Most bytes that one thread keeps. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** Free buffers of this thread, by their length in bytes. */
const free = new Map<number, ArrayBuffer[]>();
let keptBytes = 0;

/** Takes over the memory of a view that belongs to the pipeline, if it can be moved. */
export function recycle(view: ArrayBufferView): void {
  if (IS_MEMORY_CHEAP || !isMovable(view)) return;
  const buffer = (view.buffer as ArrayBuffer & { transfer?(): ArrayBuffer }).transfer?.();
  // Node 20 cannot move memory within a thread.
  if (buffer === undefined || keptBytes + buffer.byteLength > KEPT_BYTES_MAX) return;
  const same = free.get(buffer.byteLength);
  if (same === undefined) free.set(buffer.byteLength, [buffer]);
  else same.push(buffer);
  keptBytes += buffer.byteLength;
}

/** A buffer of exactly so many bytes, which hold anything. */
export function takeBuffer(byteLength: number): ArrayBuffer {
  const buffer = free.get(byteLength)?.pop();
  if (buffer !== undefined) {
    keptBytes -= byteLength;
    return buffer;
  }
  // The lengths of the stream have changed: what is kept is of no use, if all of it is kept.
  if (keptBytes + byteLength > KEPT_BYTES_MAX) {
    free.clear();
    keptBytes = 0;
  }
  return new ArrayBuffer(byteLength);
}
