import type { SectionSpec } from "./section_spec.ts";

/** What all notes go through together, and how they are played. */
export const MIX_SECTIONS = {
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
