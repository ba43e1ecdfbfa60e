/**
 * Parameters of all that answers in text.
 *
 * @module
 */

import * as v from "valibot";

/** Schemas of {@linkcode SamplingParams}. */
export interface SamplingEntries {
  readonly temperature: v.GenericSchema<number | undefined>;
  readonly maxTokens: v.GenericSchema<number | undefined>;
  readonly systemPrompt: v.GenericSchema<string | undefined>;
}

/** Parameters of a language model, wherever it is: to be spread into those of a runner. */
export const samplingParams: SamplingEntries = {
  temperature: v.optional(
    v.pipe(v.number(), v.minValue(0), v.maxValue(2), v.description("Randomness, 0 to 2. Default: that of the model.")),
  ),
  maxTokens: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(1_000_000),
      v.description("Most tokens of an answer, from 1."),
    ),
  ),
  systemPrompt: v.optional(v.pipe(v.string(), v.description("What the model is told before everything else."))),
};

/** What `samplingParams` give. */
export interface SamplingParams {
  /** Randomness, 0 to 2. */
  readonly temperature?: number | undefined;
  /** Most tokens of an answer, from 1. */
  readonly maxTokens?: number | undefined;
  readonly systemPrompt?: string | undefined;
}
