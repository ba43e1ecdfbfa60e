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

/** All sections, by name. */
export const SECTIONS = {
  oscillators: {
    about: "Oscillators, added up.",
    most: 4,
    words: { shape: ["saw", "sine", "triangle", "square", "pulse"] },
    fields: {
      level: { kind: "gain", as: "level", min: 0, max: 2, fallback: 0.5, about: "Amplitude." },
      transpose: {
        kind: "interval",
        as: "semitones",
        min: -60,
        max: 60,
        fallback: 0,
        about: "Interval above the note.",
      },
      detune: { kind: "cents", as: "detuneCents", min: -100, max: 100, fallback: 0, about: "Fine tuning." },
      frequency: {
        kind: "frequency",
        as: "frequencyHz",
        min: 0,
        max: 20_000,
        fallback: 0,
        about: "A fixed frequency instead of the note's.",
      },
      unison: { kind: "number", as: "unison", min: 1, max: 8, fallback: 1, about: "Parts that play together." },
      spread: {
        kind: "cents",
        as: "spreadCents",
        min: 0,
        max: 200,
        fallback: 12,
        about: "How far the parts are out of tune.",
      },
      width: { kind: "fraction", as: "width", min: 0, max: 1, fallback: 0, about: "How far the parts stand apart." },
      pulseWidth: {
        kind: "fraction",
        as: "pulseWidth",
        min: 0.02,
        max: 0.98,
        fallback: 0.5,
        about: "Share of the cycle that a pulse is high.",
      },
      fmRatio: {
        kind: "number",
        as: "fmRatio",
        min: 0.1,
        max: 32,
        fallback: 1,
        about: "Frequency of the modulator over that of the note.",
      },
      fmIndex: {
        kind: "number",
        as: "fmIndex",
        min: 0,
        max: 30,
        fallback: 0,
        about: "Depth of the frequency modulation, in radians.",
      },
    },
  },
  noise: {
    about: "Noise beside the oscillators.",
    words: { colour: ["white", "pink", "brown"] },
    fields: {
      level: { kind: "gain", as: "level", min: 0, max: 2, fallback: 0.1, about: "Amplitude." },
      width: { kind: "fraction", as: "width", min: 0, max: 1, fallback: 0, about: "Mono or two independent sides." },
    },
  },
  filter: {
    about: "The filter of a voice.",
    words: { mode: ["lowpass", "highpass", "bandpass", "notch"], slope: ["12", "24"] },
    fields: {
      cutoff: { kind: "frequency", as: "cutoffHz", min: 20, max: 20_000, fallback: 8000, about: "Corner or centre." },
      q: { kind: "q", as: "q", min: 0.3, max: 30, fallback: 0.7071, about: "Resonance." },
      envelope: {
        kind: "octaves",
        as: "envelopeOctaves",
        min: -8,
        max: 8,
        fallback: 0,
        about: "How far the filter envelope moves the cutoff.",
      },
      keyTracking: {
        kind: "fraction",
        as: "keyTracking",
        min: 0,
        max: 1,
        fallback: 0.3,
        about: "How far the cutoff follows the note.",
      },
    },
  },
  amp: {
    about: "Level of a note over time.",
    words: {},
    fields: {
      attack: { kind: "time", as: "attackS", min: 0, max: 30, fallback: 0.005, about: "From silence to full level." },
      hold: { kind: "time", as: "holdS", min: 0, max: 30, fallback: 0, about: "At full level." },
      decay: { kind: "time", as: "decayS", min: 0, max: 60, fallback: 0.2, about: "From there to the sustain level." },
      sustain: {
        kind: "fraction",
        as: "sustain",
        min: 0,
        max: 1,
        fallback: 0.7,
        about: "Level as long as the note is held.",
      },
      release: { kind: "time", as: "releaseS", min: 0.001, max: 60, fallback: 0.2, about: "From there to silence." },
      velocity: {
        kind: "fraction",
        as: "velocityAmount",
        min: 0,
        max: 1,
        fallback: 0.6,
        about: "How much the velocity of a note counts.",
      },
    },
  },
  filterEnvelope: {
    about: "Cutoff of a note over time.",
    words: {},
    fields: {
      attack: { kind: "time", as: "attackS", min: 0, max: 30, fallback: 0.005, about: "From silence to full level." },
      hold: { kind: "time", as: "holdS", min: 0, max: 30, fallback: 0, about: "At full level." },
      decay: { kind: "time", as: "decayS", min: 0, max: 60, fallback: 0.2, about: "From there to the sustain level." },
      sustain: {
        kind: "fraction",
        as: "sustain",
        min: 0,
        max: 1,
        fallback: 0.2,
        about: "Level as long as the note is held.",
      },
      release: { kind: "time", as: "releaseS", min: 0.001, max: 60, fallback: 0.2, about: "From there to silence." },
      velocity: {
        kind: "fraction",
        as: "velocityAmount",
        min: 0,
        max: 1,
        fallback: 0.6,
        about: "How much the velocity of a note counts.",
      },
    },
  },
  pitchEnvelope: {
    about: "Pitch of a note at its beginning.",
    words: {},
    fields: {
      amount: {
        kind: "interval",
        as: "semitones",
        min: -60,
        max: 60,
        fallback: 12,
        about: "Interval at which it begins.",
      },
      decay: {
        kind: "time",
        as: "decayS",
        min: 0.001,
        max: 10,
        fallback: 0.05,
        about: "Until the pitch is that of the note.",
      },
    },
  },
  fmEnvelope: {
    about: "Depth of frequency modulation at the beginning of a note.",
    words: {},
    fields: {
      decay: { kind: "time", as: "decayS", min: 0.001, max: 30, fallback: 0.4, about: "Until the depth has fallen." },
      sustain: { kind: "fraction", as: "sustain", min: 0, max: 1, fallback: 0.2, about: "What is left of the depth." },
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
      rate: { kind: "rate", as: "rateHz", min: 0.01, max: 40, fallback: 1, about: "Swings per second." },
      depth: {
        kind: "fraction",
        as: "depth",
        min: 0,
        max: 1,
        fallback: 0.2,
        about:
          "Of the most that the target takes: 2 octaves of cutoff, 1 semitone of pitch, all of level, pan and pulse width, 5 rad of fm.",
      },
      fade: { kind: "time", as: "fadeS", min: 0, max: 30, fallback: 0, about: "Until the movement is there." },
      phase: { kind: "fraction", as: "phase", min: 0, max: 1, fallback: 0, about: "Where it starts." },
    },
  },
  drive: {
    about: "Distortion of all voices together.",
    words: { curve: ["soft", "hard", "fold"] },
    fields: {
      amount: { kind: "gain", as: "gain", min: 1, max: 60, fallback: 2, about: "Gain in front of the curve." },
      mix: { kind: "fraction", as: "mix", min: 0, max: 1, fallback: 1, about: "Share of the bent signal." },
    },
  },
  eq: {
    about: "Tone controls.",
    most: 4,
    words: { mode: ["bell", "low-shelf", "high-shelf", "highpass", "lowpass"] },
    fields: {
      frequency: {
        kind: "frequency",
        as: "cutoffHz",
        min: 20,
        max: 20_000,
        fallback: 1000,
        about: "Corner or centre.",
      },
      gain: { kind: "decibels", as: "gainDb", min: -24, max: 24, fallback: 0, about: "Gain of bell and shelves." },
      q: { kind: "q", as: "q", min: 0.3, max: 12, fallback: 0.7071, about: "Width." },
    },
  },
  chorus: {
    about: "Chorus.",
    words: {},
    fields: {
      rate: { kind: "rate", as: "rateHz", min: 0.01, max: 10, fallback: 0.6, about: "Swings per second." },
      depth: { kind: "time", as: "depthS", min: 0, max: 0.02, fallback: 0.003, about: "How far the delay swings." },
      mix: { kind: "fraction", as: "mix", min: 0, max: 1, fallback: 0.5, about: "Share of the copies." },
    },
  },
  phaser: {
    about: "Phaser.",
    words: { stages: ["6", "4", "8", "12"] },
    fields: {
      rate: { kind: "rate", as: "rateHz", min: 0.01, max: 10, fallback: 0.3, about: "Sweeps per second." },
      centre: { kind: "frequency", as: "centreHz", min: 40, max: 10_000, fallback: 800, about: "Centre of the sweep." },
      depth: { kind: "octaves", as: "depthOctaves", min: 0, max: 4, fallback: 1.5, about: "How far it sweeps." },
      feedback: {
        kind: "fraction",
        as: "feedback",
        min: -0.95,
        max: 0.95,
        fallback: 0.3,
        about: "What comes in again.",
      },
      mix: { kind: "fraction", as: "mix", min: 0, max: 1, fallback: 0.8, about: "Share of the changed signal." },
    },
  },
  delay: {
    about: "Echoes.",
    words: { mode: ["ping-pong", "straight"] },
    fields: {
      time: { kind: "time", as: "timeS", min: 0.001, max: 4, fallback: 0.3, about: "Between echoes." },
      feedback: {
        kind: "fraction",
        as: "feedback",
        min: 0,
        max: 0.95,
        fallback: 0.35,
        about: "What of an echo comes again.",
      },
      damping: {
        kind: "frequency",
        as: "dampingHz",
        min: 100,
        max: 20_000,
        fallback: 5000,
        about: "Lowpass of the echoes.",
      },
      mix: { kind: "fraction", as: "mix", min: 0, max: 1, fallback: 0.25, about: "Level of the echoes." },
    },
  },
  reverb: {
    about: "Room.",
    words: {},
    fields: {
      decay: { kind: "time", as: "decayS", min: 0.1, max: 40, fallback: 2, about: "Until it has fallen by 60 dB." },
      size: { kind: "number", as: "size", min: 0.2, max: 3, fallback: 1, about: "Size: 1 is a hall." },
      preDelay: {
        kind: "time",
        as: "preDelayS",
        min: 0,
        max: 0.3,
        fallback: 0.01,
        about: "Before the first reflection.",
      },
      damping: {
        kind: "frequency",
        as: "dampingHz",
        min: 200,
        max: 20_000,
        fallback: 6000,
        about: "Lowpass of the tail.",
      },
      mix: { kind: "fraction", as: "mix", min: 0, max: 1, fallback: 0.25, about: "Share of the room." },
    },
  },
  compressor: {
    about: "Compressor at the end.",
    words: {},
    fields: {
      threshold: {
        kind: "decibels",
        as: "thresholdDb",
        min: -60,
        max: 0,
        fallback: -18,
        about: "Level from which it works.",
      },
      ratio: { kind: "number", as: "ratio", min: 1, max: 20, fallback: 3, about: "Input over output, in decibels." },
      attack: {
        kind: "time",
        as: "attackS",
        min: 0.0001,
        max: 0.5,
        fallback: 0.005,
        about: "Time constant downwards.",
      },
      release: { kind: "time", as: "releaseS", min: 0.005, max: 3, fallback: 0.12, about: "Time constant back." },
      makeup: { kind: "decibels", as: "makeupDb", min: -12, max: 24, fallback: 0, about: "Gain afterwards." },
    },
  },
  voices: {
    about: "How notes are played.",
    words: { mode: ["poly", "mono"] },
    fields: {
      polyphony: { kind: "number", as: "polyphony", min: 1, max: 32, fallback: 8, about: "Most notes at a time." },
      glide: { kind: "time", as: "glideS", min: 0, max: 5, fallback: 0, about: "From one pitch to the next (mono)." },
    },
  },
  output: {
    about: "Level and place of the whole.",
    words: {},
    fields: {
      level: { kind: "gain", as: "level", min: 0, max: 4, fallback: 0.5, about: "Amplitude." },
      pan: { kind: "fraction", as: "pan", min: -1, max: 1, fallback: 0, about: "-1 is left, 1 is right." },
    },
  },
} as const satisfies { readonly [name: string]: SectionSpec };

/** Name of a section. */
export type SectionName = keyof typeof SECTIONS;

/** The table without the details of its types. */
export const SECTION_SPECS: { readonly [S in SectionName]: SectionSpec } = SECTIONS;
/** All names, in the order of the table. */
export const SECTION_NAMES = Object.keys(SECTIONS) as SectionName[];
