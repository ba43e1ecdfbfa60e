/**
 * Statistics over the last so many numbers, at a constant cost for each.
 *
 * @module
 */

/**
 * The minimum of a window that moves along numbered values. It keeps only
 * values that no later one undercuts, in rising order; the first is the
 * minimum.
 */
export class SlidingMinimum {
  readonly #values: Float64Array;
  readonly #positions: Float64Array;
  #first = 0;
  #count = 0;

  /** @param length The most values that are ever in the window. */
  constructor(length: number) {
    // One more, since a value is added before the one that leaves is forgotten.
    this.#values = new Float64Array(length + 1);
    this.#positions = new Float64Array(length + 1);
  }

  /** Adds the value at a position, which must be beyond those before. */
  add(position: number, value: number): void {
    while (this.#count > 0 && (this.#values[this.#slot(this.#count - 1)] as number) >= value) this.#count -= 1;
    const slot = this.#slot(this.#count);
    this.#values[slot] = value;
    this.#positions[slot] = position;
    this.#count += 1;
  }

  /** The minimum of the values from a position on; infinity if there are none. Earlier ones are forgotten. */
  from(position: number): number {
    while (this.#count > 0 && (this.#positions[this.#first] as number) < position) {
      this.#first = this.#slot(1);
      this.#count -= 1;
    }
    return this.#count === 0 ? Infinity : this.#values[this.#first] as number;
  }

  #slot(offset: number): number {
    const slot = this.#first + offset;
    return slot < this.#values.length ? slot : slot - this.#values.length;
  }
}

/** The mean of the last `length` values. The first value counts for those that would stand before it. */
export class SlidingMean {
  readonly #values: Float64Array;
  #next = 0;
  #sum = 0;
  #isEmpty = true;

  constructor(length: number) {
    this.#values = new Float64Array(length);
  }

  /** Adds a value and gives the mean. */
  add(value: number): number {
    const values = this.#values;
    if (this.#isEmpty) values.fill(value);
    this.#sum += value - (values[this.#next] as number);
    values[this.#next] = value;
    this.#next = (this.#next + 1) % values.length;
    // Summing anew on each round keeps rounding errors from piling up over hours.
    if (this.#isEmpty || this.#next === 0) this.#sum = values.reduce((sum, each) => sum + each, 0);
    this.#isEmpty = false;
    return this.#sum / values.length;
  }
}
