import type { Control, Param } from "./control.ts";
import { sinTurns } from "./exact_math.ts";
import type { Bus, Kernel, VoiceState } from "./kernel.ts";
import { Random, seedOf } from "./random.ts";

/** Shapes of a low-frequency oscillator. `random` holds a new value in each cycle. */
export type LfoShape = "sine" | "triangle" | "saw" | "square" | "random";

/** What a low-frequency oscillator is made of. */
export interface LfoSetup {
  readonly shape: LfoShape;
  readonly out: Bus;
  readonly rateHz: Control;
  readonly phase: number;
  /** How long it takes to come in after the start of a note, in seconds. */
  readonly fadeS: Param;
  readonly sampleRate: number;
  readonly seed: number;
  readonly voice: VoiceState | undefined;
}

/** Moves other parameters slowly, from -1 to 1. Jumps are drawn out over a quantum, so that they do not click. */
export class Lfo implements Kernel {
  readonly #setup: LfoSetup;
  readonly #random = new Random(1);
  #phase = 0;
  #value = 0;
  #held = 0;
  #frames = 0;
  #isFresh = true;

  constructor(setup: LfoSetup) {
    this.#setup = setup;
    this.trigger();
  }

  trigger(): void {
    const { seed, voice, phase, rateHz } = this.#setup;
    this.#random.seed(seedOf(seed, voice?.seed ?? 0));
    this.#held = this.#random.bipolar();
    this.#phase = phase;
    this.#frames = 0;
    this.#isFresh = true;
    rateHz.reset();
  }

  process(frames: number): void {
    const { out, rateHz, sampleRate, fadeS } = this.#setup;
    rateHz.update(frames);
    if (this.#isFresh) {
      this.#value = this.#shape() * this.#fade(fadeS.to * sampleRate);
      this.#isFresh = false;
    }
    this.#phase += Math.max(0, rateHz.to) * frames / sampleRate;
    if (this.#phase >= 1) {
      this.#phase -= Math.floor(this.#phase);
      this.#held = this.#random.bipolar();
    }
    this.#frames += frames;
    const value = this.#shape() * this.#fade(fadeS.to * sampleRate);
    const growth = (value - this.#value) / frames;
    const into = out.left;
    for (let k = 0; k < frames; k++) into[k] = this.#value + growth * (k + 1);
    this.#value = value;
  }

  #fade(frames: number): number {
    return this.#frames >= frames ? 1 : this.#frames / frames;
  }

  #shape(): number {
    const phase = this.#phase;
    switch (this.#setup.shape) {
      case "sine":
        return sinTurns(phase);
      case "triangle":
        return phase < 0.25 ? 4 * phase : phase < 0.75 ? 2 - 4 * phase : 4 * phase - 4;
      case "saw":
        return 2 * phase - 1;
      case "square":
        return phase < 0.5 ? 1 : -1;
      case "random":
        return this.#held;
    }
  }
}
