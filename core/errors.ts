/**
 * The one error class of Streamrack, its closed lists of codes and reasons,
 * and the plain form in which an error crosses threads.
 *
 * Callers branch on {@linkcode StreamrackError.code} (the sixteen canonical
 * gRPC codes) or on the finer {@linkcode StreamrackError.reason}; never on the
 * text of a message.
 *
 * @module
 */

/** The sixteen canonical gRPC codes, in kebab-case. */
export const ERROR_CODES = [
  "cancelled",
  "unknown",
  "invalid-argument",
  "deadline-exceeded",
  "not-found",
  "already-exists",
  "permission-denied",
  "resource-exhausted",
  "failed-precondition",
  "aborted",
  "out-of-range",
  "unimplemented",
  "internal",
  "unavailable",
  "data-loss",
  "unauthenticated",
] as const;

/** What kind of failure it is. See `docs/errors.md` for what to do about each. */
export type ErrorCode = typeof ERROR_CODES[number];

/** Every reason, with the code that it implies. The table in `docs/errors.md` has one row for each. */
export const ERROR_REASONS = {
  "invalid-manifest": "invalid-argument",
  "invalid-params": "invalid-argument",
  "invalid-data": "invalid-argument",
  "invalid-options": "invalid-argument",
  "invalid-media": "invalid-argument",
  "wrong-kind": "invalid-argument",
  "detached-data": "invalid-argument",
  "not-cloneable": "invalid-argument",
  "unknown-target": "invalid-argument",
  "truncated-media": "data-loss",
  "plugin-not-found": "not-found",
  "file-not-found": "not-found",
  "plugin-load-failed": "failed-precondition",
  "invalid-plugin": "failed-precondition",
  "plugin-api-version": "failed-precondition",
  "plugin-version": "failed-precondition",
  "duplicate-node-type": "already-exists",
  "duplicate-channel": "already-exists",
  "duplicate-subscriber": "already-exists",
  "channel-not-found": "not-found",
  "channel-closed": "failed-precondition",
  "permission-denied": "permission-denied",
  "description-mismatch": "failed-precondition",
  "node-create-failed": "failed-precondition",
  "node-failed": "aborted",
  "node-stuck": "deadline-exceeded",
  "worker-crashed": "unavailable",
  "memory-exceeded": "resource-exhausted",
  "plugin-unavailable": "unavailable",
  "session-cancelled": "cancelled",
  "session-flushed": "cancelled",
  "session-closed": "failed-precondition",
  "session-in-use": "failed-precondition",
  "runtime-closed": "failed-precondition",
  "deadline-exceeded": "deadline-exceeded",
  "resource-exhausted": "resource-exhausted",
  "overloaded": "unavailable",
  "protocol-violation": "internal",
  "unsupported-runtime": "unimplemented",
  "limit-exceeded": "resource-exhausted",
  "connection-failed": "unavailable",
  "unauthenticated": "unauthenticated",
  "remote-failed": "internal",
  "inference-failed": "internal",
  "stream-broken": "unavailable",
  "synthesis-failed": "internal",
  "runner-not-found": "not-found",
  "capability-unsupported": "unimplemented",
  "streaming-unsupported": "unimplemented",
  "model-not-downloaded": "failed-precondition",
  "service-unavailable": "unavailable",
  "model-load-failed": "failed-precondition",
  "hardware-unsupported": "failed-precondition",
  "unknown": "unknown",
} as const satisfies Record<string, ErrorCode>;

/** The tagged cause within a code, such as `worker-crashed` or `invalid-manifest`. */
export type ErrorReason = keyof typeof ERROR_REASONS;

const RETRYABLE_CODES: ReadonlySet<ErrorCode> = new Set(["unavailable", "resource-exhausted"]);

/** One thing that is wrong, and how to put it right. */
export interface Problem {
  /** Where it is, as a path into what the caller gave, such as `nodes[2].params.gainDb`. */
  readonly path: string;
  /** What is wrong, as a sentence without the path. */
  readonly message: string;
  /** What was found there, shortened for display. */
  readonly received?: string;
  /** What would have been right. */
  readonly expected?: string;
}

