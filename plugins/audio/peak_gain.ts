/**
 * A gain that foresees peaks: the core of the normaliser and of the limiter.
 *
 * @module
 */

import { type AudioData, convertFormat, frameCount, RuntimeData } from "../../core/plugin.ts";
import { finiteFloats } from "../../audio/dsp/samples.ts";
import { SlidingMean, SlidingMinimum } from "./sliding_window.ts";
import type { StretchProcessor } from "../../audio/dsp/stretch.ts";

/** How a {@linkcode PeakGain} behaves. Amplitudes and gains are factors, times are in frames. */
export interface PeakGainOptions {
  /** What no sample may exceed, and what peaks are brought to. */
  readonly targetPeak: number;
  readonly maxGain: number;
  /** How far it looks ahead: how early it begins to turn down, and how late the output is. At least 1. */
  readonly lookaheadFrames: number;
  /** The most by which the gain may be multiplied from one frame to the next. 1: it never rises. */
  readonly risePerFrame: number;
  /** Where nothing in sight exceeds this amplitude, the gain does not rise. */
  readonly gatePeak: number;
}

/** A chunk on its way through the delay. */
interface Delayed {
  readonly audio: AudioData;
  readonly samples: Float32Array;
  framesDone: number;
}

/**
 * Multiplies frames (all channels alike) by a gain that lets no sample pass
 * the target, and otherwise rises slowly.
 *
 * Each frame has a ceiling: the gain that would bring it to the target. With
 * `c` for ceilings and `L` for the look-ahead, frame by frame:
 *
 * 1. `m[n]`, the lowest of `c[n] … c[n+L]` and the greatest gain, falls `L`
 *    frames ahead of a peak;
 * 2. `r[n] = min(m[n], r[n-1] · rise)` rises no faster than allowed, and not
 *    at all while everything in sight is below the gate. The gain is 1 until
 *    something passes the gate for the first time, and takes that at once;
 * 3. the gain is the mean of `r[n-L] … r[n]`, so it falls along a ramp. Each
 *    of them is at most `c[n]`, since frame n was in sight of all.
 *
 * Chunks leave as they came (size, timestamp, metadata, format) once their
 * last frame has its gain, so memory is bounded by the look-ahead and one
 * chunk. NaN and infinities count as 0.
 */
export class PeakGain implements StretchProcessor<AudioData> {
  readonly #options: PeakGainOptions;
  readonly #channels: number;
  readonly #ceilings: SlidingMinimum;
  readonly #smooth: SlidingMean;
  readonly #delayed: Delayed[] = [];
  #gain = 1;
  #isOpened = false;
  #framesIn = 0;
  #framesOut = 0;

  constructor(channels: number, options: PeakGainOptions) {
    this.#channels = channels;
    this.#options = options;
    this.#ceilings = new SlidingMinimum(options.lookaheadFrames + 1);
    this.#smooth = new SlidingMean(options.lookaheadFrames + 1);
  }

  push(audio: AudioData): AudioData[] {
    const samples = finiteFloats(audio);
    this.#delayed.push({ audio, samples, framesDone: 0 });
    const done: AudioData[] = [];
    for (let i = 0; i < samples.length; i += this.#channels) {
      const peak = peakOf(samples, i, i + this.#channels);
      this.#ceilings.add(this.#framesIn++, this.#options.targetPeak / peak);
      if (this.#framesIn - this.#framesOut > this.#options.lookaheadFrames) this.#amplifyNext(done);
    }
    this.#takeDone(done);
    return done;
  }

  finish(): AudioData[] {
    const done: AudioData[] = [];
    while (this.#framesOut < this.#framesIn) this.#amplifyNext(done);
    this.#takeDone(done);
    return done;
  }

  #amplifyNext(done: AudioData[]): void {
    const delayed = this.#takeDone(done);
    if (delayed !== undefined) this.#amplify(delayed);
  }

  /** Moves the chunks that are done from the delay into a list, and gives the first that is not. */
  #takeDone(done: AudioData[]): Delayed | undefined {
    for (let first = this.#delayed[0]; first !== undefined; first = this.#delayed[0]) {
      const { audio, samples, framesDone } = first;
      if (framesDone < frameCount(audio)) return first;
      done.push(convertFormat(RuntimeData.audio({ ...audio, samples }), audio.format) as AudioData);
      this.#delayed.shift();
    }
    return undefined;
  }

  #amplify(delayed: Delayed): void {
    const { samples, framesDone } = delayed;
    const { targetPeak } = this.#options;
    const gain = this.#smooth.add(this.#nextGain(this.#ceilings.from(this.#framesOut)));
    const end = (framesDone + 1) * this.#channels;
    for (let i = framesDone * this.#channels; i < end; i++) {
      const amplified = (samples[i] as number) * gain;
      // Only a rounding error of the mean can make this clip.
      samples[i] = amplified > targetPeak ? targetPeak : amplified < -targetPeak ? -targetPeak : amplified;
    }
    delayed.framesDone += 1;
    this.#framesOut += 1;
  }

  #nextGain(lowestCeiling: number): number {
    const { targetPeak, maxGain, gatePeak, risePerFrame } = this.#options;
    const highest = Math.min(lowestCeiling, maxGain);
    const isGated = lowestCeiling > targetPeak / gatePeak;
    if (!isGated && !this.#isOpened) {
      this.#isOpened = true;
      return this.#gain = highest;
    }
    return this.#gain = Math.min(highest, isGated ? this.#gain : this.#gain * risePerFrame);
  }
}

function peakOf(samples: Float32Array, from: number, to: number): number {
  let peak = 0;
  for (let i = from; i < to; i++) {
    const amplitude = Math.abs(samples[i] as number);
    if (amplitude > peak) peak = amplitude;
  }
  return peak;
}
