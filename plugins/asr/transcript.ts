/**
 * What was said, and when.
 *
 * @module
 */

/** One word of a transcript. */
export interface Word {
  readonly word: string;
  /** From the beginning of the audio, in milliseconds. */
  readonly startMs: number;
  /** From the beginning of the audio, in milliseconds. */
  readonly endMs: number;
  /** How sure the engine is, 0 to 1; absent where it does not tell. */
  readonly confidence?: number | undefined;
}

/** What was said in a stretch of audio. */
export interface Transcript {
  /** Empty where nothing was understood. */
  readonly text: string;
  /** Empty where the engine tells no words. */
  readonly words: readonly Word[];
}

/** Nothing was said. */
export const NO_TRANSCRIPT: Transcript = { text: "", words: [] };

/** Mean confidence of the words, 0 to 1; `undefined` where no word has one. */
export function confidenceOf({ words }: Transcript): number | undefined {
  const known = words.flatMap(({ confidence }) => confidence === undefined ? [] : [confidence]);
  return known.length === 0 ? undefined : known.reduce((sum, confidence) => sum + confidence, 0) / known.length;
}

/** Two transcripts, of which the second begins `offsetMs` after the first. */
export function joinTranscripts(first: Transcript, second: Transcript, offsetMs: number): Transcript {
  const moved = second.words.map((word) => ({
    ...word,
    startMs: word.startMs + offsetMs,
    endMs: word.endMs + offsetMs,
  }));
  return {
    text: [first.text, second.text].filter((text) => text !== "").join(" "),
    words: [...first.words, ...moved],
  };
}
