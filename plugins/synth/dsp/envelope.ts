import type { Param } from "./control.ts";
import { exp, log } from "./exact_math.ts";
import type { Bus, Kernel, VoiceState } from "./kernel.ts";

/** What an envelope is made of. Its times are read when a stage begins. */
export interface EnvelopeSetup {
  readonly out: Bus;
  readonly attackS: Param;
  readonly holdS: Param;
  readonly decayS: Param;
  readonly sustain: Param;
  readonly releaseS: Param;
  /** How much the velocity of the note counts, 0 to 1. */
  readonly velocityAmount: Param;
  readonly sampleRate: number;
  readonly voice: VoiceState | undefined;
}

type Stage = "idle" | "attack" | "hold" | "decay" | "sustain" | "release";

/** What is left of the way when an exponential stage ends: -60 dB. */
const REST = 0.001;
const REST_LOG = log((1 + REST) / REST);

/**
 * Attack, hold, decay, sustain, release. The attack is a straight line; decay
 * and release fall exponentially and reach their level exactly at their time
 * (the way of a capacitor that is aimed a little beyond). A stage lasts its
 * time to the frame.
 */
export class Envelope implements Kernel {
  readonly #setup: EnvelopeSetup;
  #stage: Stage = "idle";
  #value = 0;
  #target = 0;
  #framesLeft = 0;
  /** The next value is `base + value · factor`. */
  #base = 0;
  #factor = 1;

  constructor(setup: EnvelopeSetup) {
    this.#setup = setup;
  }

  get isActive(): boolean {
    return this.#stage !== "idle";
  }

  trigger(): void {
    this.#value = 0;
    this.#begin("attack");
  }

  release(): void {
    if (this.#stage !== "idle") this.#begin("release");
  }

  process(frames: number): void {
    const { out, velocityAmount, voice } = this.#setup;
    const into = out.left;
    const amount = velocityAmount.to;
    const gain = 1 - amount + amount * (voice?.velocity ?? 1);
    for (let k = 0; k < frames;) {
      const run = Math.min(frames - k, this.#framesLeft);
      const end = k + run;
      let value = this.#value;
      const base = this.#base;
      const factor = this.#factor;
      if (base === 0 && factor === 1) {
        // It stands still.
        into.fill(value * gain, k, end);
        k = end;
      } else {
        for (; k < end; k++) {
          value = base + value * factor;
          into[k] = value * gain;
        }
      }
      this.#value = value;
      this.#framesLeft -= run;
      if (this.#framesLeft === 0) this.#next();
    }
  }

  #next(): void {
    this.#value = this.#target;
    switch (this.#stage) {
      case "attack":
        return this.#begin("hold");
      case "hold":
        return this.#begin("decay");
      case "decay":
        return this.#begin("sustain");
      case "sustain":
        return this.#begin("sustain");
      default:
        return this.#begin("idle");
    }
  }

  #begin(stage: Stage): void {
    const { attackS, holdS, decayS, sustain, releaseS } = this.#setup;
    this.#stage = stage;
    switch (stage) {
      case "attack":
        return this.#line(1, attackS.to);
      case "hold":
        return this.#line(1, holdS.to);
      case "decay":
        return this.#fall(sustain.to, decayS.to);
      case "sustain":
        // A note that has died away needs no release. Else short lines follow a change of the level.
        if (this.#value === 0 && sustain.to === 0) return this.#begin("idle");
        return this.#line(sustain.to, 0.01);
      case "release":
        return this.#fall(0, releaseS.to);
      case "idle":
        this.#value = this.#target = 0;
        this.#base = 0;
        this.#factor = 0;
        this.#framesLeft = Number.MAX_SAFE_INTEGER;
    }
  }

  #framesOf(seconds: number): number {
    return Math.max(1, Math.round(seconds * this.#setup.sampleRate));
  }

  #line(target: number, seconds: number): void {
    this.#framesLeft = this.#framesOf(seconds);
    this.#target = target;
    this.#base = (target - this.#value) / this.#framesLeft;
    this.#factor = 1;
  }

  #fall(target: number, seconds: number): void {
    this.#framesLeft = this.#framesOf(seconds);
    this.#target = target;
    const aim = target - (this.#value - target) * REST;
    this.#factor = exp(-REST_LOG / this.#framesLeft);
    this.#base = aim * (1 - this.#factor);
  }
}
