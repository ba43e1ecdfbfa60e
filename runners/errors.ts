/**
 * The codes of runners, and the StreamrackError that each is.
 *
 * @module
 */

import { type ErrorReason, StreamrackError, type StreamrackErrorOptions } from "../core/plugin.ts";

interface CodeEntry {
  readonly reason: ErrorReason;
  /** Whether another attempt, or another runner, may succeed. */
  readonly recoverable: boolean;
}

/** Every code, with the reason of the StreamrackError that it stands for. */
export const RUNNER_ERRORS = {
  /** Processing failed. */
  E101: { reason: "inference-failed", recoverable: false },
  /** A stream broke. */
  E102: { reason: "stream-broken", recoverable: true },
  /** Speech could not be made. */
  E103: { reason: "synthesis-failed", recoverable: false },
  /** The input is not valid. */
  E400: { reason: "invalid-data", recoverable: false },
  /** No permission, or no key. */
  E401: { reason: "unauthenticated", recoverable: false },
  /** There is no such runner or model. */
  E404: { reason: "runner-not-found", recoverable: false },
  /** The runner lacks the capability. */
  E405: { reason: "capability-unsupported", recoverable: false },
  /** The runner cannot stream. */
  E406: { reason: "streaming-unsupported", recoverable: false },
  /** Files of a model are missing: they could not be downloaded, or nobody has. */
  E500: { reason: "model-not-downloaded", recoverable: true },
  /** A resource is not available now. */
  E501: { reason: "service-unavailable", recoverable: true },
  /** A model could not be loaded. */
  E502: { reason: "model-load-failed", recoverable: true },
  /** The hardware cannot do it. */
  E503: { reason: "hardware-unsupported", recoverable: true },
  /** Memory, quota or another limit is used up. */
  E504: { reason: "resource-exhausted", recoverable: true },
} as const satisfies Record<string, CodeEntry>;

/** Which failure of a runner it is. */
export type RunnerErrorCode = keyof typeof RUNNER_ERRORS;

/** A failure as a result carries it. */
export interface RunnerError {
  readonly code: RunnerErrorCode;
  readonly message: string;
  /** Whether another attempt, or another runner, may succeed. */
  readonly recoverable: boolean;
  /** When the same request may succeed, in milliseconds from now, where that can be told. */
  readonly retryAfterMs?: number | undefined;
  /** The StreamrackError that it stands for. */
  readonly cause?: unknown;
}

const CODES = Object.keys(RUNNER_ERRORS) as RunnerErrorCode[];

/**
 * The StreamrackError of a code.
 *
 * @example
 * ```ts
 * import { runnerError, toRunnerError } from "@streamrack/core/runners";
 * import assert from "node:assert/strict";
 *
 * const error = runnerError("E401", "the service needs a key", { remedy: "Set OPENAI_API_KEY." });
 * assert.equal(error.reason, "unauthenticated");
 * assert.equal(toRunnerError(error).code, "E401");
 * ```
 */
export function runnerError(
  code: RunnerErrorCode,
  detail: string,
  options: Omit<StreamrackErrorOptions, "code"> = {},
): StreamrackError {
  return new StreamrackError(RUNNER_ERRORS[code].reason, detail, options);
}

/** Anything thrown, as the failure of a runner. */
export function toRunnerError(thrown: unknown): RunnerError {
  const cause = StreamrackError.from(thrown, "inference-failed");
  const code = codeOf(cause);
  // Of a code that is recoverable by another runner only, `retryable` says nothing.
  const byRunner = !cause.retryable && RUNNER_ERRORS[code].recoverable && !isRetryableByNature(cause);
  const recoverable = cause.retryable || byRunner;
  const { retryAfterMs } = cause;
  return { code, message: cause.detail, recoverable, ...retryAfterMs === undefined ? {} : { retryAfterMs }, cause };
}

/** The StreamrackError that a result's error stands for. */
export function fromRunnerError(error: RunnerError): StreamrackError {
  if (StreamrackError.is(error.cause)) return error.cause;
  const { message, recoverable, retryAfterMs, cause } = error;
  return runnerError(error.code, message, { retryable: recoverable, retryAfterMs, cause });
}

/** Whether errors of this code are retryable unless they say otherwise: then what they say counts. */
function isRetryableByNature({ code }: StreamrackError): boolean {
  return code === "unavailable" || code === "resource-exhausted";
}

function codeOf({ reason, code }: StreamrackError): RunnerErrorCode {
  const own = CODES.find((candidate) => RUNNER_ERRORS[candidate].reason === reason);
  if (own !== undefined) return own;
  switch (code) {
    case "invalid-argument":
    case "out-of-range":
    case "data-loss":
      return "E400";
    case "unauthenticated":
    case "permission-denied":
      return "E401";
    case "not-found":
      return "E404";
    case "unimplemented":
      return "E405";
    case "unavailable":
    case "deadline-exceeded":
      return "E501";
    case "resource-exhausted":
      return "E504";
    default:
      return "E101";
  }
}
