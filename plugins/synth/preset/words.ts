import type { QuantityKind } from "./quantity_kinds.ts";

/** Words for quantities, in the base unit of each kind. */
export const WORDS: { readonly [K in QuantityKind]?: { readonly [word: string]: number } } = {
  time: {
    instant: 0.001,
    "very fast": 0.003,
    snappy: 0.005,
    fast: 0.015,
    short: 0.12,
    medium: 0.35,
    slow: 0.9,
    long: 1.8,
    "very slow": 2.5,
    "very long": 5,
    endless: 12,
  },
  frequency: {
    dark: 350,
    muffled: 250,
    warm: 900,
    mellow: 1300,
    neutral: 2500,
    clear: 4500,
    bright: 7000,
    brilliant: 11_000,
    open: 18_000,
  },
  rate: { "very slow": 0.08, slow: 0.25, gentle: 0.6, medium: 1.5, fast: 5, "very fast": 9 },
  gain: { off: 0, faint: 0.06, quiet: 0.18, soft: 0.35, medium: 0.5, loud: 0.8, full: 1 },
  fraction: {
    none: 0,
    dry: 0,
    touch: 0.08,
    subtle: 0.15,
    light: 0.25,
    moderate: 0.4,
    half: 0.5,
    heavy: 0.65,
    wet: 0.8,
    full: 1,
    narrow: 0.25,
    wide: 0.8,
  },
  q: { flat: 0.7071, soft: 0.6, gentle: 0.9, resonant: 2.5, sharp: 6, whistling: 14 },
  interval: { unison: 0, third: 4, fourth: 5, fifth: 7, octave: 12, "octave up": 12, "octave down": -12 },
  cents: { tight: 4, natural: 9, loose: 18, wide: 30 },
};

/**
 * What a word in a prompt does to a sound that does not have it as a tag yet:
 * each factor scales a parameter, each offset is added to it.
 */
export interface WordEffect {
  readonly param: string;
  readonly factor?: number;
  readonly offset?: number;
}

/** Perceptual words, and what each does. */
export const PERCEPTUAL_WORDS: { readonly [word: string]: readonly WordEffect[] } = {
  bright: [{ param: "filter.cutoffHz", factor: 1.6 }],
  brilliant: [{ param: "filter.cutoffHz", factor: 2 }],
  dark: [{ param: "filter.cutoffHz", factor: 0.55 }],
  muffled: [{ param: "filter.cutoffHz", factor: 0.4 }],
  warm: [{ param: "filter.cutoffHz", factor: 0.75 }, { param: "filter.q", factor: 0.85 }],
  mellow: [{ param: "filter.cutoffHz", factor: 0.7 }, { param: "amp.attackS", factor: 1.4 }],
  resonant: [{ param: "filter.q", factor: 2 }],
  soft: [{ param: "amp.attackS", factor: 2 }, { param: "filter.cutoffHz", factor: 0.8 }],
  hard: [{ param: "amp.attackS", factor: 0.4 }, { param: "drive.gain", factor: 1.5 }],
  aggressive: [{ param: "drive.gain", factor: 1.8 }, { param: "filter.q", factor: 1.4 }],
  slow: [{ param: "amp.attackS", factor: 2.2 }, { param: "amp.releaseS", factor: 1.5 }],
  fast: [{ param: "amp.attackS", factor: 0.4 }, { param: "amp.releaseS", factor: 0.7 }],
  short: [{ param: "amp.releaseS", factor: 0.5 }, { param: "amp.decayS", factor: 0.6 }],
  long: [{ param: "amp.releaseS", factor: 2 }, { param: "amp.decayS", factor: 1.5 }],
  dry: [{ param: "reverb.mix", factor: 0.3 }, { param: "delay.mix", factor: 0.3 }],
  wet: [{ param: "reverb.mix", factor: 1.5 }],
  spacious: [{ param: "reverb.mix", factor: 1.3 }, { param: "reverb.decayS", factor: 1.4 }],
  wide: [{ param: "oscillators.0.width", offset: 0.2 }, { param: "oscillators.0.spreadCents", factor: 1.3 }],
  narrow: [{ param: "oscillators.0.width", factor: 0.3 }],
  thick: [{ param: "oscillators.0.spreadCents", factor: 1.5 }],
  thin: [{ param: "oscillators.0.spreadCents", factor: 0.5 }, { param: "filter.q", factor: 1.2 }],
};
