import type { Control } from "./control.ts";
import { exp2, sinTurns, tanTurns } from "./exact_math.ts";
import type { Bus, Kernel } from "./kernel.ts";

/** What a phaser is made of. */
export interface PhaserSetup {
  readonly input: Bus;
  readonly out: Bus;
  readonly stages: number;
  readonly rateHz: Control;
  readonly centreHz: Control;
  /** How far the notches sweep to either side, in octaves. */
  readonly depthOctaves: Control;
  readonly feedback: Control;
  readonly mix: Control;
  readonly sampleRate: number;
}

const SILENT_STATE = 1e-20;

/** A chain of first-order allpasses whose corner swings; the sides swing a quarter turn apart. */
export class Phaser implements Kernel {
  readonly #setup: PhaserSetup;
  readonly #memory: readonly Float64Array[];
  readonly #fed = [0, 0];
  readonly #coefficients = [0, 0];
  #phase = 0;
  #isFresh = true;

  constructor(setup: PhaserSetup) {
    this.#setup = setup;
    this.#memory = Array.from({ length: setup.out.channels }, () => new Float64Array(setup.stages));
  }

  trigger(): void {
    const { rateHz, centreHz, depthOctaves, feedback, mix } = this.#setup;
    for (const control of [rateHz, centreHz, depthOctaves, feedback, mix]) control.reset();
    for (let c = 0; c < this.#memory.length; c++) {
      this.#memory[c]?.fill(0);
      this.#fed[c] = 0;
    }
    this.#phase = 0;
    this.#isFresh = true;
  }

  process(frames: number): void {
    const { input, out, stages, rateHz, centreHz, depthOctaves, feedback, mix, sampleRate } = this.#setup;
    rateHz.update(frames);
    centreHz.update(frames);
    depthOctaves.update(frames);
    feedback.update(frames);
    mix.update(frames);
    this.#phase += rateHz.to * frames / sampleRate;
    this.#phase -= Math.floor(this.#phase);
    const feedbackGrowth = (feedback.to - feedback.from) / frames;
    for (let c = 0; c < out.channels; c++) {
      const from = c === 0 ? input.left : input.right;
      const to = c === 0 ? out.left : out.right;
      const memory = this.#memory[c] as Float64Array;
      const target = this.#coefficient(c);
      let coefficient = this.#isFresh ? target : this.#coefficients[c] as number;
      const growth = (target - coefficient) / frames;
      let back = this.#fed[c] as number;
      let fed = feedback.from;
      for (let k = 0; k < frames; k++) {
        coefficient += growth;
        fed += feedbackGrowth;
        const sample = from[k] as number;
        let x = sample + back * fed;
        for (let s = 0; s < stages; s++) {
          // One multiplication less than the textbook form: y = c x + m, m = x - c y.
          const y = coefficient * x + (memory[s] as number);
          memory[s] = x - coefficient * y;
          x = y;
        }
        back = x;
        const wet = mix.from + (mix.to - mix.from) * (k + 1) / frames;
        to[k] = sample * (1 - 0.5 * wet) + x * 0.5 * wet;
      }
      this.#coefficients[c] = target;
      this.#fed[c] = back > SILENT_STATE || back < -SILENT_STATE ? back : 0;
      for (let s = 0; s < stages; s++) {
        const value = memory[s] as number;
        if (value < SILENT_STATE && value > -SILENT_STATE) memory[s] = 0;
      }
    }
    this.#isFresh = false;
  }

  #coefficient(channel: number): number {
    const { centreHz, depthOctaves, sampleRate } = this.#setup;
    const swing = sinTurns(this.#phase + 0.25 * channel);
    const hz = Math.min(0.45 * sampleRate, Math.max(20, centreHz.to * exp2(depthOctaves.to * swing)));
    const t = tanTurns(0.5 * hz / sampleRate);
    return (t - 1) / (t + 1);
  }
}
