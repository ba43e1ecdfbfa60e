/**
 * Checks of the options of a runtime, and of one session.
 *
 * @module
 */

import type { Channels } from "../core/channels/channel_manager.ts";
import { displayValue, type Problem, StreamrackError } from "../core/errors.ts";
import { runtimeInfo } from "./adapters/runtime_info.ts";
import type { OpenOptions, RuntimeOptions } from "./runtime_types.ts";
import { resolveLimits } from "./session_options.ts";

/** The least value of each option that is a number. */
const OPTION_MINIMA = {
  maxThreads: 1,
  tasksPerThread: 1,
  maxHeapMb: 1,
  idleTimeoutMs: 0,
  openTimeoutMs: 1,
  killGraceMs: 0,
  stallAfterMs: 1_000,
  stallTimeoutMs: 1_000,
  maxSessions: 1,
  maxQueuedSessions: 0,
  maxItemsInFlight: 1,
  maxBytesInFlight: 1,
  maxSessionLinks: 1,
} as const satisfies { readonly [K in keyof RuntimeOptions]: number };

const RESTART_MINIMA = { maxRestarts: 0, windowMs: 1, initialDelayMs: 0, maxDelayMs: 0 } as const;
const BREAKER_MINIMA = { maxCrashes: 1, windowMs: 1, coolDownMs: 1 } as const;
const DELIVERIES: readonly unknown[] = ["at-most-once", "at-least-once", undefined];

/** What is wrong with the numbers in an object of options. */
function checkNumbers(options: object, path: string, minima: { readonly [name: string]: number }): Problem[] {
  return Object.entries(minima).flatMap(([name, minimum]) => {
    const value = (options as { readonly [name: string]: unknown })[name];
    if (value === undefined || (Number.isSafeInteger(value) && value as number >= minimum)) return [];
    const problem = { path: `${path}.${name}`, message: "is not right", received: displayValue(value) };
    return [{ ...problem, expected: `a whole number from ${minimum}` }];
  });
}

/** What is wrong with what a runtime and a session have in common. */
function checkShared({ delivery, restart, channels }: OpenOptions): Problem[] {
  const problems = restart === undefined ? [] : checkNumbers(restart, "options.restart", RESTART_MINIMA);
  if (restart !== undefined && restart.maxRestarts === undefined) {
    problems.push({ path: "options.restart.maxRestarts", message: "is missing", expected: "a whole number from 0" });
  }
  if (!DELIVERIES.includes(delivery)) {
    const expected = '"at-most-once" or "at-least-once"';
    problems.push({ path: "options.delivery", message: "is not right", received: displayValue(delivery), expected });
  }
  if (channels !== undefined && typeof (channels as Partial<Channels> | null)?.publish !== "function") {
    const expected = "a ChannelManager";
    problems.push({ path: "options.channels", message: "is not right", received: displayValue(channels), expected });
  }
  return problems;
}

/** @throws {StreamrackError} `invalid-options`, with every problem. */
export function checkOpenOptions(options: OpenOptions): void {
  const problems = checkShared(options);
  if (problems.length === 0) return;
  throw new StreamrackError("invalid-options", "the session cannot be opened with these options", { problems });
}

/** @throws {StreamrackError} `invalid-options`, with every problem; `unsupported-runtime`. */
export function checkOptions(options: RuntimeOptions): void {
  const { breaker } = options;
  const problems = [
    ...checkNumbers(options, "options", OPTION_MINIMA),
    ...checkShared(options),
    ...(breaker === undefined ? [] : checkNumbers(breaker, "options.breaker", BREAKER_MINIMA)),
  ];
  if (breaker !== undefined && breaker.maxCrashes === undefined) {
    problems.push({ path: "options.breaker.maxCrashes", message: "is missing", expected: "a whole number from 1" });
  }
  if (problems.length > 0) {
    throw new StreamrackError("invalid-options", "the runtime cannot be made with these options", { problems });
  }
  resolveLimits(options, {});
  const { name, version, limitsWorkerHeap } = runtimeInfo();
  if (options.maxHeapMb !== undefined && !limitsWorkerHeap) {
    throw new StreamrackError(
      "unsupported-runtime",
      `${name} ${version} does not limit the heap of a worker reliably`,
      {
        remedy: "Leave maxHeapMb out, or run on Node.",
      },
    );
  }
}
