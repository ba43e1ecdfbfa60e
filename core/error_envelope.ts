/**
 * The form in which an error crosses threads: plain fields only, because
 * neither classes nor own fields of an Error survive a structured clone on
 * every runtime.
 *
 * @module
 */

import { displayValue, ERROR_CODES, ERROR_REASONS, type Problem, StreamrackError } from "./errors.ts";
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
  if (!(thrown instanceof Error)) {
    return { name: "Error", message: `a value that is not an Error was thrown: ${displayValue(thrown)}` };
  }
  const cause = thrown.cause === undefined || depthLeft === 0 ? undefined : pack(thrown.cause, depthLeft - 1);
  const common = {
    name: String(thrown.name),
    message: String(thrown.message),
    ...(typeof thrown.stack === "string" ? { stack: thrown.stack } : {}),
    ...(cause === undefined ? {} : { cause }),
  };
  if (StreamrackError.is(thrown)) {
    const { code, reason, detail, nodeId, pluginName, retryable, problems, remedy } = thrown;
    return {
      ...common,
      streamrack: {
        code,
        reason,
        detail,
        retryable,
        problems: problems.map((problem) => ({ ...problem })),
        ...(nodeId === undefined ? {} : { nodeId }),
        ...(pluginName === undefined ? {} : { pluginName }),
        ...(remedy === undefined ? {} : { remedy }),
      },
    };
  }
  const fields = plainFields(thrown);
  return fields === undefined ? common : { ...common, fields };
}

function plainFields(error: Error): Record<string, string | number | boolean | null> | undefined {
  const fields: Record<string, string | number | boolean | null> = {};
  let found = false;
  for (const key of Object.keys(error)) {
    if (STANDARD_FIELDS.has(key)) continue;
    let value: unknown;
    try {
      value = (error as unknown as Record<string, unknown>)[key];
    } catch {
      continue; // a getter that throws has nothing to tell
    }
    if (value === null || ["string", "number", "boolean"].includes(typeof value)) {
      fields[key] = value as string | number | boolean | null;
      found = true;
    }
  }
  return found ? fields : undefined;
}

/**
 * Rebuilds an error on the other side. The result is a StreamrackError if the
 * original was one, else an Error with the original's name, stack and fields.
 */
export function fromErrorEnvelope(envelope: ErrorEnvelope): Error {
  const cause = envelope.cause === undefined ? undefined : fromErrorEnvelope(envelope.cause);
  const ours = envelope.streamrack;
  let error: Error;
  if (ours !== undefined && ours.reason in ERROR_REASONS && ERROR_CODES.includes(ours.code)) {
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
