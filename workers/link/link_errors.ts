/**
 * The errors of links.
 *
 * @module
 */

import { StreamrackError } from "../../core/errors.ts";

/** The error for something that the other end cannot have sent. @param what Completes "a link carried …". */
export function violation(what: string): StreamrackError {
  return new StreamrackError("protocol-violation", `a link carried ${what}`);
}

/**
 * What was thrown while something was received, as a violation: the other end
 * checks each value before it sends it, so even one that is merely invalid
 * should not have come.
 */
export function toViolation(thrown: unknown): StreamrackError {
  const error = StreamrackError.from(thrown);
  if (error.reason === "protocol-violation") return error;
  const { detail, problems } = error;
  return new StreamrackError("protocol-violation", `a link carried what is no value: ${detail}`, {
    problems,
    cause: error,
  });
}

/** The error for a value that waits, or comes, when its link is closed already. */
export function linkClosed(): StreamrackError {
  return new StreamrackError("session-closed", "the link was closed before the value was taken");
}
