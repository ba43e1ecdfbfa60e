/**
 * What a process can tell of its memory.
 *
 * @module
 */

import process from "node:process";

const { gc, Bun: bun } = globalThis as { gc?: () => void; Bun?: { gc(sync: boolean): void } };

/** Collects garbage of this thread, now. */
export function collectGarbage(): void {
  if (bun !== undefined) bun.gc(true);
  else if (gc !== undefined) gc();
  else throw new Error("the collector is not exposed: start with --expose-gc");
}

/** Collects garbage and waits until what it freed is counted as free, which a thread of its own does on V8. */
export async function collectWhole(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Resident memory once it stands still: the least of a few readings after collections, in bytes. */
export async function settledRss(): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 60));
    least = Math.min(least, process.memoryUsage().rss);
  }
  return least;
}

/** Bytes of buffers that were allocated by this thread and not collected yet. Only differences mean something. */
export function bufferBytes(): number {
  const { external, arrayBuffers } = process.memoryUsage();
  // Deno counts buffers as external only; Node counts them twice, in both.
  return arrayBuffers > 0 ? arrayBuffers : external;
}

/** Bytes on the heap of this thread. */
export function heapBytes(): number {
  return process.memoryUsage().heapUsed;
}

/** Throws on a runtime that counts allocations only when it collects. */
export async function requireAllocationCounts(): Promise<void> {
  await collectWhole();
  const [buffers, heap] = [bufferBytes(), heapBytes()];
  const kept = Array.from({ length: 200 }, (_, i) => ({ samples: new Float32Array(480), i }));
  const counted = bufferBytes() - buffers >= 200 * 480 * 4 * 0.9 && heapBytes() > heap;
  if (!counted || kept.length !== 200) {
    throw new Error("this runtime does not count allocations before its collector runs");
  }
}
