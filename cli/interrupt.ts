/**
 * Ctrl-C: the first asks for an orderly end, the second does not wait for it.
 *
 * @module
 */

import process from "node:process";
import { Interrupted } from "./exit.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Runs something that a signal can interrupt; the abort reason is an {@linkcode Interrupted}. */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const listeners = SIGNALS.map((name) => {
    const listener = () => {
      const interrupted = new Interrupted(name);
      if (controller.signal.aborted) process.exit(interrupted.exitCode);
      controller.abort(interrupted);
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  try {
    return await run(controller.signal);
  } catch (error) {
    // Whatever broke while it was being stopped, it was stopped.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    for (const remove of listeners) remove();
  }
}
