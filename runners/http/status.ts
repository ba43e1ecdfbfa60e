/**
 * What an answer other than 2xx means.
 *
 * @module
 */

import type { StreamrackError } from "../../core/plugin.ts";
import { runnerError, type RunnerErrorCode } from "../errors.ts";

/** What a service says of a failure. */
export interface Failure {
  /** HTTP status, where the failure came with one. */
  readonly status?: number | undefined;
  /** In the words of the service. */
  readonly message?: string | undefined;
  /** Tag of the service, such as `"insufficient_quota"`. */
  readonly tag?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

const MESSAGE_MAX_CHARS = 500;

/** Reads the error body of an OpenAI-compatible service: `{ error: { message, code, type } }`, or what comes close. */
export function readFailure(text: string): Failure {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { message: text.trim() === "" ? undefined : text.trim() };
  }
  return failureOf(body) ?? {};
}

/** The failure that a JSON value tells of; `undefined` if it tells of none. */
export function failureOf(body: unknown): Failure | undefined {
  const error = field(body, "error");
  if (error === undefined || error === null) return undefined;
  const message = typeof error === "string" ? error : field(error, "message");
  const [code, type, status] = [field(error, "code"), field(error, "type"), field(error, "status")];
  const tag = [code, type].find((value) => typeof value === "string");
  const number = [code, status].find((value) => typeof value === "number");
  return {
    message: typeof message === "string" ? message : undefined,
    tag: tag as string | undefined,
    status: number as number | undefined,
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The error for a failure. `hide` takes secrets out of the words of the service. */
export function toError({ status, message, tag, retryAfterMs }: Failure, hide: (text: string) => string) {
  const said = message === undefined ? "" : `: ${hide(message).slice(0, MESSAGE_MAX_CHARS)}`;
  const make = (code: RunnerErrorCode, what: string, remedy?: string, retryable?: boolean): StreamrackError =>
    runnerError(code, `${what}${status === undefined ? "" : ` (${status})`}${said}`, {
      remedy,
      retryable,
      retryAfterMs,
    });
  if (tag === "insufficient_quota") {
    return make("E504", "the quota of the key is used up", "Look at the account at the service.", false);
  }
  switch (status) {
    case 401:
    case 403:
      return make("E401", "the service does not accept the key", "Look at the key, and what it may do.");
    case 404:
      return make("E404", "the service does not know the model or path", "Look at model and baseUrl.");
    case 429:
      return make("E501", "the service is busy");
    case 408:
    case 409:
    case 425:
      return make("E501", "the service asks to try again");
    default:
  }
  if (status === undefined || status >= 500) return make("E501", "the service failed");
  if (status >= 400) return make("E400", "the service refuses the request");
  return make("E101", "the service gave an answer that is not expected");
}

/** `Retry-After` in milliseconds: a number of seconds, or a date. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  if (header.trim() !== "" && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
