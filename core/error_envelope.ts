/**
 * The form in which an error crosses threads: plain fields only, because
 * neither classes nor own fields of an Error survive a structured clone on
 * every runtime.
 *
 * @module
 */

import { displayValue, ERROR_CODES, ERROR_REASONS, isError, type Problem, StreamrackError } from "./errors.ts";
import type { ErrorCode, ErrorReason } from "./errors.ts";

/** An error as plain, structured-cloneable fields. */
export interface ErrorEnvelope {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** The fields of a StreamrackError, when the original was one. */
  readonly streamrack?: {
    readonly code: ErrorCode;
    readonly reason: ErrorReason;
    readonly detail: string;
    readonly nodeId?: string;
    readonly pluginName?: string;
    readonly retryable: boolean;
    readonly retryAfterMs?: number;
    readonly problems: readonly Problem[];
    readonly remedy?: string;
  };
  /** Own fields that are plain values, such as `code: "ENOENT"`; others are left out. */
  readonly fields?: Readonly<Record<string, string | number | boolean | null>>;
  readonly cause?: ErrorEnvelope;
}

/** How far a chain of causes is followed. Longer chains, and cyclic ones, are cut there. */
const CAUSE_DEPTH_MAX = 8;
/** Longest text of an envelope, in characters; what is longer is cut. */
const TEXT_MAX_CHARS = 16_384;
/** Most own fields, and most problems, of one error. */
const FIELDS_MAX = 64;
const PROBLEMS_MAX = 1_000;
const STANDARD_FIELDS = new Set(["name", "message", "stack", "cause"]);

/** Packs anything thrown for the way to another thread. Never throws. */
export function toErrorEnvelope(thrown: unknown): ErrorEnvelope {
  return pack(thrown, CAUSE_DEPTH_MAX);
}

function pack(thrown: unknown, depthLeft: number): ErrorEnvelope {
  if (!isError(thrown)) {
    return { name: "Error", message: `a value that is not an Error was thrown: ${displayValue(thrown)}` };
  }
  const cause = readField(thrown, "cause");
  const stack = readField(thrown, "stack");
  const common = {
    name: cut(textOf(readField(thrown, "name")) ?? "Error"),
    message: cut(textOf(readField(thrown, "message")) ?? ""),
    ...(typeof stack === "string" ? { stack: cut(stack) } : {}),
    ...(cause === undefined || depthLeft === 0 ? {} : { cause: pack(cause, depthLeft - 1) }),
  };
  const ours = StreamrackError.is(thrown) ? packOurs(thrown) : undefined;
  if (ours !== undefined) return { ...common, streamrack: ours };
  const fields = plainFields(thrown);
  return fields === undefined ? common : { ...common, fields };
}

/** The own fields; nothing if it only looks like one of ours, as that of another version may. */
function packOurs(error: StreamrackError): ErrorEnvelope["streamrack"] {
  try {
    return readOurs(error);
  } catch {
    return undefined;
  }
}

/** Copies what is ours out of anything that has the fields, each of its right type; nothing if the main ones are not. */
function readOurs(fields: { readonly [K in keyof StreamrackError]?: unknown }): ErrorEnvelope["streamrack"] {
  const { code, reason, detail, nodeId, pluginName, retryable, retryAfterMs, problems, remedy } = fields;
  if (!ERROR_CODES.includes(code as ErrorCode) || typeof reason !== "string" || typeof detail !== "string") {
    return undefined;
  }
  return {
    code: code as ErrorCode,
    reason: reason as ErrorReason,
    detail: cut(detail),
    retryable: retryable === true,
    problems: Array.isArray(problems) ? problems.slice(0, PROBLEMS_MAX).map(readProblem) : [],
    ...(typeof nodeId === "string" ? { nodeId: cut(nodeId) } : {}),
    ...(typeof pluginName === "string" ? { pluginName: cut(pluginName) } : {}),
    ...(typeof remedy === "string" ? { remedy: cut(remedy) } : {}),
    ...(typeof retryAfterMs === "number" && retryAfterMs >= 0 ? { retryAfterMs } : {}),
  };
}

