/**
 * The parameters of listening, which all recognisers have.
 *
 * @module
 */

import * as v from "valibot";

/** Parameters for {@linkcode UtteranceListener}, to be spread into those of a runner. */
export const listeningParams = (defaults: { readonly partialIntervalMs: number }) => ({
  partialIntervalMs: v.optional(
    v.pipe(
      v.number(),
      v.minValue(0),
      v.maxValue(60_000),
      v.description(
        "How much more has to be said for another partial result while somebody speaks, in milliseconds, up to 60000; " +
          "0: none.",
      ),
    ),
    defaults.partialIntervalMs,
  ),
  maxUtteranceMs: v.optional(
    v.pipe(
      v.number(),
      v.minValue(1000),
      v.maxValue(3_600_000),
      v.description("An utterance that comes in pieces is ended when it is longer, in milliseconds, 1000 to 3600000."),
    ),
    60_000,
  ),
  skipEmpty: v.optional(
    v.pipe(v.boolean(), v.description("Whether an utterance in which nothing was understood gives no text at all.")),
    false,
  ),
});

/** What they give. */
export interface ListeningParams {
  readonly partialIntervalMs: number;
  readonly maxUtteranceMs: number;
  readonly skipEmpty: boolean;
}
