/** Mixes numbers into one 32-bit seed that differs in about half of its bits when any of them changes. */
export function seedOf(...parts: readonly number[]): number {
  let hash = 0x9e37_79b9;
  for (const part of parts) {
    hash = Math.imul(hash ^ (part | 0), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    hash ^= hash >>> 16;
  }
  return hash === 0 ? 1 : hash;
}

/** A 32-bit xorshift generator (Marsaglia 2003): the same numbers for the same seed, everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed === 0 ? 1 : seed | 0;
  }

  /** Starts anew. */
  seed(seed: number): void {
    this.#state = seed === 0 ? 1 : seed | 0;
  }

  /** The next number from -1 up to 1. */
  bipolar(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x / 2147483648;
  }

  /** The next number from 0 up to 1. */
  unipolar(): number {
    return this.bipolar() * 0.5 + 0.5;
  }
}
