import assert from "node:assert/strict";
import { type Problem, StreamrackError } from "../../core/errors.ts";

/** What a call throws, which must be an error of ours. */
export function thrownBy(call: () => unknown): StreamrackError {
  try {
    call();
  } catch (error) {
    assert.ok(StreamrackError.is(error), `not one of our errors: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was thrown" });
}

/** What a promise rejects with, which must be an error of ours. */
export async function rejectionOf(promise: Promise<unknown>): Promise<StreamrackError> {
  const outcome = await promise.then(() => undefined, (error: unknown) => ({ error }));
  assert.ok(outcome !== undefined, "nothing was thrown");
  assert.ok(StreamrackError.is(outcome.error), `not one of our errors: ${String(outcome.error)}`);
  return outcome.error;
}

/** The only problem of what a call throws. */
export function problemOf(call: () => unknown): Problem {
  const { problems } = thrownBy(call);
  assert.equal(problems.length, 1);
  return problems[0] as Problem;
}
