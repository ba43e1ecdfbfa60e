/**
 * Turns the probability of speech in each window into stretches of speech.
 *
 * The rules are those that Silero VAD documents for its own wrapper: two
 * thresholds (hysteresis), a shortest speech, a shortest silence, and padding.
 *
 * ```
 *          start of candidate     confirmed              silence   closed
 *                 |                   |                     |        |
 *   idle ---------[------ candidate --]-------- open -------[- pause ]---- idle
 *            pad  |<-- minSpeech ---->|                     |  pad   |
 *           |<--->|                                         |<-->|   |
 *           speech-start                              speech-end     |
 *                                                           |<------>| minSilence
 * ```
 *
 * @module
 */

import { type Mark, moved } from "./windows.ts";

/** When a stretch of speech begins and ends. */
export interface DetectorOptions {
  /** Probability from which silence turns into speech, 0 to 1. */
  readonly threshold: number;
  /** Probability below which speech turns into silence, at most `threshold`. */
  readonly negativeThreshold: number;
  /** Speech shorter than this is not reported. */
  readonly minSpeechSamples: number;
  /** Silence shorter than this does not end speech. */
  readonly minSilenceSamples: number;
  /** Added before and after; at most `minSilenceSamples`, because the end would not be known in time otherwise. */
  readonly padSamples: number;
}

/** Reported where a stretch of speech begins or ends. */
export interface SpeechEvent {
  readonly event: "speech-start" | "speech-end";
  /** The place, padding included. */
  readonly at: Mark;
  /** Probability in the window that decided it. */
  readonly probability: number;
}

/** A state machine over windows. */
export class SpeechDetector {
  readonly #options: DetectorOptions;
  /** Whether the latest window counts as speech, by the two thresholds alone. */
  #speaking = false;
  /** Where the stretch that is going on began; `undefined` while idle. */
  #began: Mark | undefined;
  /** Whether that stretch was long enough to be reported. */
  #open = false;
  /** Where the silence began that may end it. */
  #silent: Mark | undefined;
  /** End of what was judged. */
  #now: Mark = { sample: 0, timestampUs: 0 };
  #probability = 0;
  /** Padding must not reach before this sample: the beginning of the stream, or the end of the last stretch. */
  #free = 0;

  constructor(options: DetectorOptions) {
    this.#options = options;
  }

  /** Whether the latest window counts as speech, by the two thresholds alone. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Samples before this one belong to speech, if they come after its start. 0 while no speech is open. */
  get passUntil(): number {
    if (!this.#open) return 0;
    return Math.min(this.#now.sample, this.#silent === undefined ? Infinity : this.#padded(this.#silent).sample);
  }

  /** Samples before this one, if not passed yet, never will be. */
  get keepFrom(): number {
    return Math.max(this.#free, (this.#began ?? this.#now).sample - this.#options.padSamples);
  }

  /** Takes the probability of the window that lies at `start`. */
  push(probability: number, start: Mark, samples: number): SpeechEvent[] {
    const { threshold, negativeThreshold, minSpeechSamples, minSilenceSamples } = this.#options;
    this.#now = moved(start, samples);
    this.#probability = probability;
    this.#speaking = probability >= (this.#speaking ? negativeThreshold : threshold);
    if (this.#speaking) {
      this.#began ??= start;
      this.#silent = undefined;
      return this.#now.sample - this.#began.sample >= minSpeechSamples ? this.#confirm() : [];
    }
    if (this.#began === undefined) return [];
    this.#silent ??= start;
    return this.#now.sample - this.#silent.sample >= minSilenceSamples ? this.#close() : [];
  }

  /** Takes the end of the stream, which ends speech. */
  flush(): SpeechEvent[] {
    this.#silent ??= this.#now;
    return this.#close();
  }

  #confirm(): SpeechEvent[] {
    if (this.#open) return [];
    this.#open = true;
    const began = this.#began as Mark;
    return [this.#event("speech-start", moved(began, this.keepFrom - began.sample))];
  }

  #close(): SpeechEvent[] {
    const end = this.#padded(this.#silent as Mark);
    const events = this.#open ? [this.#event("speech-end", end)] : [];
    if (this.#open) this.#free = end.sample;
    this.#began = this.#silent = undefined;
    this.#open = this.#speaking = false;
    return events;
  }

  #padded(silent: Mark): Mark {
    return moved(silent, Math.min(this.#options.padSamples, this.#now.sample - silent.sample));
  }

  #event(event: SpeechEvent["event"], at: Mark): SpeechEvent {
    return { event, at, probability: this.#probability };
  }
}
