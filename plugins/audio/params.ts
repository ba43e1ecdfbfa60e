/**
 * The kinds of parameter that the audio nodes share.
 *
 * @module
 */

import * as v from "valibot";

/** An optional number of a range, with its default. */
export function numberParam(
  description: string,
  { min, max, fallback }: { min: number; max: number; fallback: number },
): v.GenericSchema<number | undefined, number> {
  return v.optional(
    v.pipe(v.number(), v.minValue(min), v.maxValue(max), v.description(description)),
    fallback,
  );
}

/** An optional choice between a few words, with its default. */
export function choiceParam<const Words extends readonly string[]>(
  description: string,
  words: Words,
  fallback: Words[number],
): v.GenericSchema<Words[number] | undefined, Words[number]> {
  return v.optional(v.pipe(v.picklist(words), v.description(description)), () => fallback);
}

/** An optional yes or no, with its default. */
export function flagParam(description: string, fallback: boolean): v.GenericSchema<boolean | undefined, boolean> {
  return v.optional(v.pipe(v.boolean(), v.description(description)), fallback);
}
