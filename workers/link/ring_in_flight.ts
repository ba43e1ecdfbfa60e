/**
 * What is in flight on a ring, read by a third: the host, which made the ring
 * and holds its memory, also where both ends are in workers.
 *
 * @module
 */

import { type RingBytes, ringCounters } from "./ring.ts";

/**
 * Reads what was written and not freed. Asks nobody, and disturbs nobody.
 *
 * A difference that cannot be one, since an end wrote something else to the
 * memory, counts as nothing: it decides no more than what is shown, and
 * whether this session's own input waits.
 */
export function ringInFlight(memory: RingBytes): { readonly items: number; readonly bytes: number } {
  const { recordsWritten, recordsFreed, bytesWritten, bytesFreed } = ringCounters(memory);
  return { items: difference(recordsWritten, recordsFreed), bytes: difference(bytesWritten, bytesFreed) };
}

function difference(written: number, freed: number): number {
  const inFlight = (written - freed) >>> 0;
  return inFlight < 2 ** 31 ? inFlight : 0;
}
