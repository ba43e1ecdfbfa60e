import type { Control } from "./control.ts";
import { DelayLine } from "./delay_line.ts";
import { exp, exp2 } from "./exact_math.ts";
import { type Bus, type Kernel, QUANTUM } from "./kernel.ts";

/** What a reverb is made of. */
export interface ReverbSetup {
  readonly input: Bus;
  readonly out: Bus;
  /** Scales the delays: 1 is a hall of about 15 m. */
  readonly size: number;
  readonly preDelayS: number;
  /** Until the sound has fallen by 60 dB. */
  readonly decayS: Control;
  readonly dampingHz: Control;
  readonly mix: Control;
  readonly sampleRate: number;
}

/** Delays of the lines in seconds, without common divisors at usual rates. */
const LINE_S = [0.02981, 0.03373, 0.03719, 0.04127, 0.04409, 0.04787, 0.05209, 0.05623];
/** Short allpasses in front, which make the onset dense. */
const DIFFUSER_S = [0.00471, 0.00361, 0.01273, 0.00931];
const DIFFUSION = 0.62;
const LINES = 8;
/** Keeps what decays in the lines above the range of numbers that processors are slow with. */
const DENORMAL_GUARD = 1e-24;

/**
 * A feedback delay network of eight lines with a Householder matrix (Jot &
 * Chaigne, "Digital delay networks for designing artificial reverberators",
 * AES 1991), each with a one-pole lowpass as damping.
 */
export class Reverb implements Kernel {
  readonly #setup: ReverbSetup;
  /** The lines turn together: one place for all of them, each with its own mask. */
  readonly #samples: readonly Float64Array[];
  readonly #masks: Int32Array;
  #at = 0;
  readonly #lengths: Int32Array;
  readonly #damped = new Float64Array(LINES);
  readonly #heads = new Float64Array(LINES);
  readonly #gains = new Float64Array(LINES);
  readonly #diffusers: readonly DelayLine[];
  readonly #diffuserLengths: Int32Array;
  readonly #preDelay: readonly [DelayLine, DelayLine];
  readonly #preFrames: number;
  readonly #diffusedLeft = new Float64Array(QUANTUM);
  readonly #diffusedRight = new Float64Array(QUANTUM);
  #lastDecay = -1;

  constructor(setup: ReverbSetup) {
    this.#setup = setup;
    const { size, sampleRate, preDelayS } = setup;
    this.#lengths = Int32Array.from(LINE_S, (seconds) => Math.max(8, Math.round(seconds * size * sampleRate)));
    const lines = [...this.#lengths].map((length) => new DelayLine(length));
    this.#samples = lines.map(({ samples }) => samples);
    this.#masks = Int32Array.from(lines, ({ mask }) => mask);
    this.#diffuserLengths = Int32Array.from(DIFFUSER_S, (seconds) => Math.max(4, Math.round(seconds * sampleRate)));
    this.#diffusers = [...this.#diffuserLengths].map((length) => new DelayLine(length));
    this.#preFrames = Math.round(preDelayS * sampleRate);
    this.#preDelay = [new DelayLine(this.#preFrames), new DelayLine(this.#preFrames)];
  }

  trigger(): void {
    for (const samples of this.#samples) samples.fill(0);
    for (const line of [...this.#diffusers, ...this.#preDelay]) line.clear();
    this.#damped.fill(0);
    const { decayS, dampingHz, mix } = this.#setup;
    for (const control of [decayS, dampingHz, mix]) control.reset();
  }

  process(frames: number): void {
    const { input, out, decayS, dampingHz, mix, sampleRate } = this.#setup;
    decayS.update(frames);
    dampingHz.update(frames);
    mix.update(frames);
    if (decayS.to !== this.#lastDecay) this.#setDecay(decayS.to);
    const smoothing = 1 - exp(-6.283185307179586 * Math.min(0.45, dampingHz.to / sampleRate));
    const mixGrowth = (mix.to - mix.from) / frames;
    let wet = mix.from;
    this.#preDiffuse(input.left, this.#diffusedLeft, 0, frames);
    this.#preDiffuse(input.right, this.#diffusedRight, 1, frames);
    const heads = this.#heads;
    const damped = this.#damped;
    const gains = this.#gains;
    const lengths = this.#lengths;
    const lines = this.#samples;
    const masks = this.#masks;
    let at = this.#at;
    for (let k = 0; k < frames; k++) {
      wet += mixGrowth;
      let sum = 0;
      for (let i = 0; i < LINES; i++) {
        const line = lines[i] as Float64Array;
        const tail = line[(at + 1 - (lengths[i] as number)) & (masks[i] as number)] as number;
        const low = (damped[i] as number) + (tail - (damped[i] as number)) * smoothing;
        damped[i] = low;
        const head = low * (gains[i] as number);
        heads[i] = head;
        sum += head;
      }
      const share = sum * (-2 / LINES);
      const left = (this.#diffusedLeft[k] as number) + share + DENORMAL_GUARD;
      const right = (this.#diffusedRight[k] as number) + share + DENORMAL_GUARD;
      at += 1;
      for (let i = 0; i < LINES; i++) {
        (lines[i] as Float64Array)[at & (masks[i] as number)] = (heads[i] as number) + (i % 2 === 0 ? left : right);
      }
      const wetLeft = (heads[0] as number) - (heads[2] as number) + (heads[4] as number) - (heads[6] as number);
      const wetRight = (heads[1] as number) - (heads[3] as number) + (heads[5] as number) - (heads[7] as number);
      const dry = 1 - 0.5 * wet;
      out.left[k] = (input.left[k] as number) * dry + wetLeft * wet * 0.5;
      out.right[k] = (input.right[k] as number) * dry + wetRight * wet * 0.5;
    }
    this.#at = at & 0x3fff_ffff;
  }

  /** Delays one side, and makes it dense with two allpasses. */
  #preDiffuse(from: Float64Array, into: Float64Array, side: 0 | 1, frames: number): void {
    const pre = this.#preDelay[side];
    let at = pre.at;
    for (let k = 0; k < frames; k++) {
      at = (at + 1) & pre.mask;
      pre.samples[at] = from[k] as number;
      into[k] = pre.samples[(at - this.#preFrames) & pre.mask] as number;
    }
    pre.at = at;
    for (let i = 2 * side; i < 2 * side + 2; i++) {
      const { samples, mask } = this.#diffusers[i] as DelayLine;
      const length = this.#diffuserLengths[i] as number;
      let place = (this.#diffusers[i] as DelayLine).at;
      for (let k = 0; k < frames; k++) {
        const late = samples[(place + 1 - length) & mask] as number;
        const fed = (into[k] as number) - DIFFUSION * late;
        place = (place + 1) & mask;
        samples[place] = fed;
        into[k] = late + DIFFUSION * fed;
      }
      (this.#diffusers[i] as DelayLine).at = place;
    }
  }

  #setDecay(decayS: number): void {
    this.#lastDecay = decayS;
    const { sampleRate } = this.#setup;
    for (let i = 0; i < LINES; i++) {
      const seconds = (this.#lengths[i] as number) / sampleRate;
      // 60 dB in decayS: log2(1000) powers of two.
      this.#gains[i] = exp2(-9.965784284662087 * seconds / Math.max(0.05, decayS));
    }
  }
}
