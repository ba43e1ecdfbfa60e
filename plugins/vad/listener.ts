/**
 * Judges windows one after the other, and decides what leaves the node.
 *
 * @module
 */

import { type AudioData, type JsonData, RuntimeData } from "../../core/plugin.ts";
import { type DetectorOptions, SpeechDetector, type SpeechEvent } from "./detector.ts";
import { SpeechGate } from "./gate.ts";
import type { SileroStream } from "./model.ts";
import { UtteranceMarker } from "./utterances.ts";
import { type AudioWindow, cut } from "./windows.ts";

/** What leaves the node. */
export type Answer = { readonly out?: AudioData | undefined; readonly events?: JsonData | undefined };

/** How a listener decides. */
export interface SpeechListenerOptions {
  /** All audio, with what was found; speech only; or speech whose utterances are marked. */
  readonly mode: "annotate" | "speech" | "utterances";
  readonly detector: DetectorOptions;
  /** In mode `"utterances"`, longer speech is cut. */
  readonly maxUtteranceSamples: number;
  /** Ends it between two windows. */
  readonly signal: AbortSignal;
}

/**
 * Listens to one stream. Of audio that may turn out to be speech it keeps back
 * no more than the detector needs to be certain, however long that goes on:
 * the shortest speech, the shortest silence and the padding together.
 */
export class SpeechListener {
  readonly #judge: SileroStream;
  readonly #detector: SpeechDetector;
  /** Only where audio without speech is kept back. */
  readonly #gate: SpeechGate | undefined;
  readonly #utterances: UtteranceMarker | undefined;
  readonly #signal: AbortSignal;

  /** @param judge Gives the probability of speech in the next window. */
  constructor(judge: SileroStream, { mode, detector, maxUtteranceSamples, signal }: SpeechListenerOptions) {
    this.#judge = judge;
    this.#detector = new SpeechDetector(detector);
    this.#gate = mode === "annotate" ? undefined : new SpeechGate();
    if (mode === "utterances") this.#utterances = new UtteranceMarker(maxUtteranceSamples);
    this.#signal = signal;
  }

  /** Samples that are kept back until it is certain what they are. */
  get heldSamples(): number {
    return this.#gate?.heldSamples ?? 0;
  }

  /** Takes the next window. */
  async *hear(window: AudioWindow): AsyncGenerator<Answer> {
    this.#signal.throwIfAborted(); // a long chunk is many windows
    const probability = await this.#judge(window.samples);
    const events = this.#detector.push(probability, window.start, window.samples.length);
    const metadata = { ...window.metadata, speechProbability: probability, speech: this.#detector.speaking };
    const judged = { ...window, metadata };
    if (this.#gate === undefined) {
      yield* events.map(toAnswer);
      yield { out: cut(judged, 0, Infinity) };
    } else {
      this.#gate.push(judged);
      yield* this.#sift(this.#gate, events);
      yield* this.#pass(this.#gate, this.#detector.passUntil);
      this.#gate.drop(this.#detector.keepFrom);
    }
  }

  /** Takes the end of the stream, which ends speech. */
  *end(): Generator<Answer> {
    const events = this.#detector.flush();
    if (this.#gate === undefined) yield* events.map(toAnswer);
    else yield* this.#sift(this.#gate, events);
  }

  /** Reports a start before the audio that it announces, and an end after it. */
  *#sift(gate: SpeechGate, events: readonly SpeechEvent[]): Generator<Answer> {
    for (const event of events) {
      if (event.event === "speech-start") gate.drop(event.at.sample);
      else {
        yield* this.#pass(gate, event.at.sample);
        for (const out of this.#utterances?.end() ?? []) yield { out };
      }
      yield toAnswer(event);
    }
  }

  *#pass(gate: SpeechGate, untilSample: number): Generator<Answer> {
    const speech = gate.pass(untilSample);
    for (const out of this.#utterances?.push(speech) ?? speech) yield { out };
  }
}

function toAnswer({ event, at: { timestampUs }, probability }: SpeechEvent): Answer {
  return { events: RuntimeData.json({ event, timestampUs, probability }, { timestampUs }) };
}
