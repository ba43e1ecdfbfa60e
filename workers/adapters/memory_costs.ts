/**
 * What memory costs on its way between threads, which differs between runtimes.
 *
 * Found by `deno task bench throughput` with chunks of several lengths: moving
 * a buffer over a port costs the same whatever its length, copying it into
 * shared memory and out again costs by the byte, and new memory costs by how
 * the runtime makes it.
 *
 * @module
 */

import { runtimeInfo } from "./runtime_info.ts";

/** The costs on one runtime. */
export interface MemoryCosts {
  /**
   * Longest payload that goes through shared memory rather than over a port, in bytes; a power of two. A ring for longer
   * ones would have to be larger, which was seen to cost short chunks more than it spares long ones.
   */
  readonly copiedBytesMax: number;
  /** Up to this length, in bytes, a new buffer costs less than to use an old one again. */
  readonly cheapBufferBytesMax: number;
  /** Untouched memory that keeps the collector from running for every few buffers that were moved, in bytes; 0 for none. */
  readonly ballastBytes: number;
}

const KIB = 1024;

/** The costs on the runtime at hand. */
export const MEMORY_COSTS: MemoryCosts = {
  node: { copiedBytesMax: 8 * KIB, cheapBufferBytesMax: 0, ballastBytes: 0 },
  deno: { copiedBytesMax: 16 * KIB, cheapBufferBytesMax: 0, ballastBytes: 0 },
  bun: { copiedBytesMax: 16 * KIB, cheapBufferBytesMax: KIB, ballastBytes: 32 * KIB * KIB },
}[runtimeInfo().name];
