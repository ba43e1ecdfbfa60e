/**
 * Tells where stretches of speech end, within the audio itself.
 *
 * @module
 */

import type { AudioData } from "../../core/plugin.ts";

/**
 * Gives each piece of speech the metadata `utterance: { index, isLast }`. Keeps
 * one piece back, since only what follows tells whether it is the last.
 */
export class UtteranceMarker {
  readonly #maxSamples: number;
  #held: AudioData | undefined;
  /** Samples of the utterance under way. */
  #samples = 0;
  #index = 0;

  /** @param maxSamples An utterance of so many samples is ended, and the next one begins. */
  constructor(maxSamples: number) {
    this.#maxSamples = maxSamples;
  }

  /** Takes the pieces that follow; gives those that are not the last. */
  *push(pieces: Iterable<AudioData>): Generator<AudioData> {
    for (const piece of pieces) {
      if (this.#held !== undefined) yield this.#give(this.#held, this.#samples >= this.#maxSamples);
      this.#held = piece;
      this.#samples += piece.samples.length;
    }
  }

  /** Takes the end of the utterance; gives its last piece. */
  *end(): Generator<AudioData> {
    if (this.#held !== undefined) yield this.#give(this.#held, true);
    this.#held = undefined;
  }

  #give(piece: AudioData, isLast: boolean): AudioData {
    const metadata = { ...piece.metadata, utterance: { index: this.#index, isLast } };
    if (isLast) {
      this.#index += 1;
      this.#samples = 0;
    }
    return { ...piece, metadata };
  }
}
