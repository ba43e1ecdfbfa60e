/**
 * What flows along an edge.
 *
 * @module
 */

import type { RuntimeData } from "../data/types.ts";
import type { Progress } from "../node/progress.ts";
import type { Lease } from "./lease.ts";

/** One value on an edge, with its position among the outputs of its port. */
export interface Item {
  readonly data: RuntimeData;
  /** Counts from 0. */
  readonly sequence: number;
  /** How many flushes came before it. Wherever it meets a later epoch, it is dropped. */
  readonly epoch: number;
  /** What it counts for in flow control. Counted once, since the value may still change while it waits. */
  readonly bytes: number;
  /** Whether more of the same result follows. Default: false. */
  readonly isPartial?: boolean | undefined;
  readonly progress?: Progress | undefined;
  /** How often it was given to a node before, whose thread has died of it or with it. Default: 0. */
  readonly takenBefore?: number | undefined;
  /** The bytes stay the sender's: they are copied, not moved. Default: false. */
  readonly isBorrowed?: boolean | undefined;
  /** Holds what it was made from until it is done with, where nothing may be lost. */
  readonly lease?: Lease | undefined;
}

/** How much may be in flight on one edge. A value is let in while both counts are below their limit. */
export interface FlowLimits {
  /** Values, at least 1. */
  readonly items: number;
  /** Bytes as {@linkcode byteLength} counts them, at least 1. The last value let in may exceed it. */
  readonly bytes: number;
}

/** What happens to a value for which there is no room: its writer waits, or the oldest or this newest is dropped. */
export type WhenFull = "block" | "drop-oldest" | "drop-newest";

/** Where the outputs of a port go: a queue in the same segment, or a link to another. */
export interface ItemWriter {
  /** The sequence number that the next value is to have. Default: 0; more where a link has outlived its writer. */
  readonly nextSequence?: number | undefined;
  /**
   * Hands a value over. Returns nothing if it was taken at once, else a
   * promise that settles when there was room (or rejects when the writer was
   * aborted; the value is then still the caller's).
   */
  write(item: Item): void | Promise<void>;
  /** Says that nothing more will come. Never dropped by a flush. */
  end(): void;
  /** Makes the waiting write and every later one reject with the error. */
  abort(error: Error): void;
}
