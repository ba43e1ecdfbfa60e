/**
 * Kernels that add, scale and place signals.
 *
 * @module
 */

import type { Control } from "./control.ts";
import { cosTurns, sinTurns } from "./exact_math.ts";
import { type Bus, type Kernel, QUANTUM } from "./kernel.ts";
import { add, multiply, rampBetween, scale } from "./vectors.ts";

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
    for (let i = 0; i < this.#sources.length; i++) {
      const { bus, gain } = this.#sources[i] as MixSource;
      const mix = i === 0 ? scale : add;
      mix(bus.left, left, frames, gain);
      if (channels === 2) mix(bus.right, right, frames, gain);
    }
  }
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
    const [only, other] = this.#modulations;
    if (only !== undefined && other === undefined && gain.from === gain.to) {
      // As nearly all gains are, a VCA at work.
      shape(this.#input.left, this.#out.left, frames, gain.to, only);
      if (this.#out.channels === 2) shape(this.#input.right, this.#out.right, frames, gain.to, only);
      return;
    }
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

function shape(from: Float64Array, to: Float64Array, frames: number, gain: number, by: GainModulation): void {
  const { signal, depth } = by;
  for (let k = 0; k < frames; k++) to[k] = (from[k] as number) * (gain + (signal[k] as number) * depth);
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
    rampBetween(this.#input.left, this.#out.left, frames, this.#left, left);
    rampBetween(this.#input.right, this.#out.right, frames, this.#right, right);
    this.#left = left;
    this.#right = right;
  }
}
