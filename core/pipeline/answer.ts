/**
 * What a node may answer with: a value, or something that gives values in time.
 *
 * @module
 */

/** Whether an answer is more than a value: a promise, an iterable or an async iterable. */
export function takesTime(answer: unknown): answer is object {
  return typeof answer === "object" && answer !== null &&
    (Symbol.asyncIterator in answer || Symbol.iterator in answer || "then" in answer);
}

/** Gives nothing for a promise of a promise, which has no iterator. */
export function iteratorOf(answer: object): AsyncIterator<unknown> | Iterator<unknown> | undefined {
  if (Symbol.asyncIterator in answer) return (answer as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  if (Symbol.iterator in answer) return (answer as Iterable<unknown>)[Symbol.iterator]();
  return undefined;
}
