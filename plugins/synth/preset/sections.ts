/**
 * The sections of a preset and what each can say: the one table that schema,
 * normaliser and graph builder read.
 *
 * @module
 */

import type { QuantityKind } from "./quantity.ts";

/** A quantity of a section. */
export interface FieldSpec {
  readonly kind: QuantityKind;
  /** Its name after normalisation, with the unit in it. */
  readonly as: string;
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
  readonly about: string;
}

/** A section of a preset. */
export interface SectionSpec {
  readonly about: string;
  /** Most of them, where there may be several. */
  readonly most?: number;
  readonly words: { readonly [name: string]: readonly [string, ...string[]] };
  readonly fields: { readonly [name: string]: FieldSpec };
}

const field = (
  kind: QuantityKind,
  as: string,
  [min, max, fallback]: readonly [number, number, number],
  about: string,
): FieldSpec => ({ kind, as, min, max, fallback, about });

const envelope = (about: string, sustain: number) => ({
  about,
  words: {} as const,
  fields: {
    attack: field("time", "attackS", [0, 30, 0.005], "From silence to full level."),
    hold: field("time", "holdS", [0, 30, 0], "At full level."),
    decay: field("time", "decayS", [0, 60, 0.2], "From there to the sustain level."),
    sustain: field("fraction", "sustain", [0, 1, sustain], "Level as long as the note is held."),
    release: field("time", "releaseS", [0.001, 60, 0.2], "From there to silence."),
    velocity: field("fraction", "velocityAmount", [0, 1, 0.6], "How much the velocity of a note counts."),
  },
});

