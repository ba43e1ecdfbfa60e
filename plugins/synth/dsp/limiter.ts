import { TRUE_PEAK_LATENCY, TruePeakMeter } from "../../../audio/dsp/true_peak.ts";
import { exp, gainOfDb } from "./exact_math.ts";
import { type Bus, type Kernel, QUANTUM } from "./kernel.ts";

/** How a limiter works. */
export interface LimiterOptions {
  readonly channels: 1 | 2;
  readonly sampleRate: number;
  /** True peak that is not passed, in dBTP. */
  readonly ceilingDb: number;
  /** How far it looks ahead, in seconds: its gain moves within that. */
  readonly lookaheadS: number;
  readonly releaseS: number;
}

/** The moved gain makes peaks of its own between the samples: room for those. */
const MARGIN_DB = 0.15;

/**
 * Keeps true peaks below a ceiling. It looks ahead: the least gain that any
 * frame in sight needs is held, and averaged over as many frames, so that it
 * is reached in time and without a corner. Both sides have the same gain.
 */
export class Limiter {
  /** How many frames its output is late. */
  readonly latencyFrames: number;
  readonly #lookahead: number;
  readonly #ceiling: number;
  readonly #release: number;
  readonly #meters: readonly TruePeakMeter[];
  readonly #peaks = new Float64Array(QUANTUM);
  readonly #otherPeaks = new Float64Array(QUANTUM);
  readonly #delayed: readonly Float64Array[];
  #at = 0;
  // The smallest gain in sight: candidates in rising order, each with the frame it belongs to (van Herk's idea as a queue).
  readonly #gains: Float64Array;
  readonly #frames: Float64Array;
  #head = 0;
  #size = 0;
  #frame = 0;
  #held = 1;
  readonly #history: Float64Array;
  #historyAt = 0;
  #historySum: number;
  /** Frames for which the gain to be averaged has been 1. */
  #calm: number;
  /** The smallest gain so far. */
  lowestGain = 1;

  constructor(options: LimiterOptions) {
    const { channels, sampleRate, ceilingDb, lookaheadS, releaseS } = options;
    this.#lookahead = Math.max(8, Math.round(lookaheadS * sampleRate));
    this.#ceiling = gainOfDb(ceilingDb - MARGIN_DB);
    this.#release = 1 - exp(-1 / Math.max(1, releaseS * sampleRate));
    this.#meters = Array.from({ length: channels }, () => new TruePeakMeter(this.#ceiling));
    this.latencyFrames = this.#lookahead + TRUE_PEAK_LATENCY;
    this.#delayed = Array.from({ length: channels }, () => new Float64Array(this.latencyFrames));
    this.#gains = new Float64Array(this.#lookahead + 2);
    this.#frames = new Float64Array(this.#lookahead + 2);
    this.#history = new Float64Array(this.#lookahead).fill(1);
    this.#historySum = this.#lookahead;
    this.#calm = this.#lookahead;
  }

  /** Replaces the samples of both sides by those of `latencyFrames` before, limited; at most a quantum at a time. */
  process(left: Float64Array, right: Float64Array, frames: number): void {
    const peaks = this.#peaks;
    this.#meters[0]?.measure(left, peaks, frames);
    if (this.#meters.length === 2) {
      const others = this.#otherPeaks;
      this.#meters[1]?.measure(right, others, frames);
      for (let k = 0; k < frames; k++) {
        const other = others[k] as number;
        if (other > (peaks[k] as number)) peaks[k] = other;
      }
    }
    const start = this.#at;
    this.#at = this.#delay(left, this.#delayed[0] as Float64Array, frames, start);
    if (this.#meters.length === 2) this.#delay(right, this.#delayed[1] as Float64Array, frames, start);
    const ceiling = this.#ceiling;
    for (let k = 0; k < frames; k++) {
      const peak = peaks[k] as number;
      // Nothing to do: no gain in sight or in the average differs from 1.
      if (peak <= ceiling && this.#calm > this.#lookahead) continue;
      const gain = this.#gainFor(peak > ceiling ? ceiling / peak : 1);
      left[k] = (left[k] as number) * gain;
      if (this.#meters.length === 2) right[k] = (right[k] as number) * gain;
    }
  }

  #delay(samples: Float64Array, line: Float64Array, frames: number, start: number): number {
    let at = start;
    for (let k = 0; k < frames; k++) {
      const sample = samples[k] as number;
      samples[k] = line[at] as number;
      line[at] = sample;
      at = at + 1 === line.length ? 0 : at + 1;
    }
    return at;
  }

  #gainFor(wanted: number): number {
    const capacity = this.#gains.length;
    while (this.#size > 0) {
      const last = (this.#head + this.#size - 1) % capacity;
      if ((this.#gains[last] as number) < wanted) break;
      this.#size -= 1;
    }
    const place = (this.#head + this.#size) % capacity;
    this.#gains[place] = wanted;
    this.#frames[place] = this.#frame;
    this.#size += 1;
    if ((this.#frames[this.#head] as number) < this.#frame - this.#lookahead) {
      this.#head = (this.#head + 1) % capacity;
      this.#size -= 1;
    }
    this.#frame += 1;
    const least = this.#gains[this.#head] as number;
    this.#held = least < this.#held ? least : this.#held + (least - this.#held) * this.#release;
    if (this.#held > 0.999999 && least === 1) this.#held = 1;
    this.#calm = this.#held === 1 ? this.#calm + 1 : 0;
    const old = this.#history[this.#historyAt] as number;
    this.#history[this.#historyAt] = this.#held;
    this.#historyAt = this.#historyAt + 1 === this.#lookahead ? 0 : this.#historyAt + 1;
    this.#historySum += this.#held - old;
    const gain = Math.min(1, this.#historySum / this.#lookahead);
    if (gain < this.lowestGain) this.lowestGain = gain;
    return gain;
  }
}

/** A limiter as a node of a graph. */
export class LimiterKernel implements Kernel {
  readonly #input: Bus;
  readonly #out: Bus;
  readonly #limiter: Limiter;

  constructor(
    setup: { input: Bus; out: Bus; ceilingDb: number; releaseS: number; sampleRate: number },
  ) {
    this.#input = setup.input;
    this.#out = setup.out;
    const { ceilingDb, releaseS, sampleRate } = setup;
    this.#limiter = new Limiter({ channels: setup.out.channels, sampleRate, ceilingDb, releaseS, lookaheadS: 0.003 });
  }

  process(frames: number): void {
    const { left, right, channels } = this.#out;
    for (let k = 0; k < frames; k++) left[k] = this.#input.left[k] as number;
    if (channels === 2) { for (let k = 0; k < frames; k++) right[k] = this.#input.right[k] as number; }
    this.#limiter.process(left, right, frames);
  }
}
