/**
 * Decibels to factors and back. A level of zero has no decibels: JSON cannot
 * say minus infinity, so it is `null`.
 *
 * @module
 */

/** The factor by which a gain in decibels multiplies a sample. */
export function gainOf(decibels: number): number {
  return 10 ** (decibels / 20);
}

/** Decibels of an amplitude relative to full scale; `null` for silence. */
export function amplitudeDb(amplitude: number): number | null {
  return amplitude > 0 ? 20 * Math.log10(amplitude) : null;
}

/** Decibels of a mean square relative to full scale squared; `null` for silence. */
export function powerDb(power: number): number | null {
  return power > 0 ? 10 * Math.log10(power) : null;
}