/** What a {@linkcode StreamrackError} carries beside its message. */
export interface StreamrackErrorOptions {
  /** The node that failed, by its id in the manifest. */
  readonly nodeId?: string | undefined;
  /** The plugin that provides the node. */
  readonly pluginName?: string | undefined;
  /** Whether the same call may succeed later. Default: true for `unavailable` and `resource-exhausted`. */
  readonly retryable?: boolean | undefined;
  /** When the same call may succeed, in milliseconds from now, where that can be told. */
  readonly retryAfterMs?: number | undefined;
  /** Everything that is wrong, not the first thing only. */
  readonly problems?: readonly Problem[] | undefined;
  /** What the reader should do now. */
  readonly remedy?: string | undefined;
  /** What was thrown underneath. */
  readonly cause?: unknown;
  /** Overrides the code that the reason implies. */
  readonly code?: ErrorCode | undefined;
}

const BRAND = Symbol.for("streamrack.error");

/**
 * The one error class. Its message names the code, the node and plugin where
 * known, every problem with its path, and what to do.
 *
 * @example Telling one failure from another
 * ```ts
 * import { StreamrackError } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const error = new StreamrackError("worker-crashed", "the worker exited with code 7", {
 *   nodeId: "gain",
 *   pluginName: "audio",
 * });
 * assert.equal(error.code, "unavailable");
 * assert.equal(error.reason, "worker-crashed");
 * assert.equal(error.retryable, true);
 * ```
 */
export class StreamrackError extends Error {
  override readonly name = "StreamrackError";
  readonly code: ErrorCode;
  readonly reason: ErrorReason;
  readonly nodeId: string | undefined;
  readonly pluginName: string | undefined;
  readonly retryable: boolean;
  /** When the same call may succeed, in milliseconds from now, from 0; `undefined` where that cannot be told. */
  readonly retryAfterMs: number | undefined;
  readonly problems: readonly Problem[];
  readonly remedy: string | undefined;
  /** The message without code, place, problems and remedy. */
  readonly detail: string;

  constructor(reason: ErrorReason, detail: string, options: StreamrackErrorOptions = {}) {
    const code = options.code ?? ERROR_REASONS[reason];
    super(renderMessage(code, detail, options), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = reason;
    this.detail = detail;
    this.nodeId = options.nodeId;
    this.pluginName = options.pluginName;
    this.retryable = options.retryable ?? RETRYABLE_CODES.has(code);
    this.retryAfterMs = options.retryAfterMs;
    this.problems = options.problems ?? [];
    this.remedy = options.remedy;
  }

  // On the prototype, so that a printed error does not show it.
  get [BRAND](): true {
    return true;
  }

  /** Whether a value is a StreamrackError, also one that another copy of this package made. Never throws. */
  static is(value: unknown): value is StreamrackError {
    try {
      return typeof value === "object" && value !== null && BRAND in value;
    } catch {
      return false; // a proxy that answers with an exception
    }
  }

  /**
   * Turns anything thrown into a StreamrackError: one of ours is returned as
   * it is, anything else becomes the cause of a new one.
   */
  static from(
    thrown: unknown,
    reason: ErrorReason = "unknown",
    options: StreamrackErrorOptions = {},
  ): StreamrackError {
    if (StreamrackError.is(thrown)) return thrown;
    return new StreamrackError(reason, describeThrown(thrown), { cause: thrown, ...options });
  }
}

/** The same error with node and plugin filled in, where it does not name them itself. */
export function placed(
  error: StreamrackError,
  place: { readonly nodeId: string; readonly pluginName: string },
): StreamrackError {
  try {
    if (error.nodeId !== undefined) return error;
    const { code, problems, remedy, retryable, retryAfterMs } = error;
    const kept = { code, problems, remedy, retryable, retryAfterMs };
    return new StreamrackError(error.reason, error.detail, { ...kept, ...place, cause: error });
  } catch {
    // It only passes for one of ours, and its fields throw.
    return new StreamrackError("unknown", describeThrown(error), { ...place, cause: error });
  }
}

function renderMessage(code: ErrorCode, detail: string, options: StreamrackErrorOptions): string {
  const place = options.nodeId === undefined
    ? options.pluginName === undefined ? "" : ` (plugin "${options.pluginName}")`
    : options.pluginName === undefined
    ? ` (node "${options.nodeId}")`
    : ` (node "${options.nodeId}" of plugin "${options.pluginName}")`;
  const lines = (options.problems ?? []).map((problem) => `\n  - ${renderProblem(problem)}`);
  const what = `[${code}] ${detail}${place}`;
  if (options.remedy === undefined) return `${what}${lines.join("")}`;
  if (lines.length > 0) return `${what}${lines.join("")}\n${options.remedy}`;
  return `${what}${/[.!?]$/.test(what) ? "" : "."} ${options.remedy}`;
}

/** Renders one problem as a line: path, what is wrong, what was received and expected. */
export function renderProblem(problem: Problem): string {
  // Messages of schema libraries often show the value already: "Expected number but received …".
  const isShown = problem.received === undefined || problem.message.includes(`received ${problem.received}`);
  const received = isShown ? "" : `; received ${problem.received}`;
  const expected = problem.expected === undefined ? "" : `; expected ${problem.expected}`;
  const path = problem.path === "" ? "" : `${problem.path}: `;
  return `${path}${problem.message}${received}${expected}`;
}

/** Says what was thrown in a few words: name and message of an error, or the value. Never throws, whatever the value. */
export function describeThrown(thrown: unknown): string {
  try {
    if (isError(thrown)) {
      const [name, message] = [String(thrown.name), String(thrown.message)];
      return name === "Error" ? message : `${name}: ${message}`;
    }
  } catch {
    // An error whose fields throw is shown like any other value.
  }
  return `a value that is not an Error was thrown: ${displayValue(thrown)}`;
}

/**
 * Whether a value is an Error, also one of another realm (a `node:vm` context,
 * as some test runners use). Throws nothing, whatever the value.
 */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
  } catch {
    return false; // a proxy that answers with an exception, or that is revoked
  }
}

