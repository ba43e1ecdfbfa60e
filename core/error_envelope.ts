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
    name: textOf(readField(thrown, "name")) ?? "Error",
    message: textOf(readField(thrown, "message")) ?? "",
    ...(typeof stack === "string" ? { stack } : {}),
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
    const { code, reason, detail, nodeId, pluginName, retryable, retryAfterMs, problems, remedy } = error;
    if (!ERROR_CODES.includes(code) || typeof detail !== "string") return undefined;
    return {
      code,
      reason,
      detail,
      retryable,
      problems: problems.map(({ path, message, received, expected }) => ({
        path: String(path),
        message: String(message),
        ...(received === undefined ? {} : { received: String(received) }),
        ...(expected === undefined ? {} : { expected: String(expected) }),
      })),
      ...(nodeId === undefined ? {} : { nodeId }),
      ...(pluginName === undefined ? {} : { pluginName }),
      ...(remedy === undefined ? {} : { remedy }),
      ...(typeof retryAfterMs === "number" ? { retryAfterMs } : {}),
    };
  } catch {
    return undefined;
  }
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
  for (const key of ownKeys(error)) {
    if (STANDARD_FIELDS.has(key)) continue;
    const value = readField(error, key);
    if (value === null || ["string", "number", "boolean"].includes(typeof value)) {
      // Not an assignment: a key such as __proto__ would change the prototype.
      Object.defineProperty(fields, key, { value, enumerable: true });
      found = true;
    }
  }
  return found ? fields : undefined;
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
 */
export function fromErrorEnvelope(envelope: ErrorEnvelope): Error {
  const cause = envelope.cause === undefined ? undefined : fromErrorEnvelope(envelope.cause);
  const ours = envelope.streamrack;
  let error: Error;
  if (ours !== undefined && Object.hasOwn(ERROR_REASONS, ours.reason) && ERROR_CODES.includes(ours.code)) {
    error = new StreamrackError(ours.reason, ours.detail, { ...ours, cause });
  } else {
    error = new Error(envelope.message, cause === undefined ? undefined : { cause });
    error.name = envelope.name;
    for (const [key, value] of Object.entries(envelope.fields ?? {})) {
      // defineProperty, because an assignment to a key such as __proto__ would change the prototype.
      Object.defineProperty(error, key, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  if (envelope.stack !== undefined) error.stack = envelope.stack;
  return error;
}
