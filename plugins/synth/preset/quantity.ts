/**
 * Quantities as people write them, turned into base units: `"-6 dB"`,
 * `"250 ms"`, `"A4"`, `"1/8d"`, `"7 st"`, `"15 cents"`, `"30 %"`, `"warm"`.
 *
 * A bare number is in the base unit of its kind. Every result says by which
 * rule it came about.
 *
 * @module
 */

import { exp2, gainOfDb, hzOfNote, log2 } from "../dsp/exact_math.ts";
import { QUANTITY_UNITS, type QuantityKind } from "./quantity_kinds.ts";
import { WORDS } from "./words.ts";

/** A quantity in its base unit. */
export interface Quantity {
  readonly value: number;
  /** How it came about, such as `"decibels to amplitude"`. */
  readonly rule: string;
}

/** What a quantity may depend on. */
export interface QuantityContext {
  /** Quarter notes per minute. */
  readonly tempoBpm: number;
}

/** What a kind of quantity is written as, for messages. */
export const QUANTITY_EXAMPLES: { readonly [K in QuantityKind]: string } = {
  time: 'seconds, or a text such as "250 ms", "1/8", "1/4d", "2 beats", "1 bar"',
  frequency: 'hertz, or a text such as "1.2 kHz", "A4", "bright"',
  rate: 'hertz, or a text such as "0.5 Hz", "4 s", "1/2"',
  gain: 'an amplitude ratio, or a text such as "-6 dB", "50 %"',
  decibels: 'decibels, or a text such as "-18 dB"',
  interval: 'semitones, or a text such as "-12 st", "7 cents", "1 oct"',
  octaves: 'octaves, or a text such as "2 oct", "7 st"',
  cents: 'cents, or a text such as "15 cents", "0.1 st"',
  fraction: '0 to 1, or a text such as "30 %"',
  q: 'a quality, or a text such as "2 Q", "0.7", "1.5 oct"',
  number: 'a number, or a text such as "4", "4:1"',
};

