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

/** Who is at the other end of a link, and has to answer for what comes from there. */
export interface LinkPeer {
  readonly nodeId: string;
  /** Absent where it is not known: workers know their neighbours by their nodes. */
  readonly pluginName?: string | undefined;
}

/** The same error with whoever is at the other end. */
export function accusing(error: StreamrackError, peer: LinkPeer | undefined): StreamrackError {
  if (peer === undefined || error.nodeId !== undefined || error.reason !== "protocol-violation") return error;
  const { detail, problems, cause } = error;
  return new StreamrackError("protocol-violation", detail, { problems, cause, ...peer });
}

/** Opens something on memory that the other end may have spoilt. */
export function accuseIfThrown<T>(peer: LinkPeer | undefined, open: () => T): T {
  try {
    return open();
  } catch (thrown) {
    throw isViolation(thrown) ? accusing(thrown, peer) : thrown;
  }
}

/** Whether something was thrown because the other end broke the protocol. */
export function isViolation(thrown: unknown): thrown is StreamrackError {
  return StreamrackError.is(thrown) && thrown.reason === "protocol-violation";
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
