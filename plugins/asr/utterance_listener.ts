/**
 * Listens to somebody who speaks: collects the pieces of an utterance, has
 * what was said so far written down now and then, and the whole at its end.
 *
 * @module
 */

import { type AudioDataOf, RuntimeData } from "../../core/plugin.ts";
import type { InferenceResult } from "../../runners/mod.ts";
import type { ListeningParams } from "./listening_params.ts";
import { SPEECH_RATE_HZ } from "./program/program.ts";

/** Answers for a whole utterance, or for its beginning; the last result is the final one. */
export type Transcribe = (
  audio: AudioDataOf<"i16">,
  options: { readonly signal: AbortSignal; readonly isEarly: boolean },
) => AsyncIterable<InferenceResult>;

/** A result, and whether it is that of a whole utterance. */
export interface Heard {
  readonly result: InferenceResult;
  readonly isFinal: boolean;
  /** When the utterance began. */
  readonly timestampUs: number | undefined;
}

/** A look at an utterance that is not over. */
interface EarlyLook {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
  result: InferenceResult | undefined;
}

/** One at a time: nothing here may be called while another call is under way. */
export class UtteranceListener {
  readonly #transcribe: Transcribe;
  readonly #intervalSamples: number;
  readonly #maxSamples: number;
  #pieces: Int16Array[] = [];
  #samples = 0;
  #timestampUs: number | undefined;
  /** How much was there at the latest early look. */
  #lookedAt = 0;
  #look: EarlyLook | undefined;
  #index = 0;
  /** Pieces of the utterance that could not be written down just now. */
  #failed: Int16Array[] | undefined;

  constructor(transcribe: Transcribe, { partialIntervalMs, maxUtteranceMs }: ListeningParams) {
    this.#transcribe = transcribe;
    this.#intervalSamples = partialIntervalMs === 0 ? Infinity : partialIntervalMs * SPEECH_RATE_HZ / 1000;
    this.#maxSamples = maxUtteranceMs * SPEECH_RATE_HZ / 1000;
  }

  /** Takes a piece. The last one of an utterance is waited for; what others bring comes with a later one. */
  async *hear(
    samples: Int16Array,
    { isLast, timestampUs, signal, isRepeated = false }: {
      readonly isLast: boolean;
      readonly timestampUs: number | undefined;
      readonly signal: AbortSignal;
      /** Whether this very piece was given before, and failed. */
      readonly isRepeated?: boolean;
    },
  ): AsyncGenerator<Heard> {
    const pieces = isRepeated && this.#failed !== undefined ? this.#failed : [samples];
    this.#failed = undefined;
    if (this.#pieces.length === 0) this.#timestampUs = timestampUs;
    this.#pieces.push(...pieces.filter(({ length }) => length > 0));
    this.#samples = this.#pieces.reduce((sum, { length }) => sum + length, 0);
    if (isLast || this.#samples >= this.#maxSamples) return yield* this.end(signal);
    const early = this.#look?.result;
    if (this.#look !== undefined && early !== undefined) {
      this.#look = undefined;
      if (early.error === undefined) yield this.#toHeard(early, false);
    }
    if (this.#look === undefined && this.#samples - this.#lookedAt >= this.#intervalSamples) this.#beginLook();
  }

  /** Takes the end of the utterance, if one is under way. */
  async *end(signal: AbortSignal): AsyncGenerator<Heard> {
    if (this.#pieces.length === 0) return;
    await this.#endLook();
    const audio = this.#take();
    const pieces = this.#pieces;
    try {
      for await (const result of this.#transcribe(audio, { signal, isEarly: false })) {
        if (result.error !== undefined) this.#failed = pieces;
        yield this.#toHeard(result, !result.partial);
      }
    } finally {
      this.#forget();
    }
    this.#index += 1;
  }

  /** Forgets the utterance under way, and waits until nothing works at it. */
  async reset(): Promise<void> {
    await this.#endLook();
    this.#failed = undefined;
    this.#forget();
  }

  #beginLook(): void {
    this.#lookedAt = this.#samples;
    const abort = new AbortController();
    const audio = this.#take();
    const look: EarlyLook = { abort, result: undefined, ended: this.#run(audio, abort.signal, (r) => look.result = r) };
    this.#look = look;
  }

  /** Whatever an early look fails with, the whole utterance will fail with as well. */
  async #run(
    audio: AudioDataOf<"i16">,
    signal: AbortSignal,
    onFinal: (result: InferenceResult) => void,
  ): Promise<void> {
    try {
      for await (const result of this.#transcribe(audio, { signal, isEarly: true })) {
        if (!result.partial) onFinal(result);
      }
    } catch {
      // An abort, since failures are results.
    }
  }

  async #endLook(): Promise<void> {
    const look = this.#look;
    this.#look = undefined;
    look?.abort.abort(new DOMException("the utterance has ended", "AbortError"));
    await look?.ended;
  }

  /** The pieces joined. They stay. */
  #take(): AudioDataOf<"i16"> {
    const samples = new Int16Array(this.#samples);
    let at = 0;
    for (const piece of this.#pieces) {
      samples.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [samples];
    // A copy: what is given away may be changed.
    return RuntimeData.audio({ samples: samples.slice(), sampleRate: SPEECH_RATE_HZ, timestampUs: this.#timestampUs });
  }

  #forget(): void {
    this.#pieces = [];
    this.#samples = this.#lookedAt = 0;
    this.#timestampUs = undefined;
  }

  #toHeard(result: InferenceResult, isFinal: boolean): Heard {
    const metadata = { ...result.metadata, utteranceIndex: this.#index, isFinal };
    return { result: { ...result, metadata }, isFinal, timestampUs: this.#timestampUs };
  }
}
