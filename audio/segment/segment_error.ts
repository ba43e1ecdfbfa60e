import { displayValue, StreamrackError } from "../../core/errors.ts";

/** The error of an argument that an AudioSegment cannot use. */
export function badArgument(path: string, received: unknown, expected: string): StreamrackError {
  return new StreamrackError("invalid-options", "this cannot be done with an AudioSegment", {
    problems: [{ path, message: "is out of range", received: displayValue(received), expected }],
  });
}
