import type { Control } from "./control.ts";
import { DelayLine } from "./delay_line.ts";
import { exp, exp2 } from "./exact_math.ts";
import type { Bus, Kernel } from "./kernel.ts";

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

/**
 * A feedback delay network of eight lines with a Householder matrix (Jot &
 * Chaigne, "Digital delay networks for designing artificial reverberators",
 * AES 1991), each with a one-pole lowpass as damping.
 */
export class Reverb implements Kernel {
  readonly #setup: ReverbSetup;
  readonly #lines: readonly DelayLine[];
  readonly #lengths: Int32Array;
  readonly #damped = new Float64Array(LINES);
  readonly #heads = new Float64Array(LINES);
  readonly #gains = new Float64Array(LINES);
  readonly #diffusers: readonly DelayLine[];
  readonly #diffuserLengths: Int32Array;
  readonly #preDelay: readonly [DelayLine, DelayLine];
  readonly #preFrames: number;
  #lastDecay = -1;

  constructor(setup: ReverbSetup) {
    this.#setup = setup;
    const { size, sampleRate, preDelayS } = setup;
    this.#lengths = Int32Array.from(LINE_S, (seconds) => Math.max(8, Math.round(seconds * size * sampleRate)));
    this.#lines = [...this.#lengths].map((length) => new DelayLine(length));
    this.#diffuserLengths = Int32Array.from(DIFFUSER_S, (seconds) => Math.max(4, Math.round(seconds * sampleRate)));
    this.#diffusers = [...this.#diffuserLengths].map((length) => new DelayLine(length));
    this.#preFrames = Math.round(preDelayS * sampleRate);
    this.#preDelay = [new DelayLine(this.#preFrames), new DelayLine(this.#preFrames)];
  }

  trigger(): void {
    for (const line of [...this.#lines, ...this.#diffusers, ...this.#preDelay]) line.clear();
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
    const heads = this.#heads;
    const damped = this.#damped;
    const [preLeft, preRight] = this.#preDelay;
    for (let k = 0; k < frames; k++) {
      wet += mixGrowth;
      const inLeft = input.left[k] as number;
      const inRight = input.right[k] as number;
      preLeft.push(inLeft);
      preRight.push(inRight);
      const left = this.#diffuse(this.#diffuse(preLeft.readWhole(this.#preFrames), 0), 1);
      const right = this.#diffuse(this.#diffuse(preRight.readWhole(this.#preFrames), 2), 3);
      let sum = 0;
      for (let i = 0; i < LINES; i++) {
        const tail = (this.#lines[i] as DelayLine).readWhole((this.#lengths[i] as number) - 1);
        const low = (damped[i] as number) + (tail - (damped[i] as number)) * smoothing;
        damped[i] = low;
        const head = low * (this.#gains[i] as number);
        heads[i] = head;
        sum += head;
      }
      const share = sum * (-2 / LINES);
      for (let i = 0; i < LINES; i++) {
        (this.#lines[i] as DelayLine).push((heads[i] as number) + share + (i % 2 === 0 ? left : right) + 1e-24);
      }
      const wetLeft = (heads[0] as number) - (heads[2] as number) + (heads[4] as number) - (heads[6] as number);
      const wetRight = (heads[1] as number) - (heads[3] as number) + (heads[5] as number) - (heads[7] as number);
      const dry = 1 - 0.5 * wet;
      out.left[k] = inLeft * dry + wetLeft * wet * 0.5;
      out.right[k] = inRight * dry + wetRight * wet * 0.5;
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

  #diffuse(sample: number, index: number): number {
    const line = this.#diffusers[index] as DelayLine;
    const late = line.readWhole((this.#diffuserLengths[index] as number) - 1);
    const fed = sample - DIFFUSION * late;
    line.push(fed);
    return late + DIFFUSION * fed;
  }
}
