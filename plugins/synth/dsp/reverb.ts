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
/** Frames for which the gains of the lines stand still while the decay moves. */
const MOVING_STEP = 4;
/** Keeps what decays in the lines above the range of numbers that processors are slow with. */
const DENORMAL_GUARD = 1e-24;

/**
 * A feedback delay network of eight lines with a Householder matrix (Jot &
 * Chaigne, "Digital delay networks for designing artificial reverberators",
 * AES 1991), each with a one-pole lowpass as damping.
 */
export class Reverb implements Kernel {
  readonly #setup: ReverbSetup;
  /** All lines, one after the other; they turn together, so that one place and one mask serve all. */
  readonly #samples: Float64Array;
  readonly #size: number;
  #at = 0;
  readonly #lengths: Int32Array;
  readonly #damped = new Float64Array(LINES);
  readonly #gains = new Float64Array(LINES);
  readonly #startGains = new Float64Array(LINES);
  readonly #endGains = new Float64Array(LINES);
  /** What comes out of the lines, a quantum of each after the other, and the sum of them. */
  readonly #heads = new Float64Array(LINES * QUANTUM);
  readonly #sum = new Float64Array(QUANTUM);
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
    // A line that is no shorter than a quantum gives all of it before it takes any.
    this.#lengths = Int32Array.from(LINE_S, (seconds) => Math.max(QUANTUM, Math.round(seconds * size * sampleRate)));
    this.#size = powerOfTwo(Math.max(...this.#lengths) + QUANTUM);
    this.#samples = new Float64Array(LINES * this.#size);
    this.#diffuserLengths = Int32Array.from(DIFFUSER_S, (seconds) => Math.max(4, Math.round(seconds * sampleRate)));
    this.#diffusers = [...this.#diffuserLengths].map((length) => new DelayLine(length));
    this.#preFrames = Math.round(preDelayS * sampleRate);
    this.#preDelay = [new DelayLine(this.#preFrames), new DelayLine(this.#preFrames)];
  }

  trigger(): void {
    this.#samples.fill(0);
    for (const line of [...this.#diffusers, ...this.#preDelay]) line.clear();
    this.#damped.fill(0);
    const { decayS, dampingHz, mix } = this.#setup;
    for (const control of [decayS, dampingHz, mix]) control.reset();
    this.#lastDecay = -1;
  }

  process(frames: number): void {
    const { input, out, decayS, dampingHz, mix, sampleRate } = this.#setup;
    decayS.update(frames);
    dampingHz.update(frames);
    mix.update(frames);
    const smoothing = 1 - exp(-6.283185307179586 * Math.min(0.45, dampingHz.to / sampleRate));
    const left = this.#diffusedLeft;
    const right = this.#diffusedRight;
    this.#preDiffuse(input.left, left, 0, frames);
    this.#preDiffuse(input.right, right, 1, frames);
    this.#sum.fill(DENORMAL_GUARD * (LINES / -2), 0, frames);
    this.#giveAll(smoothing, frames);
    const sum = this.#sum;
    for (let k = 0; k < frames; k++) {
      const share = (sum[k] as number) * (-2 / LINES);
      left[k] = (left[k] as number) + share;
      right[k] = (right[k] as number) + share;
    }
    for (let i = 0; i < LINES; i++) this.#take(i, i % 2 === 0 ? left : right, frames);
    this.#at = (this.#at + frames) & (this.#size - 1);
    const mixGrowth = (mix.to - mix.from) / frames;
    addWet(input.left, out.left, this.#heads, 0, mix.from, mixGrowth, frames);
    addWet(input.right, out.right, this.#heads, QUANTUM, mix.from, mixGrowth, frames);
  }

  /** What all lines give. While the decay moves, their gains do so in steps that are too small to click. */
  #giveAll(smoothing: number, frames: number): void {
    const { decayS } = this.#setup;
    const gains = this.#gains;
    const isMoving = decayS.to !== this.#lastDecay && this.#lastDecay !== -1;
    if (isMoving) this.#startGains.set(gains);
    if (decayS.to !== this.#lastDecay) this.#setDecay(decayS.to);
    if (isMoving) this.#endGains.set(gains);
    const step = isMoving ? MOVING_STEP : frames;
    for (let start = 0; start < frames; start += step) {
      const end = Math.min(frames, start + step);
      for (let i = 0; isMoving && i < LINES; i++) {
        const from = this.#startGains[i] as number;
        gains[i] = from + ((this.#endGains[i] as number) - from) * end / frames;
      }
      this.#give(0, smoothing, start, end);
      this.#give(4, smoothing, start, end);
    }
  }

  /** What four lines give, damped, at once: each waits for its own last sample, and the others fill the time. */
  #give(line: 0 | 4, smoothing: number, start: number, end: number): void {
    const samples = this.#samples;
    const size = this.#size;
    const mask = size - 1;
    const heads = this.#heads;
    const sum = this.#sum;
    const damped = this.#damped;
    const [a, b, c, d] = [line, line + 1, line + 2, line + 3] as const;
    let dampedA = damped[a] as number;
    let dampedB = damped[b] as number;
    let dampedC = damped[c] as number;
    let dampedD = damped[d] as number;
    const gainA = this.#gains[a] as number;
    const gainB = this.#gains[b] as number;
    const gainC = this.#gains[c] as number;
    const gainD = this.#gains[d] as number;
    const fromA = this.#at + 1 - (this.#lengths[a] as number);
    const fromB = this.#at + 1 - (this.#lengths[b] as number);
    const fromC = this.#at + 1 - (this.#lengths[c] as number);
    const fromD = this.#at + 1 - (this.#lengths[d] as number);
    for (let k = start; k < end; k++) {
      dampedA += ((samples[a * size + ((fromA + k) & mask)] as number) - dampedA) * smoothing;
      dampedB += ((samples[b * size + ((fromB + k) & mask)] as number) - dampedB) * smoothing;
      dampedC += ((samples[c * size + ((fromC + k) & mask)] as number) - dampedC) * smoothing;
      dampedD += ((samples[d * size + ((fromD + k) & mask)] as number) - dampedD) * smoothing;
      const headA = dampedA * gainA;
      const headB = dampedB * gainB;
      const headC = dampedC * gainC;
      const headD = dampedD * gainD;
      heads[a * QUANTUM + k] = headA;
      heads[b * QUANTUM + k] = headB;
      heads[c * QUANTUM + k] = headC;
      heads[d * QUANTUM + k] = headD;
      sum[k] = (sum[k] as number) + headA + headB + headC + headD;
    }
    damped[a] = dampedA;
    damped[b] = dampedB;
    damped[c] = dampedC;
    damped[d] = dampedD;
  }

  /** What comes into a line: its own head, and the same of all others and of the room. */
  #take(line: number, fed: Float64Array, frames: number): void {
    const samples = this.#samples;
    const heads = this.#heads;
    const mask = this.#size - 1;
    const start = line * this.#size;
    const at = this.#at + 1;
    for (let k = 0; k < frames; k++) {
      samples[start + ((at + k) & mask)] = (heads[line * QUANTUM + k] as number) + (fed[k] as number);
    }
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

/** The dry signal, and every second head beginning with `first`, with alternate signs. */
function addWet(
  from: Float64Array,
  to: Float64Array,
  heads: Float64Array,
  first: number,
  mix: number,
  mixGrowth: number,
  frames: number,
): void {
  let wet = mix;
  for (let k = 0; k < frames; k++) {
    wet += mixGrowth;
    const at = first + k;
    const tail = (heads[at] as number) - (heads[at + 2 * QUANTUM] as number) +
      (heads[at + 4 * QUANTUM] as number) - (heads[at + 6 * QUANTUM] as number);
    to[k] = (from[k] as number) * (1 - 0.5 * wet) + tail * wet * 0.5;
  }
}

function powerOfTwo(atLeast: number): number {
  let size = 1;
  while (size < atLeast) size *= 2;
  return size;
}
