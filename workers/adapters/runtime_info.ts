/**
 * Which runtime this is, and what it cannot do.
 *
 * @module
 */

import process from "node:process";

/** A runtime that this package works on. */
export type RuntimeName = "deno" | "bun" | "node";

/** The runtime at hand. */
export interface RuntimeInfo {
  readonly name: RuntimeName;
  /** Its own version, such as `"2.9.6"`. */
  readonly version: string;
  /**
   * Whether a worker that exceeds its heap limit ends, and the host is told.
   * Bun ignores the limit; Deno stops the thread, but tells nobody if it
   * happens while a message is handled.
   */
  readonly limitsWorkerHeap: boolean;
}

/** Tells which runtime this is. Deno and Bun claim to be Node as well, so they are asked first. */
export function runtimeInfo(): RuntimeInfo {
  const { deno, bun, node } = process.versions as { deno?: string; bun?: string; node?: string };
  if (deno !== undefined) return { name: "deno", version: deno, limitsWorkerHeap: false };
  if (bun !== undefined) return { name: "bun", version: bun, limitsWorkerHeap: false };
  return { name: "node", version: node ?? "", limitsWorkerHeap: true };
}
