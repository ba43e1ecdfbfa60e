/**
 * Parameters that all language models share.
 *
 * @module
 */

import * as v from "valibot";
import { samplingParams } from "../../runners/mod.ts";

/** To be spread into the parameters of a runner. */
export const generationParams = {
  ...samplingParams,
  output: v.optional(
    v.pipe(
      v.picklist(["delta", "accumulated", "sentences"]),
      v.description(
        'What partial results hold: the new text ("delta"), all text so far ("accumulated"), or whole sentences ' +
          '("sentences"). The final result holds all text, what is left (sentences), or no text (delta).',
      ),
    ),
    "delta",
  ),
  maxOutputChars: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(100_000_000),
      v.description("Longest answer in UTF-16 code units, 1 to 100000000. A model that does not end is left then."),
    ),
    1_000_000,
  ),
  batchTokens: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(1000),
      v.description("Tokens per partial result, 1 to 1000."),
    ),
    1,
  ),
  batchMs: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(10_000),
      v.description(
        "How long a token waits for others at most, in milliseconds, 0 to 10000. Has no effect on batches of 1.",
      ),
    ),
    50,
  ),
};
