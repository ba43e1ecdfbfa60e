/**
 * What the two ends of a transfer link post to each other.
 *
 * @module
 */

import type { RuntimeData } from "../../core/data/types.ts";
import type { Progress } from "../../core/node/progress.ts";

/** From the writer to the reader. */
export type ToReader =
  | {
    readonly t: "data";
    readonly s: number;
    readonly e: number;
    readonly b: number;
    readonly d: RuntimeData;
    /** Absent where it is not partial. */
    readonly m?: true | undefined;
    readonly p?: Progress | undefined;
    /** How often it was taken before, by readers that have died. */
    readonly r: number;
  }
  | { readonly t: "end" };

/** From the reader to the writer. */
export type ToWriter =
  /** Up to this sequence number values were taken, where the link keeps them. Comes before the reader's node sees it. */
  | { readonly t: "taken"; readonly s: number }
  /** So much was taken from the queue, or done with where the link keeps it: items and bytes. */
  | { readonly t: "credit"; readonly n: number; readonly b: number }
  /** The end has arrived, and nothing is kept any more: the port may be closed. */
  | { readonly t: "closed" };

/** Whether a peer has given a number that counts something. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
