/**
 * The deadline for everything that has to be ready before data flows.
 *
 * @module
 */

import { StreamrackError } from "../core/errors.ts";
import { settledWithin } from "../core/flow/settled_within.ts";

/** Waits until something is ready. @throws {StreamrackError} `deadline-exceeded` if it takes too long. */
export async function readyWithin<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const settled = await settledWithin(promise.then((value) => ({ value })), timeoutMs);
  if (settled !== undefined) return settled.value;
  throw new StreamrackError("deadline-exceeded", `the session was not ready within ${timeoutMs} ms`, {
    remedy: "Look for a plugin that hangs while it loads or creates a node, or for threads that are all taken " +
      "(maxThreads, tasksPerThread); or raise openTimeoutMs.",
  });
}
