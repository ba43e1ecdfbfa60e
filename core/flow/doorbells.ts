/**
 * Doorbells that are still to be rung: who is asleep is woken once for all
 * that this thread has for him, not for the first of it.
 *
 * @module
 */

const waiting: (() => void)[] = [];

/**
 * Rings a doorbell before this thread waits for something, at the latest in
 * the next turn of the event loop.
 */
export function ringSoon(ring: () => void): void {
  if (waiting.push(ring) === 1) setImmediate(ringNow);
}

/** Whether there is a doorbell to be rung. */
export function isRingDue(): boolean {
  return waiting.length > 0;
}

/** Rings what is due. To be called before a wait, and before long work. */
export function ringNow(): void {
  if (waiting.length === 0) return;
  for (const ring of waiting.splice(0)) ring();
}
