/**
 * The limits of one session: what `open` was given, else what the runtime was.
 *
 * @module
 */

import { displayValue, type Problem, StreamrackError } from "../core/errors.ts";
import type { BudgetOptions, WhenExhausted } from "./session_budget.ts";

/** Limits that a runtime sets for all its sessions, and `open` for one. */
export interface SessionLimits {
  /**
   * Most bytes in flight on all edges of a session together; the last value
   * let in may exceed it. What a node has taken is not counted. Default: none
   * beside {@linkcode RuntimeOptions.maxBytesInFlight} of each edge.
   */
  readonly maxSessionBytesInFlight?: number | undefined;
  /**
   * What `send` does at that limit: wait until there is room, or reject with
   * `resource-exhausted`. Default: `"wait"`.
   */
  readonly whenExhausted?: WhenExhausted | undefined;
  /**
   * How long `open` may wait for its turn where `maxSessions` are open, in
   * milliseconds. Loading is not part of it. Default: 60 000.
   */
  readonly queueTimeoutMs?: number | undefined;
}

/** Limits with defaults filled in. */
export interface ResolvedLimits {
  readonly budget: BudgetOptions | undefined;
  readonly queueTimeoutMs: number;
}

/** @throws {StreamrackError} `invalid-options` with every option that is not right. */
export function resolveLimits(options: SessionLimits, defaults: SessionLimits): ResolvedLimits {
  const given = { ...defaults, ...withoutUndefined(options) };
  const { maxSessionBytesInFlight, whenExhausted = "wait", queueTimeoutMs = 60_000 } = given;
  const problems: Problem[] = [];
  const refuse = (name: keyof SessionLimits, expected: string) => {
    const problem = { path: `options.${name}`, message: "is not right", received: displayValue(given[name]) };
    problems.push({ ...problem, expected });
  };
  if (maxSessionBytesInFlight !== undefined && !isWholeFrom(1, maxSessionBytesInFlight)) {
    refuse("maxSessionBytesInFlight", "a whole number from 1");
  }
  if (whenExhausted !== "wait" && whenExhausted !== "reject") refuse("whenExhausted", '"wait" or "reject"');
  if (!isWholeFrom(0, queueTimeoutMs)) refuse("queueTimeoutMs", "a whole number from 0");
  if (problems.length > 0) throw new StreamrackError("invalid-options", "these options are not right", { problems });
  return {
    budget: maxSessionBytesInFlight === undefined
      ? undefined
      : { maxBytesInFlight: maxSessionBytesInFlight, whenExhausted },
    queueTimeoutMs,
  };
}

function isWholeFrom(minimum: number, value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= minimum;
}

function withoutUndefined(options: SessionLimits): SessionLimits {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
