/**
 * Limits on what nodes log: a node that logs in a loop must fill neither the
 * memory nor the time of the host.
 *
 * @module
 */

import type { JsonValue } from "../core/data/types.ts";
import { checkMetadata } from "../core/data/validate.ts";
import type { LogLevel } from "../core/node/contract.ts";
import type { LogEntry, SegmentSpec } from "../core/pipeline/segment.ts";

/** Entries of one segment that pass at once, and that pass in each second after that. */
export const LOG_BURST = 200;
export const LOGS_PER_SECOND = 50;
/** Longest message, in characters, and most details, as characters of JSON. */
const MESSAGE_MAX_CHARS = 8_192;
const DETAILS_MAX_CHARS = 16_384;

const LEVELS: readonly unknown[] = ["debug", "info", "warn", "error"] satisfies LogLevel[];

/** Lets so many entries pass, and counts the rest. */
export class LogValve {
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #lookedMs: number;
  #dropped = 0;

  /**
   * @param burst How many pass at once.
   * @param now The time in milliseconds.
   */
  constructor(burst: number = LOG_BURST, now: () => number = () => performance.now()) {
    this.#burst = this.#tokens = burst;
    this.#now = now;
    this.#lookedMs = now();
  }

  /** Whether another entry may pass. */
  admit(): boolean {
    const nowMs = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#lookedMs) * LOGS_PER_SECOND / 1_000);
    this.#lookedMs = nowMs;
    if (this.#tokens < 1) {
      this.#dropped += 1;
      return false;
    }
    this.#tokens -= 1;
    return true;
  }

  /** How many were left out since it was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }
}

/**
 * Counts the entries that a worker has posted. The worker has a
 * {@linkcode LogValve} of its own, so one that posts more than it lets pass is
 * not the worker that was started.
 */
export class LogTally {
  readonly #now: () => number;
  readonly #startMs: number;
  #entries = 0;

  /** @param now The time in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startMs = now();
  }

  /**
   * Counts an entry. False if there are more than there can be: for each that passes, one that says how many did not;
   * and some more, since clocks differ.
   */
  count(): boolean {
    this.#entries += 1;
    return this.#entries <= 3 * (LOG_BURST + (this.#now() - this.#startMs) * LOGS_PER_SECOND / 1_000);
  }
}

/** Says in place of log entries that there were more of them than may pass. */
export function droppedEntry({ sessionId, nodes: [node] }: SegmentSpec, count: number): LogEntry {
  const { nodeId = "", pluginName = "" } = node ?? {};
  return {
    level: "warn",
    message: `${count} log entries were left out: there were too many`,
    sessionId,
    nodeId,
    pluginName,
  };
}

/** Shortens what a node logs, so that it can be posted. What JSON cannot express is left out. */
export function shortened(entry: LogEntry): LogEntry {
  return { ...entry, message: cut(String(entry.message)), details: smallDetails(entry.details) };
}

/**
 * An entry as a worker posted it, for the application. Where it came from is
 * not the worker's to say.
 *
 * @returns Nothing if it is no entry.
 */
export function readLogEntry(
  value: unknown,
  place: { readonly sessionId: string; readonly plugins: ReadonlyMap<string, string> },
): LogEntry | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { level, message, details, nodeId } = value as { readonly [K in keyof LogEntry]?: unknown };
  const pluginName = typeof nodeId === "string" ? place.plugins.get(nodeId) : undefined;
  if (!LEVELS.includes(level) || typeof message !== "string" || pluginName === undefined) return undefined;
  return {
    level: level as LogLevel,
    message: cut(message),
    details: smallDetails(details),
    sessionId: place.sessionId,
    nodeId: nodeId as string,
    pluginName,
  };
}

function cut(text: string): string {
  return text.length <= MESSAGE_MAX_CHARS ? text : `${text.slice(0, MESSAGE_MAX_CHARS)}…`;
}

function smallDetails(details: unknown): { readonly [key: string]: JsonValue } | undefined {
  if (details === undefined) return undefined;
  try {
    checkMetadata(details, "details");
    return isLong(details)
      ? { omitted: "details that are too long" }
      : details as { readonly [key: string]: JsonValue };
  } catch {
    // Details that cannot be written are no reason to lose the message.
    return undefined;
  }
}

/** Whether it is too long as JSON. It is written no further than it may be long: it may hold one object many times. */
function isLong(details: unknown): boolean {
  let left = DETAILS_MAX_CHARS;
  try {
    const text = JSON.stringify(details, (key, value) => {
      left -= key.length + (typeof value === "string" ? value.length : 1);
      if (left < 0) throw new RangeError("it is too long");
      return value;
    });
    return text.length > DETAILS_MAX_CHARS;
  } catch {
    return true;
  }
}
