/**
 * Keys, scales and the notes of a phrase.
 *
 * @module
 */

import { hzOfNote, noteOfHz } from "../dsp/exact_math.ts";

/** Scales, as semitones above the tonic. */
export const SCALES = {
  major: [0, 2, 4, 5, 7, 9, 11],
  minor: [0, 2, 3, 5, 7, 8, 10],
  "harmonic-minor": [0, 2, 3, 5, 7, 8, 11],
  "melodic-minor": [0, 2, 3, 5, 7, 9, 11],
  dorian: [0, 2, 3, 5, 7, 9, 10],
  phrygian: [0, 1, 3, 5, 7, 8, 10],
  lydian: [0, 2, 4, 6, 7, 9, 11],
  mixolydian: [0, 2, 4, 5, 7, 9, 10],
  locrian: [0, 1, 3, 5, 6, 8, 10],
  "major-pentatonic": [0, 2, 4, 7, 9],
  "minor-pentatonic": [0, 3, 5, 7, 10],
  blues: [0, 3, 5, 6, 7, 10],
  "whole-tone": [0, 2, 4, 6, 8, 10],
  chromatic: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
} as const satisfies { readonly [name: string]: readonly number[] };

/** Name of a scale. */
export type ScaleName = keyof typeof SCALES;
/** All names of scales. */
export const SCALE_NAMES = Object.keys(SCALES) as ScaleName[];

/** Names of keys, each with its pitch class. */
export const KEYS = {
  C: 0,
  "C#": 1,
  Db: 1,
  D: 2,
  "D#": 3,
  Eb: 3,
  E: 4,
  F: 5,
  "F#": 6,
  Gb: 6,
  G: 7,
  "G#": 8,
  Ab: 8,
  A: 9,
  "A#": 10,
  Bb: 10,
  B: 11,
} as const;

/** Name of a key. */
export type KeyName = keyof typeof KEYS;
/** All names of keys. */
export const KEY_NAMES = Object.keys(KEYS) as KeyName[];

/** A key with its scale. */
export interface Tonality {
  readonly key: KeyName;
  readonly scale: ScaleName;
}

/** The MIDI note of a degree (1 is the tonic, 8 its octave in scales of seven, 0 or less lies below) over a base note. */
export function noteOfDegree(degree: number, { key, scale }: Tonality, base: number): number {
  const steps = SCALES[scale];
  const tonic = base + ((KEYS[key] - base) % 12 + 12) % 12;
  const place = degree - 1;
  const octave = Math.floor(place / steps.length);
  return tonic + 12 * octave + (steps[place - octave * steps.length] as number);
}

/** The frequency of the note of a scale that is nearest to a frequency. */
export function nearestInScale(hz: number, { key, scale }: Tonality): number {
  const steps: readonly number[] = SCALES[scale];
  const exact = noteOfHz(hz);
  const middle = Math.round(exact);
  for (let distance = 0; distance <= 12; distance++) {
    const candidates = [middle - distance, middle + distance]
      .filter((note) => steps.includes((((note - KEYS[key]) % 12) + 12) % 12))
      .sort((a, b) => Math.abs(a - exact) - Math.abs(b - exact));
    if (candidates[0] !== undefined) return hzOfNote(candidates[0]);
  }
  return hz;
}

/** Moves a note by octaves into a range; into its middle octave if the range is narrower than one. */
export function intoRange(note: number, { low, high }: { readonly low: number; readonly high: number }): number {
  let moved = note;
  while (moved > high) moved -= 12;
  while (moved < low) moved += 12;
  return moved;
}
