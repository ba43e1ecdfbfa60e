import type { Control } from "./control.ts";
import { DelayLine } from "./delay_line.ts";
import { sinTurns } from "./exact_math.ts";
import type { Bus, Kernel } from "./kernel.ts";

/** What a chorus is made of. */
export interface ChorusSetup {
  readonly input: Bus;
  readonly out: Bus;
  readonly rateHz: Control;
  readonly depthS: Control;
  readonly mix: Control;
  readonly sampleRate: number;
}

const BASE_S = 0.008;
const MAX_DEPTH_S = 0.02;
/** Where the voices stand in the cycle: two for each side, a quarter turn between the sides. */
const PHASES = [0, 0.5, 0.25, 0.75];

/** Two copies of each side whose delay swings: a mono input comes out in stereo. */
export class Chorus implements Kernel {
  readonly #setup: ChorusSetup;
  readonly #lines: readonly [DelayLine, DelayLine];
  #phase = 0;
  readonly #delays = new Float64Array(4);

  constructor(setup: ChorusSetup) {
    this.#setup = setup;
    const capacity = (BASE_S + 2 * MAX_DEPTH_S) * setup.sampleRate + 64;
    this.#lines = [new DelayLine(capacity), new DelayLine(capacity)];
    this.trigger();
  }

  trigger(): void {
    for (const line of this.#lines) line.clear();
    const { rateHz, depthS, mix } = this.#setup;
    for (const control of [rateHz, depthS, mix]) control.reset();
    this.#phase = 0;
    for (let i = 0; i < 4; i++) this.#delays[i] = BASE_S * this.#setup.sampleRate;
  }

  process(frames: number): void {
    const { input, out, rateHz, depthS, mix, sampleRate } = this.#setup;
    rateHz.update(frames);
    depthS.update(frames);
    mix.update(frames);
    this.#phase += rateHz.to * frames / sampleRate;
    this.#phase -= Math.floor(this.#phase);
    const depth = Math.min(MAX_DEPTH_S, depthS.to);
    for (let side = 0; side < 2; side++) {
      const line = this.#lines[side] as DelayLine;
      const from = side === 0 ? input.left : input.right;
      const to = side === 0 ? out.left : out.right;
      const a = this.#sweep(2 * side, depth);
      const b = this.#sweep(2 * side + 1, depth);
      let first = this.#delays[2 * side] as number;
      let second = this.#delays[2 * side + 1] as number;
      const firstGrowth = (a - first) / frames;
      const secondGrowth = (b - second) / frames;
      const mixGrowth = (mix.to - mix.from) / frames;
      let wet = mix.from;
      const { samples, mask } = line;
      let at = line.at;
      for (let k = 0; k < frames; k++) {
        first += firstGrowth;
        second += secondGrowth;
        wet += mixGrowth;
        const sample = from[k] as number;
        at = (at + 1) & mask;
        samples[at] = sample;
        const firstWhole = first | 0;
        const secondWhole = second | 0;
        const firstNear = samples[(at - firstWhole) & mask] as number;
        const firstFar = samples[(at - firstWhole - 1) & mask] as number;
        const secondNear = samples[(at - secondWhole) & mask] as number;
        const secondFar = samples[(at - secondWhole - 1) & mask] as number;
        const copies = firstNear + (firstFar - firstNear) * (first - firstWhole) +
          secondNear + (secondFar - secondNear) * (second - secondWhole);
        to[k] = sample * (1 - 0.5 * wet) + 0.5 * wet * copies;
      }
      line.at = at;
      this.#delays[2 * side] = a;
      this.#delays[2 * side + 1] = b;
    }
  }

  #sweep(voice: number, depth: number): number {
    const swing = 1 + sinTurns(this.#phase + (PHASES[voice] as number));
    return (BASE_S + depth * swing) * this.#setup.sampleRate;
  }
}
