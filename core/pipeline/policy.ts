/**
 * Policies: what happens to an input that a node fails at, or takes too long
 * for.
 *
 * @module
 */

import type { Backoff } from "../flow/backoff.ts";

/** When a failed input is tried again. */
export interface RetryPolicy extends Backoff {
  /** Attempts in all, from 1. */
  readonly maxAttempts: number;
}

/** What happens to the inputs of one node. */
export interface NodePolicy {
  /** What follows when an input has failed for good: the session fails, or the input is left out. */
  readonly onError: "fail" | "skip";
  readonly retry: RetryPolicy;
  /**
   * How long the node may take for one input, in milliseconds, without waits
   * for room downstream. Absent: for ever.
   */
  readonly deadlineMs?: number | undefined;
}

/** The policy of a node whose manifest says nothing. */
export const DEFAULT_POLICY: NodePolicy = {
  onError: "fail",
  retry: { maxAttempts: 1, initialDelayMs: 100, maxDelayMs: 5_000 },
};
