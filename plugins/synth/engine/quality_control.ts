/** What is left of a sound at each step: share of the voices, and parts in unison. */
export const REAL_TIME_STEPS = [
  { voiceShare: 1, maxUnison: 8 },
  { voiceShare: 0.75, maxUnison: 3 },
  { voiceShare: 0.5, maxUnison: 2 },
  { voiceShare: 0.3, maxUnison: 1 },
] as const;

/** Blocks that are looked at together: a single slow one says nothing. */
const WINDOW_BLOCKS = 16;
/** Calm blocks before a step is taken back. */
const CALM_BLOCKS = 512;
/** Share of the budget below which a block counts as calm. */
const CALM_SHARE = 0.5;

/** Decides when a performance in real time has to become cheaper, and when it need not be any more. */
export class QualityControl {
  readonly #maxCpu: number;
  #step = 0;
  #sum = 0;
  #blocks = 0;
  #calm = 0;

  /** @param maxCpu Most of a block's time that rendering it may take, 0 to 1. */
  constructor(maxCpu: number) {
    this.#maxCpu = maxCpu;
  }

  /** How far it is stepped down: an index of {@linkcode REAL_TIME_STEPS}. */
  get step(): number {
    return this.#step;
  }

  /** Counts a block by its load; returns the mean load that led to another step, or `undefined` if none did. */
  count(load: number): number | undefined {
    this.#sum += load;
    this.#blocks += 1;
    this.#calm = load < this.#maxCpu * CALM_SHARE ? this.#calm + 1 : 0;
    if (this.#blocks < WINDOW_BLOCKS) return undefined;
    const mean = this.#sum / this.#blocks;
    this.#sum = this.#blocks = 0;
    if (mean > this.#maxCpu && this.#step < REAL_TIME_STEPS.length - 1) {
      this.#step += 1;
      return mean;
    }
    if (this.#calm >= CALM_BLOCKS && this.#step > 0) {
      this.#step -= 1;
      this.#calm = 0;
      return mean;
    }
    return undefined;
  }
}
