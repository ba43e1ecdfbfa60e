/**
 * True peak after ITU-R BS.1770-4, annex 2: the highest level of the waveform
 * between the samples, from four times as many.
 *
 * @module
 */

/** The interpolator of the recommendation: four phases of twelve taps. */
const PHASES: readonly (readonly number[])[] = [
  [
    0.001708984375,
    0.010986328125,
    -0.0196533203125,
    0.033203125,
    -0.0594482421875,
    0.1373291015625,
    0.97216796875,
    -0.102294921875,
    0.047607421875,
    -0.026611328125,
    0.014892578125,
    -0.00830078125,
  ],
  [
    -0.0291748046875,
    0.029296875,
    -0.0517578125,
    0.089111328125,
    -0.16650390625,
    0.465087890625,
    0.77978515625,
    -0.2003173828125,
    0.1015625,
    -0.0582275390625,
    0.0330810546875,
    -0.0189208984375,
  ],
];
const TAPS = 12;
/** All four phases: the last two are the first two, turned round. */
const COEFFICIENTS = Float64Array.from([
  ...PHASES.flat(),
  ...[...PHASES[1] as readonly number[]].reverse(),
  ...[...PHASES[0] as readonly number[]].reverse(),
]);

/** No phase can raise a level by more than the sum of its taps' sizes: below this share of a limit nothing can reach it. */
const LARGEST_GAIN = Math.max(
  ...[0, 1, 2, 3].map((phase) =>
    COEFFICIENTS.subarray(phase * TAPS, (phase + 1) * TAPS).reduce((sum, tap) => sum + Math.abs(tap), 0)
  ),
);

/** How many samples after a sample its surroundings are known: that much later the answer comes. */
export const TRUE_PEAK_LATENCY = 6;

/** Measures one channel as it runs. */
export class TruePeakMeter {
  /** The last twelve samples, twice in a row, so that they can be read without wrapping around. */
  readonly #recent = new Float64Array(2 * TAPS);
  #at = 0;
  #quiet = 0;
  #floor: number;

  /** @param floor Level below which the answer need not be exact: then it is that of the samples alone, which is fast. Default: 0, always exact. */
  constructor(floor = 0) {
    this.#floor = floor / LARGEST_GAIN;
  }

  /** Changes the level below which the answer need not be exact: to the highest so far, if only that is asked for. */
  set floor(level: number) {
    this.#floor = level / LARGEST_GAIN;
  }

  /** Forgets what came. */
  reset(): void {
    this.#recent.fill(0);
    this.#at = this.#quiet = 0;
  }

  /**
   * Takes samples, and writes for each the highest level around the one
   * {@linkcode TRUE_PEAK_LATENCY} samples before it.
   *
   * @param into As long as `samples` or longer.
   * @param count How many samples. Default: all.
   */
  measure(samples: ArrayLike<number>, into: Float64Array, count: number = samples.length): void {
    const recent = this.#recent;
    const floor = this.#floor;
    let at = this.#at;
    let quiet = this.#quiet;
    for (let i = 0; i < count; i++) {
      const sample = samples[i] as number;
      recent[at] = sample;
      recent[at + TAPS] = sample;
      at = at + 1 === TAPS ? 0 : at + 1;
      quiet = sample < floor && -sample < floor ? quiet + 1 : 0;
      // From here on the oldest of the twelve samples comes first.
      const newest = at + TAPS - 1;
      const middle = recent[newest - TRUE_PEAK_LATENCY] as number;
      let peak = middle < 0 ? -middle : middle;
      if (quiet < TAPS) {
        // The four phases side by side: a sum waits for its own last tap, and the others fill the time.
        let [a, b, c, d] = [0, 0, 0, 0];
        // The taps run from the newest sample to the oldest.
        for (let tap = 0; tap < TAPS; tap++) {
          const one = recent[newest - tap] as number;
          a += (COEFFICIENTS[tap] as number) * one;
          b += (COEFFICIENTS[TAPS + tap] as number) * one;
          c += (COEFFICIENTS[2 * TAPS + tap] as number) * one;
          d += (COEFFICIENTS[3 * TAPS + tap] as number) * one;
        }
        peak = Math.max(peak, Math.abs(a), Math.abs(b), Math.abs(c), Math.abs(d));
      }
      into[i] = peak;
    }
    this.#at = at;
    this.#quiet = quiet;
  }
}
