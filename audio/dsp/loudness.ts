/**
 * Loudness after ITU-R BS.1770-4 and EBU Tech 3341, measured as the signal runs.
 *
 * @module
 */

import { finite } from "./samples.ts";
import { KWeighting } from "./k_weighting.ts";

const ABSOLUTE_GATE_LUFS = -70;
const RELATIVE_GATE_LU = -10;

/** Blocks of loudness start ten times a second: 400 ms with 75 % overlap. */
const STEPS_PER_SECOND = 10;
const MOMENTARY_STEPS = 4;
const SHORT_TERM_STEPS = 30;

/** Loudness of a weighted mean square; `null` for silence. The offset makes 997 Hz at 0 dBFS in one front channel -3.01. */
function lufsOf(power: number): number | null {
  return power > 0 ? -0.691 + 10 * Math.log10(power) : null;
}

/**
 * How much each channel counts by default, for 1 to 8 channels in the order of
 * WAVE files: front 1, low frequencies 0, sides and surrounds 1.41, the rear
 * pair of 7.1 and all that is unknown 1.
 */
export function channelWeights(channels: number): readonly number[] {
  const surround = 1.41;
  switch (channels) {
    case 4:
      return [1, 1, surround, surround];
    case 5:
      return [1, 1, 1, surround, surround];
    case 6:
      return [1, 1, 1, 0, surround, surround];
    case 7:
      return [1, 1, 1, 0, 1, surround, surround];
    case 8:
      return [1, 1, 1, 0, 1, 1, surround, surround];
    default:
      return Array.from({ length: channels }, () => 1);
  }
}

/**
 * Integrated loudness of blocks of 400 ms: the mean of those above -70 LUFS
 * and above 10 LU less than the mean of the former.
 *
 * It keeps one bin for each 0.01 LU from -70 to +30 LUFS, each with the number
 * and the exact power of its blocks: 160 kB, however long the stream. Only the
 * relative gate is rounded, up to the next bin; the powers are not.
 */
export class IntegratedLoudness {
  readonly #counts = new Float64Array(BIN_COUNT);
  readonly #powers = new Float64Array(BIN_COUNT);

  /** Counts a block in. */
  add(power: number): void {
    const lufs = lufsOf(power);
    if (lufs === null || lufs <= ABSOLUTE_GATE_LUFS) return;
    const bin = clampBin(Math.floor(binPosition(lufs)));
    this.#counts[bin] = (this.#counts[bin] as number) + 1;
    this.#powers[bin] = (this.#powers[bin] as number) + power;
  }

  /** The loudness so far in LUFS; `null` as long as no block has passed the gate. */
  get lufs(): number | null {
    const ungated = this.#meanFrom(0);
    if (ungated === null) return null;
    return this.#meanFrom(clampBin(Math.ceil(binPosition(ungated + RELATIVE_GATE_LU))));
  }

  #meanFrom(firstBin: number): number | null {
    let count = 0;
    let power = 0;
    for (let bin = firstBin; bin < BIN_COUNT; bin++) {
      count += this.#counts[bin] as number;
      power += this.#powers[bin] as number;
    }
    return count === 0 ? null : lufsOf(power / count);
  }
}

const BINS_PER_LU = 100;
const BIN_COUNT = 100 * BINS_PER_LU;

function binPosition(lufs: number): number {
  return (lufs - ABSOLUTE_GATE_LUFS) * BINS_PER_LU;
}

/** What is louder than the last bin counts into it. */
function clampBin(bin: number): number {
  return Math.max(0, Math.min(bin, BIN_COUNT - 1));
}

/** Measures momentary and short-term loudness, and hands the blocks to an {@linkcode IntegratedLoudness}. */
export class LoudnessMeter {
  readonly #sampleRate: number;
  readonly #weights: readonly number[];
  readonly #filters: readonly KWeighting[];
  readonly #integrated: IntegratedLoudness;
  /** Sum of squares of each channel in the current step of 100 ms. */
  readonly #squares: Float64Array;
  /** Weighted mean squares of the last steps. */
  readonly #steps: number[] = [];
  #stepCount = 0;
  #stepStart = 0;
  #frame = 0;

  /** @param weights One for each channel. */
  constructor(sampleRate: number, weights: readonly number[], integrated: IntegratedLoudness) {
    this.#sampleRate = sampleRate;
    this.#weights = weights;
    this.#filters = weights.map(() => new KWeighting(sampleRate));
    this.#squares = new Float64Array(weights.length);
    this.#integrated = integrated;
  }

  /** Measures the interleaved samples of some frames. */
  add(samples: Float32Array, fromFrame: number, toFrame: number): void {
    for (let frame = fromFrame; frame < toFrame;) {
      // Steps end at rounded multiples of 100 ms, so that rates not divisible by ten do not drift.
      const stepEnd = Math.max(
        this.#frame + 1,
        Math.round((this.#stepCount + 1) * this.#sampleRate / STEPS_PER_SECOND),
      );
      const taken = Math.min(toFrame - frame, stepEnd - this.#frame);
      this.#filter(samples, frame, frame + taken);
      frame += taken;
      this.#frame += taken;
      if (this.#frame === stepEnd) this.#endStep();
    }
  }

  /** Loudness of the last whole block of 400 ms in LUFS; `null` before there is one, and for silence. */
  get momentaryLufs(): number | null {
    return this.#meanLufs(MOMENTARY_STEPS);
  }

  /** Loudness of the last 3 s in LUFS; `null` before they have passed, and for silence. */
  get shortTermLufs(): number | null {
    return this.#meanLufs(SHORT_TERM_STEPS);
  }

  #filter(samples: Float32Array, fromFrame: number, toFrame: number): void {
    const stride = this.#weights.length;
    this.#filters.forEach((filter, channel) => {
      const sum = this.#squares[channel] as number;
      this.#squares[channel] = filter.addSquares(samples, {
        from: fromFrame * stride + channel,
        to: toFrame * stride,
        stride,
        sum,
      });
    });
  }

  #endStep(): void {
    const frames = this.#frame - this.#stepStart;
    const power = this.#weights.reduce((sum, weight, c) => sum + weight * (this.#squares[c] as number), 0) / frames;
    this.#steps.push(power);
    if (this.#steps.length > SHORT_TERM_STEPS) this.#steps.shift();
    this.#squares.fill(0);
    for (const filter of this.#filters) filter.settle();
    this.#stepStart = this.#frame;
    this.#stepCount += 1;
    const block = this.#meanPower(MOMENTARY_STEPS);
    if (block !== undefined) this.#integrated.add(block);
  }

  #meanPower(steps: number): number | undefined {
    if (this.#steps.length < steps) return undefined;
    return this.#steps.slice(-steps).reduce((sum, power) => sum + power, 0) / steps;
  }

  #meanLufs(steps: number): number | null {
    const power = this.#meanPower(steps);
    return power === undefined ? null : lufsOf(power);
  }
}

/** Sums up level and peak of plain samples, without any weighting. */
export class LevelWindow {
  #squares = 0;
  #samples = 0;
  #peak = 0;

  /** Takes the samples between two indices. NaN and infinities count as 0. */
  add(samples: Float32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const sample = finite(samples[i] as number);
      this.#squares += sample * sample;
      const amplitude = Math.abs(sample);
      if (amplitude > this.#peak) this.#peak = amplitude;
    }
    this.#samples += to - from;
  }

  /** Mean square of all samples of all channels. */
  get power(): number {
    return this.#samples === 0 ? 0 : this.#squares / this.#samples;
  }

  /** Largest amplitude of any sample. */
  get peak(): number {
    return this.#peak;
  }
}