const NUMBER = String.raw`([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)`;
const WITH_UNIT = new RegExp(`^${NUMBER}\\s*([a-z%]*)$`, "i");
const NOTE_LENGTH = /^(\d{1,3})\/(\d{1,3})([dt.]?)$/i;
const NOTE_NAME = /^([a-g])([#b♯♭]?)(-?\d{1,2})$/i;
const RATIO = new RegExp(`^${NUMBER}\\s*:\\s*1$`);
const PITCH_CLASSES: { readonly [letter: string]: number } = { c: 0, d: 2, e: 4, f: 5, g: 7, a: 9, b: 11 };

/** Turns what was written into the base unit of its kind; `undefined` if it means nothing there. */
export function parseQuantity(
  kind: QuantityKind,
  written: number | string,
  { tempoBpm }: QuantityContext,
): Quantity | undefined {
  if (typeof written === "number") {
    return Number.isFinite(written) ? { value: written, rule: `a number is in ${QUANTITY_UNITS[kind]}` } : undefined;
  }
  const text = written.trim().replace("−", "-");
  const words = WORDS[kind] ?? {};
  const word = Object.hasOwn(words, text.toLowerCase()) ? words[text.toLowerCase()] : undefined;
  if (word !== undefined) return { value: word, rule: `"${text.toLowerCase()}" is ${word} ${QUANTITY_UNITS[kind]}` };
  const found = fromNoteLength(kind, text, tempoBpm) ?? fromNoteName(kind, text) ?? fromRatio(kind, text) ??
    fromUnit(kind, text, tempoBpm);
  return found !== undefined && Number.isFinite(found.value) ? found : undefined;
}

/** The MIDI number of a note such as `"A4"`, `"C#3"`, `"Bb-1"`; `undefined` if it is none. C4 is 60. */
export function parseNoteName(text: string): number | undefined {
  const [, letter, accidental, octave] = NOTE_NAME.exec(text.trim()) ?? [];
  if (letter === undefined) return undefined;
  const shift = accidental === "" ? 0 : accidental === "#" || accidental === "♯" ? 1 : -1;
  return 12 * (Number(octave) + 1) + (PITCH_CLASSES[letter.toLowerCase()] as number) + shift;
}

function fromNoteLength(kind: QuantityKind, text: string, tempoBpm: number): Quantity | undefined {
  if (kind !== "time" && kind !== "rate") return undefined;
  const [, count, division, form] = NOTE_LENGTH.exec(text) ?? [];
  if (count === undefined || Number(division) === 0 || Number(count) === 0) return undefined;
  const stretch = form === "" ? 1 : form?.toLowerCase() === "t" ? 2 / 3 : 1.5;
  const seconds = Number(count) / Number(division) * 4 * stretch * 60 / tempoBpm;
  const rule = `note length at ${tempoBpm} bpm`;
  return kind === "time" ? { value: seconds, rule } : { value: 1 / seconds, rule: `${rule} as a rate` };
}

function fromNoteName(kind: QuantityKind, text: string): Quantity | undefined {
  if (kind !== "frequency") return undefined;
  const note = parseNoteName(text);
  return note === undefined ? undefined : { value: hzOfNote(note), rule: "note name to hertz, A4 = 440 Hz" };
}

function fromRatio(kind: QuantityKind, text: string): Quantity | undefined {
  const [, ratio] = kind === "number" ? RATIO.exec(text) ?? [] : [];
  return ratio === undefined ? undefined : { value: Number(ratio), rule: "ratio to one" };
}

function fromUnit(kind: QuantityKind, text: string, tempoBpm: number): Quantity | undefined {
  const [, digits, rawUnit = ""] = WITH_UNIT.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits);
  const unit = rawUnit.toLowerCase();
  if (unit === "") return { value, rule: `a number is in ${QUANTITY_UNITS[kind]}` };
  return CONVERSIONS[kind](value, unit, tempoBpm);
}

type Conversion = (value: number, unit: string, tempoBpm: number) => Quantity | undefined;

const SECONDS_PER: { readonly [unit: string]: number } = {
  s: 1,
  sec: 1,
  second: 1,
  seconds: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  min: 60,
};
const SEMITONES_PER: { readonly [unit: string]: number } = {
  st: 1,
  semitone: 1,
  semitones: 1,
  cent: 0.01,
  cents: 0.01,
  ct: 0.01,
  oct: 12,
  octave: 12,
  octaves: 12,
};
const BEATS_PER: { readonly [unit: string]: number } = { beat: 1, beats: 1, bar: 4, bars: 4 };

/** What a table holds of its own: a text from outside may be `constructor`. */
function of(table: { readonly [unit: string]: number }, unit: string): number | undefined {
  return Object.hasOwn(table, unit) ? table[unit] : undefined;
}

const time: Conversion = (value, unit, tempoBpm) => {
  const beats = of(BEATS_PER, unit);
  if (beats !== undefined) return { value: value * beats * 60 / tempoBpm, rule: `beats at ${tempoBpm} bpm` };
  const factor = of(SECONDS_PER, unit);
  return factor === undefined ? undefined : { value: value * factor, rule: `${unit} to seconds` };
};

const frequency: Conversion = (value, unit) => {
  if (unit === "hz") return { value, rule: "hertz" };
  return unit === "khz" ? { value: value * 1000, rule: "kilohertz to hertz" } : undefined;
};

const pitch = (per: number, name: string): Conversion => (value, unit) => {
  const factor = of(SEMITONES_PER, unit);
  return factor === undefined ? undefined : { value: value * factor / per, rule: `${unit} to ${name}` };
};

const percent = (value: number, unit: string): Quantity | undefined =>
  unit === "%" || unit === "percent" ? { value: value / 100, rule: "percent to a share" } : undefined;

const CONVERSIONS: { readonly [K in QuantityKind]: Conversion } = {
  time,
  frequency,
  rate(value, unit, tempoBpm) {
    const hz = frequency(value, unit, tempoBpm);
    if (hz !== undefined) return hz;
    if (unit === "bpm") return { value: value / 60, rule: "beats per minute to hertz" };
    const seconds = time(value, unit, tempoBpm);
    return seconds === undefined ? undefined : { value: 1 / seconds.value, rule: `${seconds.rule}, as a rate` };
  },
  gain(value, unit) {
    if (unit === "db" || unit === "dbfs") return { value: gainOfDb(value), rule: "decibels to amplitude" };
    return percent(value, unit);
  },
  decibels(value, unit) {
    return unit === "db" || unit === "dbfs" ? { value, rule: "decibels" } : undefined;
  },
  interval: pitch(1, "semitones"),
  octaves: pitch(12, "octaves"),
  cents: pitch(0.01, "cents"),
  fraction(value, unit) {
    if (unit === "db") return { value: gainOfDb(value), rule: "decibels to a share" };
    return percent(value, unit);
  },
  q(value, unit) {
    if (unit === "q") return { value, rule: "quality" };
    if (unit !== "oct" && unit !== "octaves" && unit !== "octave") return undefined;
    // Q of a band between its two -3 dB points.
    const power = exp2(value);
    return { value: Math.sqrt(power) / (power - 1), rule: "bandwidth in octaves to Q" };
  },
  number(value, unit) {
    if (unit === "x") return { value, rule: "times" };
    if (unit === "db") return { value: gainOfDb(value), rule: "decibels to a ratio" };
    return undefined;
  },
};

/** How far apart two frequencies are, in octaves. */
export function octavesBetween(fromHz: number, toHz: number): number {
  return log2(toHz / fromHz);
}
