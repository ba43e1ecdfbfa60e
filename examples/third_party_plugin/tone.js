/**
 * Morse code as samples.
 *
 * @module
 */

// @ts-check

/** Lengths in units; a unit is one dot. */
const DOT = 1, DASH = 3, SIGN_GAP = 1, LETTER_GAP = 3;
/** The word gap is 7 units, of which the letter before it has sounded 3. */
const WORD_GAP_REST = 4;
/** Rise and fall of each sign, in seconds: without them it clicks. */
const RAMP_S = 0.005;
const LEVEL = 0.5;

/** Sounds letters that are given as dots and dashes. */
export class MorseTone {
  #unitS;
  #frequencyHz;
  #sampleRateHz;

  /** @param {{ wordsPerMinute: number, frequencyHz: number, sampleRateHz: number }} options */
  constructor({ wordsPerMinute, frequencyHz, sampleRateHz }) {
    this.#unitS = 1.2 / wordsPerMinute;
    this.#frequencyHz = frequencyHz;
    this.#sampleRateHz = sampleRateHz;
  }

  /**
   * One letter with the silence that follows it; `"/"` is the silence between words.
   *
   * @param {string} code
   * @returns {Float32Array} mono samples, -1 to 1
   */
  letter(code) {
    if (code === "/") return new Float32Array(this.#frames(WORD_GAP_REST));
    const signs = [...code].map((sign) => sign === "-" ? DASH : DOT);
    const gaps = Math.max(signs.length - 1, 0) * SIGN_GAP;
    const units = signs.reduce((sum, length) => sum + length, gaps + LETTER_GAP);
    const samples = new Float32Array(this.#frames(units));
    let at = 0;
    for (const length of signs) {
      this.#sound(samples.subarray(this.#frames(at), this.#frames(at + length)));
      at += length + SIGN_GAP;
    }
    return samples;
  }

  /** @param {Float32Array} samples */
  #sound(samples) {
    const ramp = RAMP_S * this.#sampleRateHz;
    const step = 2 * Math.PI * this.#frequencyHz / this.#sampleRateHz;
    for (let i = 0; i < samples.length; i++) {
      const level = LEVEL * Math.min(1, i / ramp, (samples.length - 1 - i) / ramp);
      samples[i] = level * Math.sin(step * i);
    }
  }

  /** @param {number} units */
  #frames(units) {
    return Math.round(units * this.#unitS * this.#sampleRateHz);
  }
}
