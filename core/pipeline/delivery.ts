/**
 * What the outputs of a step take over from its inputs, and what is known of
 * these.
 *
 * @module
 */

import { copyData } from "../data/transfer.ts";
import type { Delivery } from "../flow/alignment.ts";
import type { Item } from "../flow/item.ts";
import { Lease } from "../flow/lease.ts";
import type { OutletStamp } from "../flow/outlet.ts";

/** Of a step without an input. */
export const NO_STAMP: OutletStamp = { epoch: 0, lease: undefined, isPartial: false, progress: undefined };

/** What every output of a step carries. */
export function stampOf({ items }: Delivery): OutletStamp {
  const [first] = items as readonly [Item];
  if (items.length === 1) {
    return { epoch: first.epoch, lease: first.lease, isPartial: first.isPartial === true, progress: first.progress };
  }
  return {
    epoch: Math.max(...items.map(({ epoch }) => epoch)),
    lease: items.some(({ lease }) => lease !== undefined)
      ? new Lease(() => items.forEach(({ lease }) => lease?.release()))
      : undefined,
    isPartial: items.some(({ isPartial }) => isPartial === true),
    progress: items.find(({ progress }) => progress !== undefined)?.progress,
  };
}

/** How often the inputs were taken before, by threads that have died. */
export function timesTaken({ items }: Delivery): number {
  let times = 0;
  for (const { takenBefore = 0 } of items) if (takenBefore > times) times = takenBefore;
  return times;
}

/** The same inputs, with bytes of their own. */
export function copyDelivery({ edges, items }: Delivery): Delivery {
  return { edges, items: items.map((item) => ({ ...item, data: copyData(item.data) })) };
}
