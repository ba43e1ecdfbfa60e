/**
 * The reading end of an edge, as a node's fan-in sees it.
 *
 * @module
 */

import type { NodeSource } from "../node/contract.ts";
import type { Item } from "./item.ts";

/** Gives the items of one edge in order. */
export interface Inlet {
  /** The edge as the node sees it. */
  readonly source: NodeSource;
  /** Whether the writer is in another thread, so that what it does may go unnoticed until one looks. */
  readonly isRemote: boolean;
  /** Whether the next item is expected in a message. */
  readonly awaitsMessage: boolean;
  /** Sequence number of the next item if none is missing, -1 if that is not known. Kept by whoever reads. */
  nextSequence: number;
  /** Items that wait to be taken. Those that a flush has made stale may still be counted. */
  readonly depth: number;
  /** Whether nothing waits and nothing more will come. */
  readonly isDrained: boolean;
  /** Called when an item arrives or the edge ends; set by the reader. */
  onChange: () => void;
  /** Called when an item of a later epoch arrives before the flush itself is heard of; set by the reader. */
  onLaterEpoch: (epoch: number) => void;

  /** The next item, left in place. */
  peek(): Item | undefined;
  /**
   * Takes the item that {@linkcode Inlet.peek} gave. That makes room for
   * another; or, where nothing may be lost, the item's lease does when it is
   * released.
   */
  take(): Item;
  /**
   * Prepares for a wait: from now on `onChange` will be called. What arrived
   * just before may go unnoticed, so look once more before you wait.
   */
  arm(): void;
  /** Drops what is of an earlier epoch, now and whenever it arrives late. */
  flushBefore(epoch: number): void;
  /** Rejects writers in this thread that wait for room. */
  abort(error: Error): void;
}

/** How many items are missing right before one that was just taken; remembers it for the next. */
export function countMissing(edge: Inlet, { sequence }: Item): number {
  const missing = edge.nextSequence < 0 ? 0 : Math.max(0, sequence - edge.nextSequence);
  edge.nextSequence = sequence + 1;
  return missing;
}
