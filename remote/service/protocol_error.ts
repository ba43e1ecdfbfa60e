/**
 * Messages of a stream that are not what should come.
 *
 * @module
 */

import { StreamrackError } from "../../core/plugin.ts";

/** The error for a message that is out of place in its stream. */
export function protocolError(message: string, received: string, expected: string, cause?: unknown): StreamrackError {
  return new StreamrackError("invalid-data", message, {
    problems: [{ path: "StreamRequest", message: "is out of place", received, expected }],
    cause,
  });
}
