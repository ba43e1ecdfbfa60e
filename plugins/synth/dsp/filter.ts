import type { Control } from "./control.ts";
import { exp2, gainOfDb, log2, tanTurns } from "./exact_math.ts";
import type { Bus, Kernel, VoiceState } from "./kernel.ts";

/** What a filter lets through. */
export type FilterMode = "lowpass" | "highpass" | "bandpass" | "notch" | "bell" | "low-shelf" | "high-shelf";

/** What a filter is made of. */
export interface FilterSetup {
  readonly mode: FilterMode;
  /** Steepness in decibels per octave: one section or two. */
  readonly slope: 12 | 24;
  readonly input: Bus;
  readonly out: Bus;
  readonly cutoffHz: Control;
  /** What is added to the cutoff, in octaves. */
  readonly octaves: Control;
  readonly q: Control;
  /** Gain of bell and shelves in decibels. */
  readonly gainDb: Control;
  /** How far the cutoff follows the note, 0 to 1; middle C is where it stays. */
  readonly keyTracking: Control;
  readonly sampleRate: number;
  readonly voice: VoiceState | undefined;
}

const MIDDLE_C_HZ = 261.6255653005986;
/** Butterworth of the fourth order: Q of its first section; the second one has 1.3066 at the least. */
const FIRST_SECTION_Q = 0.541196100146197;
const SECOND_SCALE = 0.7071067811865476 / 1.3065629648763766;
const SILENT_STATE = 1e-20;
/** Places in the registers of a section. */
const G_START = 0;
const G_END = 1;
const K_START = 2;
const K_END = 3;
const AMPLITUDE = 4;

/**
 * A state-variable filter in the topology-preserving form of Andrew Simper
 * ("Solving the continuous SVF equations using trapezoidal integration and
 * equivalent currents", Cytomic 2013): its response is that of the bilinear
 * transform, and it stays stable while cutoff and Q move.
 */
export class Filter implements Kernel {
  readonly #setup: FilterSetup;
  readonly #sections: readonly Section[];
  readonly #registers = new Float64Array(5);
  #g = 0;
  #k = 0;
  #amplitude = 1;
  #isFresh = true;
  // What the coefficients were computed from.
  #lastHz = -1;
  #lastG = 0;
  #lastDb = 0;
  #lastAmplitude = 1;

  constructor(setup: FilterSetup) {
    this.#setup = setup;
    const count = setup.slope === 24 ? 2 : 1;
    this.#sections = Array.from({ length: count * setup.input.channels }, () => new Section());
  }

