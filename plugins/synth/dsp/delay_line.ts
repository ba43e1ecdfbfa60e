/**
 * A ring of past samples. Kernels read and write it in their own loops: a
 * method that takes or gives one sample would cost an allocation where the
 * engine does not inline it.
 *
 * The sample that was written `n` places before `at` lies at `(at - n) & mask`.
 */
export class DelayLine {
  readonly samples: Float64Array;
  readonly mask: number;
  /** Where the last sample was written. */
  at = 0;
  /** Longest delay in samples. */
  readonly capacity: number;

  /** @param capacity How far back it must reach, in samples. */
  constructor(capacity: number) {
    let length = 64;
    while (length < capacity + 4) length *= 2;
    this.samples = new Float64Array(length);
    this.mask = length - 1;
    this.capacity = length - 4;
  }

  /** Forgets everything. */
  clear(): void {
    this.samples.fill(0);
  }
}