/** All sections, by name. */
export const SECTIONS = {
  oscillators: {
    about: "Oscillators, added up.",
    most: 4,
    words: { shape: ["saw", "sine", "triangle", "square", "pulse"] },
    fields: {
      level: field("gain", "level", [0, 2, 0.5], "Amplitude."),
      transpose: field("interval", "semitones", [-60, 60, 0], "Interval above the note."),
      detune: field("cents", "detuneCents", [-100, 100, 0], "Fine tuning."),
      frequency: field("frequency", "frequencyHz", [0, 20_000, 0], "A fixed frequency instead of the note's."),
      unison: field("number", "unison", [1, 8, 1], "Parts that play together."),
      spread: field("cents", "spreadCents", [0, 200, 12], "How far the parts are out of tune."),
      width: field("fraction", "width", [0, 1, 0], "How far the parts stand apart."),
      pulseWidth: field("fraction", "pulseWidth", [0.02, 0.98, 0.5], "Share of the cycle that a pulse is high."),
      fmRatio: field("number", "fmRatio", [0.1, 32, 1], "Frequency of the modulator over that of the note."),
      fmIndex: field("number", "fmIndex", [0, 30, 0], "Depth of the frequency modulation, in radians."),
    },
  },
  noise: {
    about: "Noise beside the oscillators.",
    words: { colour: ["white", "pink", "brown"] },
    fields: {
      level: field("gain", "level", [0, 2, 0.1], "Amplitude."),
      width: field("fraction", "width", [0, 1, 0], "Mono or two independent sides."),
    },
  },
  filter: {
    about: "The filter of a voice.",
    words: { mode: ["lowpass", "highpass", "bandpass", "notch"], slope: ["12", "24"] },
    fields: {
      cutoff: field("frequency", "cutoffHz", [20, 20_000, 8000], "Corner or centre."),
      q: field("q", "q", [0.3, 30, 0.7071], "Resonance."),
      envelope: field("octaves", "envelopeOctaves", [-8, 8, 0], "How far the filter envelope moves the cutoff."),
      keyTracking: field("fraction", "keyTracking", [0, 1, 0.3], "How far the cutoff follows the note."),
    },
  },
  amp: envelope("Level of a note over time.", 0.7),
  filterEnvelope: envelope("Cutoff of a note over time.", 0.2),
  pitchEnvelope: {
    about: "Pitch of a note at its beginning.",
    words: {},
    fields: {
      amount: field("interval", "semitones", [-60, 60, 12], "Interval at which it begins."),
      decay: field("time", "decayS", [0.001, 10, 0.05], "Until the pitch is that of the note."),
    },
  },
  fmEnvelope: {
    about: "Depth of frequency modulation at the beginning of a note.",
    words: {},
    fields: {
      decay: field("time", "decayS", [0.001, 30, 0.4], "Until the depth has fallen."),
      sustain: field("fraction", "sustain", [0, 1, 0.2], "What is left of the depth."),
    },
  },
  lfos: {
    about: "Slow movements.",
    most: 4,
    words: {
      target: ["cutoff", "pitch", "level", "pan", "pulseWidth", "fm"],
      shape: ["sine", "triangle", "saw", "square", "random"],
    },
    fields: {
      rate: field("rate", "rateHz", [0.01, 40, 1], "Swings per second."),
      depth: field(
        "fraction",
        "depth",
        [0, 1, 0.2],
        "Of the most that the target takes: 2 octaves of cutoff, 1 semitone of pitch, all of level, pan and pulse width, 5 rad of fm.",
      ),
      fade: field("time", "fadeS", [0, 30, 0], "Until the movement is there."),
      phase: field("fraction", "phase", [0, 1, 0], "Where it starts."),
    },
  },
  drive: {
    about: "Distortion of all voices together.",
    words: { curve: ["soft", "hard", "fold"] },
    fields: {
      amount: field("gain", "gain", [1, 60, 2], "Gain in front of the curve."),
      mix: field("fraction", "mix", [0, 1, 1], "Share of the bent signal."),
    },
  },
  eq: {
    about: "Tone controls.",
    most: 4,
    words: { mode: ["bell", "low-shelf", "high-shelf", "highpass", "lowpass"] },
    fields: {
      frequency: field("frequency", "cutoffHz", [20, 20_000, 1000], "Corner or centre."),
      gain: field("decibels", "gainDb", [-24, 24, 0], "Gain of bell and shelves."),
      q: field("q", "q", [0.3, 12, 0.7071], "Width."),
    },
  },
  chorus: {
    about: "Chorus.",
    words: {},
    fields: {
      rate: field("rate", "rateHz", [0.01, 10, 0.6], "Swings per second."),
      depth: field("time", "depthS", [0, 0.02, 0.003], "How far the delay swings."),
      mix: field("fraction", "mix", [0, 1, 0.5], "Share of the copies."),
    },
  },
  phaser: {
    about: "Phaser.",
    words: { stages: ["6", "4", "8", "12"] },
    fields: {
      rate: field("rate", "rateHz", [0.01, 10, 0.3], "Sweeps per second."),
      centre: field("frequency", "centreHz", [40, 10_000, 800], "Centre of the sweep."),
      depth: field("octaves", "depthOctaves", [0, 4, 1.5], "How far it sweeps."),
      feedback: field("fraction", "feedback", [-0.95, 0.95, 0.3], "What comes in again."),
      mix: field("fraction", "mix", [0, 1, 0.8], "Share of the changed signal."),
    },
  },
  delay: {
    about: "Echoes.",
    words: { mode: ["ping-pong", "straight"] },
    fields: {
      time: field("time", "timeS", [0.001, 4, 0.3], "Between echoes."),
      feedback: field("fraction", "feedback", [0, 0.95, 0.35], "What of an echo comes again."),
      damping: field("frequency", "dampingHz", [100, 20_000, 5000], "Lowpass of the echoes."),
      mix: field("fraction", "mix", [0, 1, 0.25], "Level of the echoes."),
    },
  },
  reverb: {
    about: "Room.",
    words: {},
    fields: {
      decay: field("time", "decayS", [0.1, 40, 2], "Until it has fallen by 60 dB."),
      size: field("number", "size", [0.2, 3, 1], "Size: 1 is a hall."),
      preDelay: field("time", "preDelayS", [0, 0.3, 0.01], "Before the first reflection."),
      damping: field("frequency", "dampingHz", [200, 20_000, 6000], "Lowpass of the tail."),
      mix: field("fraction", "mix", [0, 1, 0.25], "Share of the room."),
    },
  },
  compressor: {
    about: "Compressor at the end.",
    words: {},
    fields: {
      threshold: field("decibels", "thresholdDb", [-60, 0, -18], "Level from which it works."),
      ratio: field("number", "ratio", [1, 20, 3], "Input over output, in decibels."),
      attack: field("time", "attackS", [0.0001, 0.5, 0.005], "Time constant downwards."),
      release: field("time", "releaseS", [0.005, 3, 0.12], "Time constant back."),
      makeup: field("decibels", "makeupDb", [-12, 24, 0], "Gain afterwards."),
    },
  },
  voices: {
    about: "How notes are played.",
    words: { mode: ["poly", "mono"] },
    fields: {
      polyphony: field("number", "polyphony", [1, 32, 8], "Most notes at a time."),
      glide: field("time", "glideS", [0, 5, 0], "From one pitch to the next (mono)."),
    },
  },
  output: {
    about: "Level and place of the whole.",
    words: {},
    fields: {
      level: field("gain", "level", [0, 4, 0.5], "Amplitude."),
      pan: field("fraction", "pan", [-1, 1, 0], "-1 is left, 1 is right."),
    },
  },
} as const satisfies { readonly [name: string]: SectionSpec };

/** Name of a section. */
export type SectionName = keyof typeof SECTIONS;

/** The table without the details of its types. */
export const SECTION_SPECS: { readonly [S in SectionName]: SectionSpec } = SECTIONS;
/** All names, in the order of the table. */
export const SECTION_NAMES = Object.keys(SECTIONS) as SectionName[];

/** Roles that a sound may have in a piece of music. */
export const ROLES = [
  "pad",
  "bass",
  "lead",
  "keys",
  "pluck",
  "drum",
  "percussion",
  "ambient",
  "texture",
  "effect",
] as const;

/** What a sound is for. */
export type Role = typeof ROLES[number];
