/**
 * The error of a value that is no RuntimeData.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../errors.ts";

/** What every such error says, before its problems. */
export const REFUSAL = "this value cannot enter a pipeline";

/** An `invalid-data` with one problem. */
export function invalid(path: string, message: string, received: unknown, expected: string): StreamrackError {
  const problem = { path, message, received: displayValue(received), expected };
  return new StreamrackError("invalid-data", REFUSAL, { problems: [problem] });
}
