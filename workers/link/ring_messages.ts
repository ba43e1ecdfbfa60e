/**
 * What the two ends of a ring link post to each other.
 *
 * @module
 */

import type { RuntimeData } from "../../core/data/types.ts";
import type { Progress } from "../../core/node/progress.ts";

/** What the writer posts to a sleeping reader. */
export const DOORBELL = 1;
/** What the reader posts to a sleeping writer. */
export const ROOM = 2;

/** From the writer to the reader. */
export type ToReader =
  | typeof DOORBELL
  /** The samples of the next headers. Nothing beside them, since an envelope costs several times as much as they do. */
  | ArrayBuffer
  | ArrayBuffer[]
  /** Any other value, with the sequence number of the record that stands for it. */
  | { readonly t: "data"; readonly s: number; readonly d: RuntimeData; readonly p?: Progress | undefined }
  | { readonly t: "end" };

/** From the reader to the writer. */
export type ToWriter =
  | typeof ROOM
  /** The end has arrived, and nothing is kept any more: the port may be closed. */
  | { readonly t: "closed" };
