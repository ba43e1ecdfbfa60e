/**
 * Elementary functions that give the same bits on every engine.
 *
 * ECMAScript fixes the result of `+ - * /` and `Math.sqrt` to the last bit, but
 * leaves `Math.sin`, `exp`, `pow` and the like to the engine, and V8 and
 * JavaScriptCore differ. Whatever ends up in a sample is computed with these:
 * polynomials over exact operations, good to about 1e-13.
 *
 * @module
 */

export const TAU = 6.283185307179586;
const LN2 = 0.6931471805599453;
const LOG2_E = 1.4426950408889634;

/** The sine of an angle in turns: `sinTurns(0.25)` is 1. */
export function sinTurns(turns: number): number {
  let x = turns - Math.floor(turns + 0.5); // -0.5 to 0.5
  if (x > 0.25) x = 0.5 - x;
  else if (x < -0.25) x = -0.5 - x;
  const y = x * TAU;
  const z = y * y;
  // Taylor up to y^17: the next term is below 1e-13 at a quarter turn.
  const tail = 1 / 6227020800 + z * (-1 / 1307674368000 + z * (1 / 355687428096000));
  const middle = 1 / 362880 + z * (-1 / 39916800 + z * tail);
  return y * (1 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * middle))));
}

/** The cosine of an angle in turns. */
export function cosTurns(turns: number): number {
  return sinTurns(turns + 0.25);
}

/** The tangent of an angle in turns; finite for less than a quarter turn. */
export function tanTurns(turns: number): number {
  return sinTurns(turns) / cosTurns(turns);
}

/** Powers of two from -1022 to 1023, exact. */
const POWERS = new Float64Array(2046);
POWERS[1022] = 1;
for (let i = 1; i <= 1023; i++) {
  POWERS[1022 + i] = (POWERS[1021 + i] as number) * 2;
  if (i <= 1022) POWERS[1022 - i] = (POWERS[1023 - i] as number) / 2;
}

/** 2 to the power of x; 0 below and the largest power above the range of doubles. */
export function exp2(x: number): number {
  if (!(x > -1022)) return 0;
  const whole = Math.floor(x + 0.5);
  const t = (x - whole) * LN2; // at most 0.347
  // Taylor up to t^12: the next term is below 1e-15.
  const tail = 1 / 40_320 + t * (1 / 362_880 + t * (1 / 3_628_800 + t * (1 / 39_916_800 + t / 479_001_600)));
  const middle = 1 / 24 + t * (1 / 120 + t * (1 / 720 + t * (1 / 5040 + t * tail)));
  const sum = 1 + t * (1 + t * (0.5 + t * (1 / 6 + t * middle)));
  return sum * (POWERS[Math.min(whole, 1022) + 1022] as number);
}

/** e to the power of x. */
export function exp(x: number): number {
  return exp2(x * LOG2_E);
}

const bits = new DataView(new ArrayBuffer(8));

/** The logarithm to base 2 of a normal positive number; -1074 for anything else. */
export function log2(x: number): number {
  if (!(x >= 2.2250738585072014e-308)) return -1074;
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  bits.setUint32(0, (high & 0x000f_ffff) | 0x3ff0_0000);
  let mantissa = bits.getFloat64(0);
  if (mantissa > 1.4142135623730951) {
    mantissa /= 2;
    exponent += 1;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)), and |s| is at most 0.172.
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  const tail = 1 / 13 + z * (1 / 15 + z * (1 / 17 + z * (1 / 19 + z / 21)));
  const sum = 1 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z * tail)))));
  return exponent + 2 * s * sum * LOG2_E;
}

/** The natural logarithm. */
export function log(x: number): number {
  return log2(x) * LN2;
}

const LOG2_10_OVER_20 = 0.16609640474436813;

/** The amplitude ratio of a gain in decibels. */
export function gainOfDb(db: number): number {
  return exp2(db * LOG2_10_OVER_20);
}

/** The gain in decibels of an amplitude ratio; about -6466 for 0. */
export function dbOfGain(gain: number): number {
  return log2(gain) / LOG2_10_OVER_20;
}

/** The frequency in hertz of a MIDI note number, fractions included; 69 is A4 at 440 Hz. */
export function hzOfNote(note: number): number {
  return 440 * exp2((note - 69) / 12);
}

/** The MIDI note number of a frequency in hertz. */
export function noteOfHz(hz: number): number {
  return 69 + 12 * log2(hz / 440);
}

/** Frequency ratio of an interval in semitones. */
export function ratioOfSemitones(semitones: number): number {
  return exp2(semitones / 12);
}
