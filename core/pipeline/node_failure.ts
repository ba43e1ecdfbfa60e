/**
 * What the failure of a node is to the rest of the session.
 *
 * @module
 */

import { displayValue, isError, placed, StreamrackError } from "../errors.ts";
import type { PortKinds } from "../node/contract.ts";

/** Whose failure it is. */
export interface FailedNode {
  readonly nodeId: string;
  readonly pluginName: string;
  readonly description: { readonly type: string };
}

/** What a node threw, with its place. */
export function failureOf(thrown: unknown, { nodeId, pluginName, description }: FailedNode): StreamrackError {
  // What a node throws is its failure, also where it is a StreamrackError of its own, whose code and problems then
  // stay visible. Errors of the engine, such as a cancelled session, pass as they are.
  if (StreamrackError.is(thrown)) {
    return isCancellation(thrown) ? thrown : placed(thrown, { nodeId, pluginName });
  }
  return new StreamrackError("node-failed", `"${description.type}" failed: ${describeFailure(thrown)}`, {
    nodeId,
    pluginName,
    cause: thrown,
  });
}

/** Asks an error that may only pass for one of ours, and throw when it is asked. */
function isCancellation(error: StreamrackError): boolean {
  try {
    return error.reason === "session-cancelled";
  } catch {
    return false;
  }
}

/** Never throws, whatever a node may throw. */
function describeFailure(thrown: unknown): string {
  try {
    if (isError(thrown)) return `${String(thrown.name)}: ${String(thrown.message)}`;
  } catch {
    // Its fields throw.
  }
  return `it threw ${displayValue(thrown)}`;
}

/** Why the answer to a value that was flushed ends. */
export function flushed(): StreamrackError {
  return new StreamrackError("session-flushed", "the value was flushed");
}

/** A value came that the input does not take. */
export function wrongKind(port: string, received: string, kinds: PortKinds, from: string | undefined): StreamrackError {
  const origin = from === undefined ? "the session" : `node "${from}"`;
  return new StreamrackError("wrong-kind", `input "${port}" does not take ${received} data`, {
    problems: [{
      path: `input "${port}"`,
      message: `is of the wrong kind, from ${origin}`,
      received,
      expected: kinds.join(" or "),
    }],
  });
}
