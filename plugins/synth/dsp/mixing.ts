/**
 * Kernels that add, scale and place signals.
 *
 * @module
 */

import type { Control } from "./control.ts";
import { cosTurns, sinTurns } from "./exact_math.ts";
import { type Bus, type Kernel, QUANTUM } from "./kernel.ts";

/** A signal with its gain. */
export interface MixSource {
  readonly bus: Bus;
  readonly gain: number;
}

/** Adds signals up. */
export class Mixer implements Kernel {
  readonly #out: Bus;
  readonly #sources: readonly MixSource[];

  constructor(out: Bus, sources: readonly MixSource[]) {
    this.#out = out;
    this.#sources = sources;
  }

  process(frames: number): void {
    const { left, right, channels } = this.#out;
    left.fill(0, 0, frames);
    if (channels === 2) right.fill(0, 0, frames);
    for (let i = 0; i < this.#sources.length; i++) {
      const { bus, gain } = this.#sources[i] as MixSource;
      add(bus.left, left, frames, gain);
      if (channels === 2) add(bus.right, right, frames, gain);
    }
  }
}

function add(from: Float64Array, to: Float64Array, frames: number, gain: number): void {
  for (let k = 0; k < frames; k++) to[k] = (to[k] as number) + (from[k] as number) * gain;
}

/** A signal that changes a gain from sample to sample. */
export interface GainModulation {
  readonly signal: Float64Array;
  readonly depth: number;
}

/** Scales a signal; an envelope as modulation makes it a VCA, exact to the sample. */
export class Gain implements Kernel {
  readonly #input: Bus;
  readonly #out: Bus;
  readonly #gain: Control;
  readonly #modulations: readonly GainModulation[];
  readonly #gains = new Float64Array(QUANTUM);

  /** @param gain Without modulations: those are given beside it. */
  constructor(setup: { input: Bus; out: Bus; gain: Control; modulations: readonly GainModulation[] }) {
    this.#input = setup.input;
    this.#out = setup.out;
    this.#gain = setup.gain;
    this.#modulations = setup.modulations;
  }

  trigger(): void {
    this.#gain.reset();
  }

  process(frames: number): void {
    const gain = this.#gain;
    gain.update(frames);
    const gains = this.#gains;
    const growth = (gain.to - gain.from) / frames;
    for (let k = 0; k < frames; k++) gains[k] = gain.from + growth * (k + 1);
    for (let i = 0; i < this.#modulations.length; i++) {
      const { signal, depth } = this.#modulations[i] as GainModulation;
      add(signal, gains, frames, depth);
    }
    multiply(this.#input.left, this.#out.left, frames, gains);
    if (this.#out.channels === 2) multiply(this.#input.right, this.#out.right, frames, gains);
  }
}

function multiply(from: Float64Array, to: Float64Array, frames: number, gains: Float64Array): void {
  for (let k = 0; k < frames; k++) to[k] = (from[k] as number) * (gains[k] as number);
}

/** Places a signal between left (-1) and right (1) at equal power; the middle is at full level on both sides. */
export class Pan implements Kernel {
  readonly #input: Bus;
  readonly #out: Bus;
  readonly #position: Control;
  #left = 1;
  #right = 1;
  #isFresh = true;

  constructor(setup: { input: Bus; out: Bus; position: Control }) {
    this.#input = setup.input;
    this.#out = setup.out;
    this.#position = setup.position;
  }

  trigger(): void {
    this.#position.reset();
    this.#isFresh = true;
  }

  process(frames: number): void {
    this.#position.update(frames);
    const angle = 0.125 * (1 + Math.min(1, Math.max(-1, this.#position.to)));
    const left = cosTurns(angle) * Math.SQRT2;
    const right = sinTurns(angle) * Math.SQRT2;
    if (this.#isFresh) {
      this.#isFresh = false;
      this.#left = left;
      this.#right = right;
    }
    ramp(this.#input.left, this.#out.left, frames, this.#left, left);
    ramp(this.#input.right, this.#out.right, frames, this.#right, right);
    this.#left = left;
    this.#right = right;
  }
}

function ramp(from: Float64Array, to: Float64Array, frames: number, start: number, end: number): void {
  const growth = (end - start) / frames;
  for (let k = 0; k < frames; k++) to[k] = (from[k] as number) * (start + growth * (k + 1));
}
