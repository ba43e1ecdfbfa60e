/**
 * Measures what was rendered, as it runs, in constant memory.
 *
 * @module
 */

import FFT from "fft.js";
import { channelWeights, IntegratedLoudness, LoudnessMeter } from "../../../audio/dsp/loudness.ts";
import { TRUE_PEAK_LATENCY, TruePeakMeter } from "../../../audio/dsp/true_peak.ts";

/** What a piece of audio measures. Levels are `null` where there is only silence. */
export interface QualityMeasures {
  /** Integrated loudness after BS.1770-4, in LUFS. Less than 400 ms count as followed by silence. */
  readonly loudnessLufs: number | null;
  /** Highest true peak, in dBTP. */
  readonly truePeakDb: number | null;
  /** Peak over RMS, in decibels. */
  readonly crestDb: number | null;
  /** Centre of gravity of the power spectrum, in hertz. */
  readonly centroidHz: number | null;
  /** Mean of all samples. */
  readonly dcOffset: number;
  /** Share of the frames that lie in stretches of 10 ms below -60 dBFS, 0 to 1. */
  readonly silentShare: number;
  /** Samples at or beyond full scale. */
  readonly clippedSamples: number;
  /** Samples that are not finite. */
  readonly invalidSamples: number;
  /** Frames that were measured. */
  readonly frames: number;
}

const FFT_SIZE = 2048;
const SILENCE = 0.001;
const TRUE_PEAK_FRAMES = 512;

/** Measures blocks of interleaved samples. */
export class QualityMeter {
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #integrated = new IntegratedLoudness();
  readonly #loudness: LoudnessMeter;
  readonly #peakMeters: readonly TruePeakMeter[];
  readonly #peakInput = new Float64Array(TRUE_PEAK_FRAMES);
  readonly #peaks = new Float64Array(TRUE_PEAK_FRAMES);
  readonly #spectrum: Spectrum;
  readonly #silentStretch: number;
  #truePeak = 0;
  #samplePeak = 0;
  #squares = 0;
  #sum = 0;
  #clipped = 0;
  #invalid = 0;
  #frames = 0;
  #silentFrames = 0;
  #stretchFrames = 0;
  #stretchPeak = 0;

  constructor(sampleRate: number, channels: number) {
    this.#sampleRate = sampleRate;
    this.#channels = channels;
    this.#loudness = new LoudnessMeter(sampleRate, channelWeights(channels), this.#integrated);
    this.#peakMeters = Array.from({ length: channels }, () => new TruePeakMeter());
    this.#spectrum = new Spectrum(sampleRate);
    this.#silentStretch = Math.max(1, Math.round(0.01 * sampleRate));
  }

  /** Measures the next block. */
  add(samples: Float32Array): void {
    const frames = samples.length / this.#channels;
    this.#loudness.add(samples, 0, frames);
    this.#addLevels(samples, frames);
    this.#addTruePeaks(samples, frames);
    this.#spectrum.add(samples, this.#channels);
    this.#frames += frames;
  }