const DISPLAY_MAX_CHARS = 80;

/**
 * Shows any value in a few words for an error message: never throws, never
 * longer than about 80 characters, and never walks more of a value than it shows.
 */
export function displayValue(value: unknown): string {
  try {
    return shorten(render(value, DISPLAY_MAX_CHARS, []));
  } catch {
    return "a value that cannot be shown"; // a revoked proxy, a getter that throws
  }
}

/** Renders in the manner of JSON until the room is used up; what follows would be cut off anyway. */
function render(value: unknown, room: number, ancestors: readonly object[]): string {
  if (room <= 0) return "…";
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.slice(0, room));
    case "bigint":
      return `${value}n`;
    case "function":
      return typeof value.name === "string" && value.name !== "" ? `function ${shorten(value.name)}` : "a function";
    case "symbol":
      return "a symbol";
    case "object":
      break;
    default:
      return String(value);
  }
  if (value === null) return "null";
  if (ArrayBuffer.isView(value)) return `${className(value)} of ${value.byteLength} bytes`;
  if (ancestors.includes(value)) return "(cyclic)";
  const lineage = [...ancestors, value];
  if (Array.isArray(value)) {
    return renderMembers("[", "]", value.length, room, (i, left) => render(value[i], left, lineage));
  }
  const prototype = Object.getPrototypeOf(value);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!isPlain) return `a value of class ${shorten(className(value))}`;
  // Like JSON, without absent fields; more keys than there is room for are not looked at.
  const keys = Object.keys(value).slice(0, DISPLAY_MAX_CHARS)
    .filter((key) => (value as Record<string, unknown>)[key] !== undefined);
  return renderMembers("{", "}", keys.length, room, (i, left) => {
    const key = keys[i] as string;
    const shownKey = JSON.stringify(key.slice(0, Math.max(1, left)));
    const member = (value as Record<string, unknown>)[key];
    return `${shownKey}:${render(member, left - shownKey.length, lineage)}`;
  });
}

function renderMembers(
  open: string,
  close: string,
  count: number,
  room: number,
  renderMember: (index: number, left: number) => string,
): string {
  let text = open;
  for (let i = 0; i < count && text.length <= room; i++) {
    text += `${i === 0 ? "" : ","}${renderMember(i, room - text.length - 1)}`;
  }
  return text + close;
}

function className(value: object): string {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const name: unknown = tag === "Object" ? value.constructor?.name : tag;
  return typeof name === "string" && name !== "" ? name : tag;
}

function shorten(text: string): string {
  if (text.length <= DISPLAY_MAX_CHARS) return text;
  const cut = text.slice(0, DISPLAY_MAX_CHARS - 1);
  // Half of a surrogate pair is no text, and some encoders refuse it.
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
