/**
 * What quantities measure.
 *
 * @module
 */

/** Kinds of quantity, each with the unit that it is normalised to. */
export const QUANTITY_UNITS = {
  time: "s",
  frequency: "Hz",
  rate: "Hz",
  gain: "ratio",
  decibels: "dB",
  interval: "semitones",
  octaves: "octaves",
  cents: "cents",
  fraction: "0 to 1",
  q: "Q",
  number: "number",
} as const;

/** What a quantity measures. */
export type QuantityKind = keyof typeof QUANTITY_UNITS;
