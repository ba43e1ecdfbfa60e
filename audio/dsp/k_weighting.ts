/**
 * The K-weighting of ITU-R BS.1770-4, for any sample rate.
 *
 * @module
 */

/** A second-order section, normalised: `y = b0 x + b1 x₁ + b2 x₂ - a1 y₁ - a2 y₂`. */
interface Section {
  readonly b0: number;
  readonly b1: number;
  readonly b2: number;
  readonly a1: number;
  readonly a2: number;
}

/**
 * The recommendation tabulates its two sections for 48 kHz only. These are the
 * analogue prototypes that the bilinear transform turns into those very
 * numbers, to twelve digits; at other rates it turns them into the same curve.
 */
const SHELF = { frequencyHz: 1681.9744509555319, gainDb: 3.99984385397, q: 0.7071752369554193 } as const;
const HIGH_PASS = { frequencyHz: 38.13547087613982, q: 0.5003270373253953 } as const;

/** The shelf's gain at its corner, as an exponent of its full gain: what the tabulated numbers call for. */
const SHELF_CORNER_EXPONENT = 0.4996667741545416;

/** Both sections for a sample rate. Below 4 kHz the shelf would stand beyond what the rate can hold, and is kept within. */
function sectionsFor(sampleRate: number): readonly [Section, Section] {
  const warp = (frequencyHz: number) => Math.tan(Math.PI * Math.min(frequencyHz / sampleRate, 0.45));
  return [shelf(warp(SHELF.frequencyHz)), highPass(warp(HIGH_PASS.frequencyHz))];
}

function shelf(k: number): Section {
  const { gainDb, q } = SHELF;
  const high = 10 ** (gainDb / 20);
  const corner = high ** SHELF_CORNER_EXPONENT;
  const a0 = 1 + k / q + k * k;
  return {
    b0: (high + corner * k / q + k * k) / a0,
    b1: 2 * (k * k - high) / a0,
    b2: (high - corner * k / q + k * k) / a0,
    ...poles(k, q, a0),
  };
}

function highPass(k: number): Section {
  const { q } = HIGH_PASS;
  return { b0: 1, b1: -2, b2: 1, ...poles(k, q, 1 + k / q + k * k) };
}

function poles(k: number, q: number, a0: number): { a1: number; a2: number } {
  return { a1: 2 * (k * k - 1) / a0, a2: (1 - k / q + k * k) / a0 };
}

/** Below this a filter's memory counts as silence: left alone it would decay into subnormal numbers, which are slow. */
const SILENT_STATE = 1e-30;

/** K-weights one channel, and sums the squares of what comes out. */
export class KWeighting {
  readonly #shelf: Section;
  readonly #highPass: Section;
  // The memory of both sections, in transposed direct form II.
  #shelf1 = 0;
  #shelf2 = 0;
  #pass1 = 0;
  #pass2 = 0;

  constructor(sampleRate: number) {
    [this.#shelf, this.#highPass] = sectionsFor(sampleRate);
  }

  /**
   * Filters every `stride`-th sample from one index up to another, and adds
   * the squares to a sum. NaN and infinities count as 0.
   *
   * @param sum What to add to: adding sample by sample makes the result independent of how calls divide the signal.
   */
  addSquares(
    samples: Float32Array,
    { from, to, stride, sum }: { from: number; to: number; stride: number; sum: number },
  ): number {
    const s = this.#shelf;
    const p = this.#highPass;
    let [shelf1, shelf2, pass1, pass2] = [this.#shelf1, this.#shelf2, this.#pass1, this.#pass2];
    let total = sum;
    for (let i = from; i < to; i += stride) {
      const sample = samples[i] as number;
      const x = sample - sample === 0 ? sample : 0;
      const y = s.b0 * x + shelf1;
      shelf1 = s.b1 * x - s.a1 * y + shelf2;
      shelf2 = s.b2 * x - s.a2 * y;
      const z = p.b0 * y + pass1;
      pass1 = p.b1 * y - p.a1 * z + pass2;
      pass2 = p.b2 * y - p.a2 * z;
      total += z * z;
    }
    this.#shelf1 = shelf1;
    this.#shelf2 = shelf2;
    this.#pass1 = pass1;
    this.#pass2 = pass2;
    return total;
  }

  /** Clears a memory that has all but decayed. To be called at fixed points of the signal. */
  settle(): void {
    if (Math.abs(this.#shelf1) + Math.abs(this.#shelf2) < SILENT_STATE) this.#shelf1 = this.#shelf2 = 0;
    if (Math.abs(this.#pass1) + Math.abs(this.#pass2) < SILENT_STATE) this.#pass1 = this.#pass2 = 0;
  }
}
