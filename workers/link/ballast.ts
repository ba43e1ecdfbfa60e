/**
 * Memory that is counted and never touched, for a collector that counts too much.
 *
 * JavaScriptCore collects a young heap whenever as many bytes have come to it
 * as it holds, and a buffer that was moved here counts as new with all its
 * bytes. A small heap that long chunks pass through is therefore collected
 * every thirty chunks, which takes longer than all the rest of their way. With
 * ballast it holds more, and so collects less often. The system gives no page
 * before one is touched, so the ballast takes none.
 *
 * @module
 */

import { MEMORY_COSTS } from "../adapters/memory_costs.ts";

/** That of this thread. It goes when nobody holds it any more. */
let current: WeakRef<ArrayBuffer> | undefined;

/** The ballast of this thread, for as long as the caller holds it; nothing where the collector needs none. */
export function takeBallast(): ArrayBuffer | undefined {
  if (MEMORY_COSTS.ballastBytes === 0) return undefined;
  const ballast = current?.deref() ?? new ArrayBuffer(MEMORY_COSTS.ballastBytes);
  current = new WeakRef(ballast);
  return ballast;
}
