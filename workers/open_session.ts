/**
 * Opens sessions, and checks what they would be made of.
 *
 * @module
 */

import type { Problem } from "../core/errors.ts";
import type { Plan } from "../core/pipeline/plan.ts";
import type { Session } from "../core/pipeline/session.ts";
import { readyWithin } from "./ready_within.ts";
import { RunningSession, type SessionOptions } from "./session.ts";
import type { SessionWiring } from "./wiring.ts";

/**
 * Starts a session over segments that are placed and wired already. If it
 * cannot start, everything is ended before the promise rejects.
 */
export async function openSession(
  plan: Plan,
  wiring: SessionWiring,
  options: SessionOptions,
): Promise<Session & { readonly ended: Promise<void> }> {
  const { signal } = options;
  const session = new RunningSession(plan, wiring, options);
  const onAbort = () => void session.cancel(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  void session.ended.then(() => signal?.removeEventListener("abort", onAbort));
  try {
    signal?.throwIfAborted();
    await readyWithin(session.start(), options.openTimeoutMs);
  } catch (thrown) {
    // Where the session has failed by then, its parts only say that they were given up.
    const error = session.failure ?? thrown;
    await session.cancel(signal?.aborted === true ? signal.reason : thrown);
    throw signal?.aborted === true ? session.failure : error;
  }
  return session;
}

/** Checks the parameters of a plan in its workers and ends everything again. Gives every problem. */
export async function checkSession(plan: Plan, wiring: SessionWiring, options: SessionOptions): Promise<Problem[]> {
  const session = new RunningSession(plan, wiring, options);
  try {
    return await readyWithin(session.prepare(), options.openTimeoutMs);
  } finally {
    await session.cancel("only checked");
  }
}
