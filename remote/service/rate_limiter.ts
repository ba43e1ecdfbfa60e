/**
 * How often one address may call.
 *
 * @module
 */

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** A token bucket for each address. An address that has been quiet for a second is forgotten. */
export class RateLimiter {
  readonly #perS: number;
  readonly #buckets = new Map<string, Bucket>();
  #sweptMs = 0;

  constructor(perS: number) {
    this.#perS = perS;
  }

  /**
   * Takes a token of an address.
   *
   * @returns In how many milliseconds there will be one, if there is none now; else 0.
   */
  take(address: string, nowMs: number): number {
    this.#sweep(nowMs);
    const bucket = this.#buckets.get(address) ?? { tokens: this.#perS, filledMs: nowMs };
    const refill = (nowMs - bucket.filledMs) / 1000 * this.#perS;
    bucket.tokens = Math.min(this.#perS, bucket.tokens + refill);
    bucket.filledMs = nowMs;
    this.#buckets.set(address, bucket);
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.#perS * 1000);
    bucket.tokens -= 1;
    return 0;
  }

  /** A bucket that nobody took from for a second is full, and so need not be remembered. */
  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < 1000) return;
    this.#sweptMs = nowMs;
    for (const [address, { filledMs }] of this.#buckets) {
      if (nowMs - filledMs >= 1000) this.#buckets.delete(address);
    }
  }
}
