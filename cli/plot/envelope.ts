/**
 * The outline of a stream of audio of any length in constant memory.
 *
 * @module
 */

import { type AudioData, FULL_SCALE } from "../../core/plugin.ts";

/** What a stretch of audio looks like, full scale being ±1. */
export interface Extent {
  readonly min: number;
  readonly max: number;
  /** Root of the mean square. */
  readonly rms: number;
}

const BINS_DEFAULT = 8192;

/**
 * Collects minimum, maximum and mean square of all channels in bins. When the
 * bins are used up, each two become one, twice as long.
 */
export class Envelope {
  readonly #capacity: number;
  readonly #min: Float32Array;
  readonly #max: Float32Array;
  readonly #sumOfSquares: Float64Array;
  #framesPerBin = 1;
  /** Bins that are full; the one after them is being filled. */
  #bins = 0;
  #framesInBin = 0;
  #frames = 0;
  #sampleRate = 0;
  #channels = 0;

  /** @param bins How many bins are kept; even. */
  constructor(bins: number = BINS_DEFAULT) {
    this.#capacity = bins;
    this.#min = new Float32Array(bins);
    this.#max = new Float32Array(bins);
    this.#sumOfSquares = new Float64Array(bins);
  }

  get sampleRate(): number {
    return this.#sampleRate;
  }

  get channels(): number {
    return this.#channels;
  }

  get durationSeconds(): number {
    return this.#frames === 0 ? 0 : this.#frames / this.#sampleRate;
  }

  /** The whole of it. */
  get total(): Extent {
    return this.between(0, this.durationSeconds);
  }

  /** Adds the next chunk. It is only read. */
  add(audio: AudioData): void {
    const { samples, channels, sampleRate, format } = audio;
    this.#sampleRate ||= sampleRate;
    this.#channels ||= channels;
    const scale = format === "f32" ? 1 : 1 / FULL_SCALE[format];
    for (let at = 0; at < samples.length; at += channels) {
      let [min, max, sum] = [Infinity, -Infinity, 0];
      for (let i = at; i < at + channels; i++) {
        const value = (samples[i] as number) * scale;
        if (value < min) min = value;
        if (value > max) max = value;
        sum += value * value;
      }
      this.#addFrame(min, max, sum / channels);
    }
  }

  /** What the audio looks like from one time to another, in seconds. */
  between(startSeconds: number, endSeconds: number): Extent {
    const secondsPerBin = this.#framesPerBin / this.#sampleRate;
    const used = this.#bins + (this.#framesInBin > 0 ? 1 : 0);
    const first = Math.max(0, Math.min(used - 1, Math.floor(startSeconds / secondsPerBin)));
    const end = Math.min(used, Math.max(first + 1, Math.ceil(endSeconds / secondsPerBin)));
    let [min, max, sum, frames] = [Infinity, -Infinity, 0, 0];
    for (let bin = first; bin < end; bin++) {
      min = Math.min(min, this.#min[bin] as number);
      max = Math.max(max, this.#max[bin] as number);
      sum += this.#sumOfSquares[bin] as number;
      frames += bin < this.#bins ? this.#framesPerBin : this.#framesInBin;
    }
    return frames === 0 ? { min: 0, max: 0, rms: 0 } : { min, max, rms: Math.sqrt(sum / frames) };
  }

  #addFrame(min: number, max: number, square: number): void {
    if (this.#bins === this.#capacity) this.#halve();
    const bin = this.#bins;
    const isNew = this.#framesInBin === 0;
    this.#min[bin] = isNew ? min : Math.min(this.#min[bin] as number, min);
    this.#max[bin] = isNew ? max : Math.max(this.#max[bin] as number, max);
    this.#sumOfSquares[bin] = (isNew ? 0 : this.#sumOfSquares[bin] as number) + square;
    this.#frames += 1;
    this.#framesInBin += 1;
    if (this.#framesInBin === this.#framesPerBin) {
      this.#bins += 1;
      this.#framesInBin = 0;
    }
  }

  #halve(): void {
    this.#bins = this.#capacity / 2;
    this.#framesPerBin *= 2;
    for (let bin = 0; bin < this.#bins; bin++) {
      const [left, right] = [2 * bin, 2 * bin + 1];
      this.#min[bin] = Math.min(this.#min[left] as number, this.#min[right] as number);
      this.#max[bin] = Math.max(this.#max[left] as number, this.#max[right] as number);
      this.#sumOfSquares[bin] = (this.#sumOfSquares[left] as number) + (this.#sumOfSquares[right] as number);
    }
  }
}
