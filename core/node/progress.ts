/**
 * Results in parts: how a node marks an output as partial, and tells how far
 * it is.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../errors.ts";

const BRAND = "streamrack.partial";

/** How far a node is with one input. */
export interface Progress {
  /** Share that is done, 0 to 100. */
  readonly progressPercent?: number | undefined;
  /** How long the rest will take, in milliseconds, from 0. */
  readonly estimatedRemainingMs?: number | undefined;
}

/** An output with more of the same result to follow. Made by {@linkcode partial}. */
export interface PartialOutput<T> {
  readonly [BRAND]: true;
  readonly output: T;
  readonly progress: Progress | undefined;
}

/**
 * Marks an output of a node as partial: a first version of a result, or a
 * piece of it. The last output for each input is the final one, and is given
 * without a mark.
 *
 * @param output What `process` would give otherwise.
 * @param progress How far the node is.
 *
 * @example
 * ```ts
 * import { defineNode, partial, RuntimeData } from "@streamrack/core/plugin";
 *
 * export const spell = defineNode({
 *   type: "text.spell",
 *   summary: "Gives a text letter by letter, then whole.",
 *   inputs: { in: ["text"] },
 *   outputs: { out: ["text"] },
 *   create: () => ({
 *     *process({ text }) {
 *       for (let i = 1; i < text.length; i++) {
 *         yield partial(RuntimeData.text(text.slice(0, i)), { progressPercent: 100 * i / text.length });
 *       }
 *       yield RuntimeData.text(text);
 *     },
 *   }),
 * });
 * ```
 */
export function partial<T extends object>(output: T, progress?: Progress): PartialOutput<T> {
  return { [BRAND]: true, output, progress };
}

/** Whether a value was made by {@linkcode partial}, also by that of another copy of this package. */
export function isPartial(value: unknown): value is PartialOutput<unknown> {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** Returns the value if it tells how far something is. @throws {StreamrackError} `invalid-data`. */
export function checkProgress(value: unknown): Progress {
  const { progressPercent, estimatedRemainingMs } = (value ?? {}) as { readonly [K in keyof Progress]: unknown };
  const isWithin = (field: unknown, max: number) =>
    field === undefined || (typeof field === "number" && field >= 0 && field <= max);
  if (isWithin(progressPercent, 100) && isWithin(estimatedRemainingMs, Number.MAX_VALUE)) {
    return { progressPercent, estimatedRemainingMs } as Progress;
  }
  throw new StreamrackError("invalid-data", "this is no progress", {
    problems: [{
      path: "progress",
      message: "is not right",
      received: displayValue(value),
      expected: "{ progressPercent: 0 to 100, estimatedRemainingMs: from 0 }",
    }],
  });
}
