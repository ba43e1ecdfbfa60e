/** A ring of past samples, read at any distance with linear interpolation. */
export class DelayLine {
  readonly #samples: Float64Array;
  readonly #mask: number;
  #at = 0;
  /** Longest delay in samples. */
  readonly capacity: number;

  /** @param capacity How far back it must reach, in samples. */
  constructor(capacity: number) {
    let length = 64;
    while (length < capacity + 4) length *= 2;
    this.#samples = new Float64Array(length);
    this.#mask = length - 1;
    this.capacity = length - 4;
  }

  /** Forgets everything. */
  clear(): void {
    this.#samples.fill(0);
  }

  /** Adds the next sample. */
  push(sample: number): void {
    this.#at = (this.#at + 1) & this.#mask;
    this.#samples[this.#at] = sample;
  }

  /** The sample that was pushed `delay` pushes before the last one; 0 is the last one. */
  read(delay: number): number {
    const whole = delay | 0;
    const near = this.#samples[(this.#at - whole) & this.#mask] as number;
    const far = this.#samples[(this.#at - whole - 1) & this.#mask] as number;
    return near + (far - near) * (delay - whole);
  }

  /** The same without interpolation. */
  readWhole(delay: number): number {
    return this.#samples[(this.#at - delay) & this.#mask] as number;
  }
}