  /** All measures of what came so far. To be asked once, at the end. */
  finish(): QualityMeasures {
    const tail = Math.ceil(Math.max(0, 0.41 * this.#sampleRate - this.#frames));
    if (tail > 0 && this.#frames > 0) this.#loudness.add(new Float32Array(tail * this.#channels), 0, tail);
    this.#addTruePeaks(new Float32Array(TRUE_PEAK_LATENCY * this.#channels), TRUE_PEAK_LATENCY);
    if (this.#stretchPeak < SILENCE) this.#silentFrames += this.#stretchFrames;
    const count = this.#frames * this.#channels;
    const rms = count === 0 ? 0 : Math.sqrt(this.#squares / count);
    return {
      loudnessLufs: rounded(this.#integrated.lufs, 2),
      truePeakDb: rounded(decibels(this.#truePeak), 2),
      crestDb: rms === 0 ? null : rounded(decibels(this.#samplePeak / rms), 2),
      centroidHz: rounded(this.#spectrum.centroidHz, 1),
      dcOffset: count === 0 ? 0 : rounded(this.#sum / count, 6) as number,
      silentShare: this.#frames === 0 ? 1 : rounded(this.#silentFrames / this.#frames, 4) as number,
      clippedSamples: this.#clipped,
      invalidSamples: this.#invalid,
      frames: this.#frames,
    };
  }

  #addLevels(samples: Float32Array, frames: number): void {
    const channels = this.#channels;
    let squares = this.#squares;
    let sum = this.#sum;
    for (let frame = 0; frame < frames; frame++) {
      let peak = 0;
      for (let c = 0; c < channels; c++) {
        const sample = samples[frame * channels + c] as number;
        if (sample - sample !== 0) {
          this.#invalid += 1;
          continue;
        }
        const size = sample < 0 ? -sample : sample;
        if (size > peak) peak = size;
        if (size >= 1) this.#clipped += 1;
        squares += sample * sample;
        sum += sample;
      }
      if (peak > this.#samplePeak) this.#samplePeak = peak;
      if (peak > this.#stretchPeak) this.#stretchPeak = peak;
      this.#stretchFrames += 1;
      if (this.#stretchFrames === this.#silentStretch) {
        if (this.#stretchPeak < SILENCE) this.#silentFrames += this.#stretchFrames;
        this.#stretchFrames = this.#stretchPeak = 0;
      }
    }
    this.#squares = squares;
    this.#sum = sum;
  }

  #addTruePeaks(samples: Float32Array, frames: number): void {
    const channels = this.#channels;
    for (let start = 0; start < frames; start += TRUE_PEAK_FRAMES) {
      const run = Math.min(TRUE_PEAK_FRAMES, frames - start);
      for (let c = 0; c < channels; c++) {
        for (let k = 0; k < run; k++) {
          const sample = samples[(start + k) * channels + c] as number;
          this.#peakInput[k] = sample - sample === 0 ? sample : 0;
        }
        const meter = this.#peakMeters[c] as TruePeakMeter;
        // Only what could be higher than the highest so far is looked at closely.
        meter.floor = this.#truePeak;
        meter.measure(this.#peakInput, this.#peaks, run);
        for (let k = 0; k < run; k++) {
          if ((this.#peaks[k] as number) > this.#truePeak) this.#truePeak = this.#peaks[k] as number;
        }
      }
    }
  }
}

/** The sum of the power spectra of windows that follow each other. */
class Spectrum {
  readonly #sampleRate: number;
  readonly #fft = new FFT(FFT_SIZE);
  readonly #window = Float64Array.from(
    { length: FFT_SIZE },
    (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / FFT_SIZE),
  );
  readonly #input = new Array<number>(FFT_SIZE).fill(0);
  readonly #output: number[];
  #filled = 0;
  #power = 0;
  #moment = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
    this.#output = this.#fft.createComplexArray();
  }

  get centroidHz(): number | null {
    if (this.#power === 0 && this.#filled > 0) {
      this.#input.fill(0, this.#filled);
      this.#transform();
    }
    return this.#power === 0 ? null : this.#moment / this.#power * this.#sampleRate / FFT_SIZE;
  }

  add(samples: Float32Array, channels: number): void {
    for (let at = 0; at < samples.length; at += channels) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += samples[at + c] as number;
      this.#input[this.#filled] = sum - sum === 0 ? sum * (this.#window[this.#filled] as number) : 0;
      this.#filled += 1;
      if (this.#filled === FFT_SIZE) this.#transform();
    }
  }

  #transform(): void {
    this.#filled = 0;
    this.#fft.realTransform(this.#output, this.#input);
    for (let bin = 1; bin < FFT_SIZE / 2; bin++) {
      const re = this.#output[2 * bin] as number;
      const im = this.#output[2 * bin + 1] as number;
      const power = re * re + im * im;
      this.#power += power;
      this.#moment += power * bin;
    }
  }
}

function decibels(level: number): number | null {
  return level > 0 ? 20 * Math.log10(level) : null;
}

/** Engines differ in the last digits of a logarithm: what is decided by a measure must not. */
function rounded(value: number | null, digits: number): number | null {
  return value === null ? null : Math.round(value * 10 ** digits) / 10 ** digits;
}
