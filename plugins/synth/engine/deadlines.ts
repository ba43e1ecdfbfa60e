/** Counts the blocks of a live performance that come too late to be heard in time. */
export class Deadlines {
  readonly #aheadMs: number;
  /** From when the last block could have been begun, at the pace of the sound, to when it was done. */
  #behindMs = 0;
  #lastedMs = 0;

  /** @param aheadMs How much sound a listener has asked for before the first block is heard. */
  constructor(aheadMs: number) {
    this.#aheadMs = aheadMs;
  }

  /**
   * Counts a block; returns whether it missed its deadline. Blocks are asked
   * for one after the other at the pace of their sound, and each is heard
   * `aheadMs` later, or once it could have been asked for alone. One that took
   * longer than it lasts delays those behind it, until they have caught up.
   */
  isMissed(tookMs: number, lastsMs: number): boolean {
    this.#behindMs = Math.max(0, this.#behindMs - this.#lastedMs) + tookMs;
    this.#lastedMs = lastsMs;
    return this.#behindMs > Math.max(this.#aheadMs, lastsMs);
  }
}
