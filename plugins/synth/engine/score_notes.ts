/**
 * The notes of a score.
 *
 * @module
 */

import { type PhraseNote, phraseNotes } from "../policy/phrase.ts";
import type { RolePolicy } from "../policy/schema.ts";
import { parseNoteName } from "../preset/quantity.ts";
import type { FullPresetRequest } from "./request_types.ts";

/** The notes that a request for a preset names; else the phrase of its role, or the first notes of that, held. */
export function* requestedNotes(
  request: FullPresetRequest,
  policy: RolePolicy,
  context: Parameters<typeof phraseNotes>[1],
): Generator<PhraseNote> {
  const { sampleRate, frames } = context;
  if (request.notes !== undefined) {
    const given = request.notes.map(({ note, startS, durationS, velocity }) => ({
      startFrame: Math.round(startS * sampleRate),
      endFrame: Math.round((startS + durationS) * sampleRate),
      note: typeof note === "number" ? note : parseNoteName(note) ?? 60,
      velocity,
    }));
    yield* given.sort((a, b) => a.startFrame - b.startFrame);
  } else if (request.play === "phrase") {
    yield* phraseNotes(policy, context);
  } else {
    for (const note of phraseNotes(policy, context)) {
      if (note.startFrame > 0) return;
      yield { ...note, endFrame: Math.round(0.75 * frames) };
    }
  }
}

/** Most notes that sound at a time among the first ones. */
export function mostTogether(notes: Iterable<PhraseNote>, limit: number): number {
  const ends: number[] = [];
  let most = 0;
  let seen = 0;
  for (const { startFrame, endFrame } of notes) {
    if (seen++ === limit) break;
    const sounding = ends.filter((end) => end > startFrame);
    ends.length = 0;
    ends.push(...sounding, endFrame);
    most = Math.max(most, ends.length);
  }
  return most;
}