function readProblem(problem: unknown): Problem {
  const { path, message, received, expected } = (problem ?? {}) as { readonly [K in keyof Problem]?: unknown };
  return {
    path: cut(String(path)),
    message: cut(String(message)),
    ...(received === undefined ? {} : { received: cut(String(received)) }),
    ...(expected === undefined ? {} : { expected: cut(String(expected)) }),
  };
}

function cut(text: string): string {
  return text.length <= TEXT_MAX_CHARS ? text : `${text.slice(0, TEXT_MAX_CHARS)}…`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : value === undefined ? undefined : displayValue(value);
}

function readField(error: object, key: string): unknown {
  try {
    return (error as Record<string, unknown>)[key];
  } catch {
    return undefined; // a getter that throws has nothing to tell
  }
}

function plainFields(error: Error): Record<string, string | number | boolean | null> | undefined {
  const fields: Record<string, string | number | boolean | null> = {};
  let found = false;
  for (const key of ownKeys(error).slice(0, FIELDS_MAX)) {
    if (STANDARD_FIELDS.has(key)) continue;
    const value = readField(error, key);
    if (isPlainField(value)) {
      // Not an assignment: a key such as __proto__ would change the prototype.
      Object.defineProperty(fields, key, { value: typeof value === "string" ? cut(value) : value, enumerable: true });
      found = true;
    }
  }
  return found ? fields : undefined;
}

function isPlainField(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function ownKeys(error: Error): string[] {
  try {
    return Object.keys(error);
  } catch {
    return []; // a proxy
  }
}

/**
 * Rebuilds an error on the other side. The result is a StreamrackError if the
 * original was one, else an Error with the original's name, stack and fields.
 *
 * @param envelope May be anything that was cloned: whoever sent it may have made it up. What is not of its right form is
 * left out, what is too long or too deep is cut. Never throws.
 */
export function fromErrorEnvelope(envelope: ErrorEnvelope): Error {
  return unpack(envelope, CAUSE_DEPTH_MAX);
}

function unpack(envelope: unknown, depthLeft: number): Error {
  if (typeof envelope !== "object" || envelope === null) {
    return new Error(`an error of no known form: ${displayValue(envelope)}`);
  }
  const given = envelope as { readonly [K in keyof ErrorEnvelope]?: unknown };
  const cause = given.cause === undefined || depthLeft === 0 ? undefined : unpack(given.cause, depthLeft - 1);
  const ours = unpackOurs(given.streamrack);
  let error: Error;
  if (ours !== undefined) {
    error = new StreamrackError(ours.reason, ours.detail, { ...ours, cause });
  } else {
    const message = typeof given.message === "string" ? cut(given.message) : "";
    error = new Error(message, cause === undefined ? undefined : { cause });
    error.name = typeof given.name === "string" ? cut(given.name) : "Error";
    const fields = typeof given.fields === "object" && given.fields !== null ? Object.entries(given.fields) : [];
    for (const [key, value] of fields.slice(0, FIELDS_MAX)) {
      // A field must not stand before what an error can do, such as toString.
      if (!isPlainField(value) || (key in error && key !== "__proto__")) continue;
      const shown = typeof value === "string" ? cut(value) : value;
      // defineProperty, because an assignment to a key such as __proto__ would change the prototype.
      Object.defineProperty(error, key, { value: shown, enumerable: true, configurable: true, writable: true });
    }
  }
  if (typeof given.stack === "string") error.stack = cut(given.stack);
  return error;
}

function unpackOurs(given: unknown): ErrorEnvelope["streamrack"] {
  if (typeof given !== "object" || given === null) return undefined;
  try {
    const ours = readOurs(given);
    return ours !== undefined && Object.hasOwn(ERROR_REASONS, ours.reason) ? ours : undefined;
  } catch {
    return undefined; // a problem whose fields cannot be texts
  }
}
