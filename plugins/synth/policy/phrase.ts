import { parseNoteName } from "../preset/quantity.ts";
import { intoRange, noteOfDegree, type Tonality } from "./music.ts";
import type { RolePolicy } from "./schema.ts";

/** A note of a performance. Times are in frames. */
export interface PhraseNote {
  readonly startFrame: number;
  readonly endFrame: number;
  readonly note: number;
  readonly velocity: number;
}

/** What a phrase depends on. */
export interface PhraseContext extends Tonality {
  readonly tempoBpm: number;
  readonly sampleRate: number;
  /** Where it ends, in frames: it is repeated until there. */
  readonly frames: number;
  readonly registerSemitones: number;
}

/** Length of the phrase of a role in seconds. */
export function phraseSeconds({ phrase }: RolePolicy, tempoBpm: number): number {
  return phrase.bars * 4 * 60 / tempoBpm;
}

/** The notes that a role plays, in order of time. They come one by one, so that hours of them take no memory. */
export function* phraseNotes(policy: RolePolicy, context: PhraseContext): Generator<PhraseNote> {
  const { phrase } = policy;
  const { tempoBpm, sampleRate, frames, registerSemitones } = context;
  const root = parseNoteName(phrase.root) ?? 60;
  const range = {
    low: (parseNoteName(phrase.range.low) ?? 0) + registerSemitones,
    high: (parseNoteName(phrase.range.high) ?? 127) + registerSemitones,
  };
  const framesPerBeat = sampleRate * 60 / tempoBpm;
  const sorted = [...phrase.notes].sort((a, b) => a.beat - b.beat);
  for (let bar = 0;; bar += phrase.bars) {
    for (const { beat, beats, degrees, velocity } of sorted) {
      const startFrame = Math.round((bar * 4 + beat) * framesPerBeat);
      if (startFrame >= frames) return;
      const endFrame = Math.round((bar * 4 + beat + beats) * framesPerBeat);
      for (const degree of degrees) {
        const note = intoRange(noteOfDegree(degree, context, root) + registerSemitones, range);
        yield { startFrame, endFrame, note, velocity };
      }
    }
  }
}
