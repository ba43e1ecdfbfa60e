/**
 * Numbers that steer a kernel: a parameter that may be changed while it
 * sounds, plus what modulates it.
 *
 * @module
 */

const RAMP_SECONDS = 0.01;

/** A parameter of a node. A change reaches it over 10 ms, so that it makes no click. */
export class Param {
  /** Value at the start and at the end of the frames being computed. */
  from: number;
  to: number;
  target: number;
  readonly min: number;
  readonly max: number;
  #framesLeft = 0;

  constructor(value: number, { min, max }: { readonly min: number; readonly max: number }) {
    this.from = this.to = this.target = value;
    this.min = min;
    this.max = max;
  }

  /** Sets where it goes; returns what was taken, which is within its range. */
  set(value: number, sampleRate: number): number {
    this.target = Math.min(this.max, Math.max(this.min, value));
    this.#framesLeft = Math.max(1, Math.round(RAMP_SECONDS * sampleRate));
    return this.target;
  }

  /** Moves on; returns whether it is still under way. */
  advance(frames: number): boolean {
    this.from = this.to;
    if (frames >= this.#framesLeft) {
      this.to = this.target;
      this.#framesLeft = 0;
      return this.from !== this.to;
    }
    this.to += (this.target - this.to) * frames / this.#framesLeft;
    this.#framesLeft -= frames;
    return true;
  }
}

/** What is added to a parameter: a signal times a depth in the unit of the parameter's modulation. */
export interface Modulation {
  readonly signal: Float64Array;
  readonly depth: number;
}

/** A parameter with its modulations, as one kernel sees it. */
export class Control {
  /** Value at the start and at the end of the frames being computed. */
  from = 0;
  to = 0;
  readonly #param: Param;
  readonly #modulations: readonly Modulation[];
  #isFresh = true;

  constructor(param: Param, modulations: readonly Modulation[] = []) {
    this.#param = param;
    this.#modulations = modulations;
  }

  /** Forgets the past: the next `from` is the value at that time. */
  reset(): void {
    this.#isFresh = true;
  }

  /** Reads the parameter and its modulations for the next frames. */
  update(frames: number): void {
    if (this.#isFresh) {
      this.#isFresh = false;
      this.from = this.#at(this.#param.from, 0);
    } else {
      this.from = this.to;
    }
    this.to = this.#at(this.#param.to, frames - 1);
  }

  #at(value: number, frame: number): number {
    let sum = value;
    for (let i = 0; i < this.#modulations.length; i++) {
      const { signal, depth } = this.#modulations[i] as Modulation;
      sum += depth * (signal[frame] as number);
    }
    return sum;
  }
}
