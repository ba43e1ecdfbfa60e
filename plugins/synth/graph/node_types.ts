/**
 * The node types of a DSP graph: what each can be told, with units and ranges.
 * Schema, validation, compiler and documentation all read this table.
 *
 * @module
 */

/** A number that a node can be told. */
export interface NumberSpec {
  readonly min: number;
  readonly max: number;
  readonly fallback: number;
  /** What it is, with its unit. */
  readonly about: string;
  /** What one unit of a modulation with depth 1 adds. Absent: it cannot be modulated. */
  readonly modulation?: string;
  /** It decides how the graph is built, and cannot be changed while it sounds. */
  readonly isFixed?: true;
}

/** A choice between words that a node can be told; it decides how the graph is built. */
export interface ChoiceSpec {
  readonly words: readonly [string, ...string[]];
  readonly about: string;
}

/** One type of node. */
export interface NodeTypeSpec {
  readonly summary: string;
  /** What it gives: sound, or a signal that modulates. */
  readonly kind: "source" | "effect" | "modulator" | "voices";
  /** Whether a note plays it: then it belongs to a voice. */
  readonly isPlayed?: true;
  readonly choices: { readonly [name: string]: ChoiceSpec };
  readonly numbers: { readonly [name: string]: NumberSpec };
}

/** All node types, by name. */
export const NODE_TYPES = {
  oscillator: {
    summary: "A band-limited oscillator. Its inputs, if any, move its phase (FM).",
    kind: "source",
    isPlayed: true,
    choices: { shape: { words: ["saw", "sine", "triangle", "square", "pulse"], about: "Shape of the wave." } },
    numbers: {
      semitones: {
        min: -128,
        max: 128,
        fallback: 0,
        about: "Interval above the note, in semitones.",
        modulation: "1 semitone",
      },
      frequencyHz: {
        min: 0,
        max: 96_000,
        fallback: 0,
        about: "A fixed frequency in hertz; 0 follows the note.",
        modulation: "1 Hz",
      },
      level: { min: 0, max: 4, fallback: 1, about: "Amplitude, 1 is full scale.", modulation: "1" },
      pulseWidth: {
        min: 0.02,
        max: 0.98,
        fallback: 0.5,
        about: "Share of the cycle that a pulse is high.",
        modulation: "1",
      },
      fmIndex: {
        min: 0,
        max: 30,
        fallback: 1,
        about: "How far an input of 1 moves the phase, in radians.",
        modulation: "1 rad",
      },
      unison: { min: 1, max: 8, fallback: 1, about: "Parts that play together.", isFixed: true },
      spreadCents: {
        min: 0,
        max: 200,
        fallback: 15,
        about: "The outermost parts are that much out of tune, in cents.",
        isFixed: true,
      },
      width: { min: 0, max: 1, fallback: 0, about: "How far the parts stand apart: 0 is mono.", isFixed: true },
      phase: { min: 0, max: 1, fallback: 0, about: "Where the cycle starts, in turns.", isFixed: true },
    },
  },
  noise: {
    summary: "Noise, the same for the same seed.",
    kind: "source",
    choices: { colour: { words: ["white", "pink", "brown"], about: "Flat, -3 or -6 dB per octave." } },
    numbers: {
      level: { min: 0, max: 4, fallback: 1, about: "Amplitude.", modulation: "1" },
      width: { min: 0, max: 1, fallback: 0, about: "0 is mono, anything else two independent sides.", isFixed: true },
    },
  },
  envelope: {
    summary: "Attack, hold, decay, sustain, release: 0 to 1.",
    kind: "modulator",
    isPlayed: true,
    choices: {},
    numbers: {
      attackS: { min: 0, max: 30, fallback: 0.005, about: "A line from 0 to 1, in seconds." },
      holdS: { min: 0, max: 30, fallback: 0, about: "Time at 1, in seconds." },
      decayS: { min: 0, max: 60, fallback: 0.2, about: "From 1 to the sustain level, in seconds." },
      sustain: { min: 0, max: 1, fallback: 0.7, about: "Level until the note is let go." },
      releaseS: { min: 0.001, max: 60, fallback: 0.2, about: "From there to 0, in seconds." },
      velocityAmount: { min: 0, max: 1, fallback: 0.6, about: "How much the velocity of the note counts." },
    },
  },
  lfo: {
    summary: "A low-frequency oscillator: -1 to 1.",
    kind: "modulator",
    choices: { shape: { words: ["sine", "triangle", "saw", "square", "random"], about: "Shape of the swing." } },
    numbers: {
      rateHz: { min: 0, max: 100, fallback: 1, about: "Cycles per second.", modulation: "1 Hz" },
      phase: { min: 0, max: 1, fallback: 0, about: "Where the cycle starts, in turns.", isFixed: true },
      fadeS: { min: 0, max: 30, fallback: 0, about: "How long it takes to come in, in seconds." },
    },
  },
  filter: {
    summary: "A state-variable filter.",
    kind: "effect",
    choices: {
      mode: {
        words: ["lowpass", "highpass", "bandpass", "notch", "bell", "low-shelf", "high-shelf"],
        about: "What it lets through.",
      },
      slope: { words: ["12", "24"], about: "Decibels per octave." },
    },
    numbers: {
      cutoffHz: {
        min: 5,
        max: 96_000,
        fallback: 1000,
        about: "Corner or centre in hertz; at most 0.49 of the sample rate.",
        modulation: "1 octave",
      },
      q: { min: 0.1, max: 40, fallback: 0.7071, about: "Quality: 0.7071 has no resonance.", modulation: "1" },
      gainDb: { min: -36, max: 36, fallback: 0, about: "Gain of bell and shelves in decibels.", modulation: "1 dB" },
      keyTracking: { min: 0, max: 1, fallback: 0, about: "How far the cutoff follows the note; it stays at middle C." },
    },
  },
  gain: {
    summary: "Scales a signal. With an envelope as modulation it is a VCA.",
    kind: "effect",
    choices: {},
    numbers: {
      gain: {
        min: 0,
        max: 16,
        fallback: 1,
        about: "Amplitude ratio; 0 with an envelope of depth 1 is a VCA.",
        modulation: "1",
      },
    },
  },
  pan: {
    summary: "Places a signal between left and right.",
    kind: "effect",
    choices: {},
    numbers: { position: { min: -1, max: 1, fallback: 0, about: "-1 is left, 1 is right.", modulation: "1" } },
  },
  mixer: { summary: "Adds its inputs, each with its gain.", kind: "effect", choices: {}, numbers: {} },
  distortion: {
    summary: "Bends the wave, with antialiasing.",
    kind: "effect",
    choices: { curve: { words: ["soft", "hard", "fold"], about: "Soft knee, hard edge, or folded back." } },
    numbers: {
      drive: { min: 1, max: 100, fallback: 2, about: "Gain in front of the curve.", modulation: "1" },
      mix: { min: 0, max: 1, fallback: 1, about: "Share of the changed signal, 0 to 1.", modulation: "1" },
    },
  },
  delay: {
    summary: "Echoes. The only node that may close a cycle: there it gives the delayed signal alone.",
    kind: "effect",
    choices: { mode: { words: ["straight", "ping-pong"], about: "Whether echoes change sides." } },
    numbers: {
      timeS: {
        min: 0.0001,
        max: 8,
        fallback: 0.3,
        about: "Time between echoes in seconds; in a cycle at least 64 frames.",
        modulation: "1 s",
      },
      feedback: { min: 0, max: 0.98, fallback: 0.3, about: "What of an echo comes again.", modulation: "1" },
      dampingHz: { min: 20, max: 96_000, fallback: 8000, about: "Lowpass of what comes again, in hertz." },
      mix: { min: 0, max: 1, fallback: 0.3, about: "Share of the changed signal, 0 to 1.", modulation: "1" },
    },
  },
  chorus: {
    summary: "Copies whose delay swings; gives stereo.",
    kind: "effect",
    choices: {},
    numbers: {
      rateHz: { min: 0, max: 20, fallback: 0.6, about: "Swings per second." },
      depthS: { min: 0, max: 0.02, fallback: 0.003, about: "How far the delay swings, in seconds." },
      mix: { min: 0, max: 1, fallback: 0.5, about: "Share of the changed signal, 0 to 1.", modulation: "1" },
    },
  },
  phaser: {
    summary: "Notches that sweep.",
    kind: "effect",
    choices: { stages: { words: ["6", "4", "8", "12"], about: "Allpasses in a row; two make a notch." } },
    numbers: {
      rateHz: { min: 0, max: 20, fallback: 0.4, about: "Sweeps per second." },
      centreHz: { min: 20, max: 20_000, fallback: 800, about: "Centre of the sweep in hertz." },
      depthOctaves: { min: 0, max: 4, fallback: 1.5, about: "How far it sweeps to either side, in octaves." },
      feedback: { min: -0.95, max: 0.95, fallback: 0.3, about: "What of the output comes in again." },
      mix: { min: 0, max: 1, fallback: 1, about: "Share of the changed signal, 0 to 1.", modulation: "1" },
    },
  },
  reverb: {
    summary: "A room; gives stereo.",
    kind: "effect",
    choices: {},
    numbers: {
      decayS: { min: 0.05, max: 60, fallback: 2, about: "Until the sound has fallen by 60 dB, in seconds." },
      size: { min: 0.2, max: 3, fallback: 1, about: "Size of the room: 1 is a hall.", isFixed: true },
      preDelayS: { min: 0, max: 0.5, fallback: 0.01, about: "Before the first reflection, in seconds.", isFixed: true },
      dampingHz: { min: 20, max: 96_000, fallback: 6000, about: "Lowpass of the tail in hertz." },
      mix: { min: 0, max: 1, fallback: 0.3, about: "Share of the changed signal, 0 to 1.", modulation: "1" },
    },
  },
  compressor: {
    summary: "Turns down what is loud.",
    kind: "effect",
    choices: {},
    numbers: {
      thresholdDb: { min: -80, max: 0, fallback: -18, about: "Level from which it works, in dBFS." },
      ratio: { min: 1, max: 50, fallback: 3, about: "So many decibels more in give one more out." },
      attackS: { min: 0.0001, max: 1, fallback: 0.005, about: "Time constant downwards, in seconds." },
      releaseS: { min: 0.001, max: 5, fallback: 0.12, about: "Time constant back, in seconds." },
      makeupDb: { min: -24, max: 48, fallback: 0, about: "Gain afterwards, in decibels." },
    },
  },
  limiter: {
    summary: "Keeps true peaks below a ceiling. Every graph has one at its end besides.",
    kind: "effect",
    choices: {},
    numbers: {
      ceilingDb: { min: -40, max: 0, fallback: -1, about: "Ceiling in dBTP.", isFixed: true },
      releaseS: { min: 0.001, max: 5, fallback: 0.1, about: "Time constant back, in seconds.", isFixed: true },
    },
  },
  voices: {
    summary: "Plays what leads to it once for each note, and adds the notes up.",
    kind: "voices",
    choices: { mode: { words: ["poly", "mono"], about: "Many notes at a time, or one that glides." } },
    numbers: {
      polyphony: { min: 1, max: 32, fallback: 8, about: "Most notes at a time; the oldest makes room.", isFixed: true },
      glideS: { min: 0, max: 5, fallback: 0, about: "From one pitch to the next, in seconds." },
    },
  },
} as const satisfies { readonly [type: string]: NodeTypeSpec };

/** Name of a node type. */
export type NodeTypeName = keyof typeof NODE_TYPES;

/** The table without the details of its types. */
export const NODE_TYPE_SPECS: { readonly [T in NodeTypeName]: NodeTypeSpec } = NODE_TYPES;
