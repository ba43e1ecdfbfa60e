/**
 * What the two ends of a ring have counted, read by a third: the host, which
 * made the ring and holds its memory, also where both ends are in workers.
 *
 * @module
 */

import { RING_COUNTS } from "./ring.ts";

/** Counts of a ring. Each wraps at 2³², so only differences mean something: see {@linkcode ringInFlight}. */
export interface RingCounters {
  readonly itemsWritten: number;
  readonly itemsTaken: number;
  readonly bytesWritten: number;
  readonly bytesTaken: number;
}

/** Reads the counts. Asks nobody, and disturbs nobody. */
export function ringCounters(memory: SharedArrayBuffer): RingCounters {
  const words = new Int32Array(memory);
  const count = (name: keyof RingCounters) => Atomics.load(words, RING_COUNTS[name]) >>> 0;
  // What was taken is read first: it can never exceed what is read as written afterwards.
  const [itemsTaken, bytesTaken] = [count("itemsTaken"), count("bytesTaken")];
  return { itemsWritten: count("itemsWritten"), itemsTaken, bytesWritten: count("bytesWritten"), bytesTaken };
}

/**
 * What is in flight on a ring. A difference that cannot be one, since an end
 * wrote something else to the memory, counts as nothing: it decides no more
 * than what is shown, and whether this session's own input waits.
 */
export function ringInFlight(memory: SharedArrayBuffer): { readonly items: number; readonly bytes: number } {
  const { itemsWritten, itemsTaken, bytesWritten, bytesTaken } = ringCounters(memory);
  return { items: difference(itemsWritten, itemsTaken), bytes: difference(bytesWritten, bytesTaken) };
}

function difference(written: number, taken: number): number {
  const inFlight = (written - taken) >>> 0;
  return inFlight < 2 ** 31 ? inFlight : 0;
}