  trigger(): void {
    const { cutoffHz, octaves, q, gainDb, keyTracking } = this.#setup;
    for (const control of [cutoffHz, octaves, q, gainDb, keyTracking]) control.reset();
    for (let i = 0; i < this.#sections.length; i++) (this.#sections[i] as Section).clear();
    this.#isFresh = true;
  }

  process(frames: number): void {
    const { mode, slope, input, out, cutoffHz, octaves, q, gainDb, keyTracking, voice } = this.#setup;
    cutoffHz.update(frames);
    octaves.update(frames);
    q.update(frames);
    gainDb.update(frames);
    keyTracking.update(frames);
    if (this.#isFresh) {
      this.#isFresh = false;
      this.#amplitude = this.#amplitudeOf(gainDb.from);
      this.#g = this.#gOf(cutoffHz.from, octaves.from, keyTracking.from, voice?.fromHz ?? MIDDLE_C_HZ);
      this.#k = 1 / Math.max(0.05, q.from);
    }
    const g = this.#gOf(cutoffHz.to, octaves.to, keyTracking.to, voice?.toHz ?? MIDDLE_C_HZ);
    const k = 1 / Math.max(0.05, q.to);
    const amplitude = this.#amplitudeOf(gainDb.to);
    const g0 = this.#g;
    const k0 = this.#k;
    this.#g = g;
    this.#k = k;
    this.#amplitude = amplitude;
    const registers = this.#registers;
    registers[G_START] = g0;
    registers[G_END] = g;
    registers[AMPLITUDE] = amplitude;
    // Of two sections the first is that of a Butterworth filter, and the second one carries the resonance.
    const isSplit = slope === 24 && (mode === "lowpass" || mode === "highpass");
    for (let c = 0; c < input.channels; c++) {
      const from = c === 0 ? input.left : input.right;
      const to = c === 0 ? out.left : out.right;
      registers[K_START] = isSplit ? 1 / FIRST_SECTION_Q : k0;
      registers[K_END] = isSplit ? 1 / FIRST_SECTION_Q : k;
      if (slope === 12) {
        (this.#sections[c] as Section).run(from, to, frames, mode, registers);
        continue;
      }
      (this.#sections[2 * c] as Section).run(from, to, frames, mode, registers);
      registers[K_START] = isSplit ? k0 * SECOND_SCALE : k0;
      registers[K_END] = isSplit ? k * SECOND_SCALE : k;
      (this.#sections[2 * c + 1] as Section).run(to, to, frames, mode, registers);
    }
  }

  #gOf(hz: number, octaves: number, keyTracking: number, noteHz: number): number {
    let shift = octaves;
    if (keyTracking !== 0) shift += keyTracking * log2(noteHz / MIDDLE_C_HZ);
    const { sampleRate, mode } = this.#setup;
    const moved = shift === 0 ? hz : hz * exp2(shift);
    const clamped = Math.min(0.49 * sampleRate, Math.max(5, moved));
    if (clamped !== this.#lastHz) {
      this.#lastHz = clamped;
      this.#lastG = tanTurns(0.5 * clamped / sampleRate);
    }
    if (mode === "low-shelf") return this.#lastG / Math.sqrt(this.#amplitude);
    if (mode === "high-shelf") return this.#lastG * Math.sqrt(this.#amplitude);
    return this.#lastG;
  }

  #amplitudeOf(db: number): number {
    if (db !== this.#lastDb) {
      this.#lastDb = db;
      // The amplitude of the formulas is the root of the gain; two sections share it.
      this.#lastAmplitude = gainOfDb(db / (this.#setup.slope === 24 ? 4 : 2));
    }
    return this.#lastAmplitude;
  }
}

/** One section of two poles. */
class Section {
  #first = 0;
  #second = 0;

  clear(): void {
    this.#first = this.#second = 0;
  }

  /** Filters; the coefficients come in an array, since the engines would allocate them as arguments. */
  run(from: Float64Array, to: Float64Array, frames: number, mode: FilterMode, registers: Float64Array): void {
    const g0 = registers[G_START] as number;
    const g1 = registers[G_END] as number;
    const amplitude = registers[AMPLITUDE] as number;
    const k0 = mode === "bell" ? (registers[K_START] as number) / amplitude : registers[K_START] as number;
    const k1 = mode === "bell" ? (registers[K_END] as number) / amplitude : registers[K_END] as number;
    let first = this.#first;
    let second = this.#second;
    const isMoving = g0 !== g1 || k0 !== k1;
    const gGrowth = (g1 - g0) / frames;
    const kGrowth = (k1 - k0) / frames;
    let g = isMoving ? g0 : g1;
    let k = isMoving ? k0 : k1;
    let a1 = 1 / (1 + g * (g + k));
    // What of input, band and low makes up the output.
    let mixIn = 0;
    let mixBand = 0;
    let mixLow = 0;
    switch (mode) {
      case "lowpass":
        mixLow = 1;
        break;
      case "highpass":
        mixIn = 1;
        mixBand = -k1;
        mixLow = -1;
        break;
      case "bandpass":
        mixBand = k1;
        break;
      case "notch":
        mixIn = 1;
        mixBand = -k1;
        break;
      case "bell":
        mixIn = 1;
        mixBand = k1 * (amplitude * amplitude - 1);
        break;
      case "low-shelf":
        mixIn = 1;
        mixBand = k1 * (amplitude - 1);
        mixLow = amplitude * amplitude - 1;
        break;
      case "high-shelf":
        mixIn = amplitude * amplitude;
        mixBand = k1 * (1 - amplitude) * amplitude;
        mixLow = 1 - amplitude * amplitude;
        break;
    }
    for (let i = 0; i < frames; i++) {
      if (isMoving) {
        g += gGrowth;
        k += kGrowth;
        a1 = 1 / (1 + g * (g + k));
      }
      const x = from[i] as number;
      const rest = x - second;
      const band = a1 * (first + g * rest);
      const low = second + g * band;
      first = 2 * band - first;
      second = 2 * low - second;
      to[i] = mixIn * x + mixBand * band + mixLow * low;
    }
    this.#first = first > SILENT_STATE || first < -SILENT_STATE ? first : 0;
    this.#second = second > SILENT_STATE || second < -SILENT_STATE ? second : 0;
  }
}
