import type { Control } from "./control.ts";
import { exp2, gainOfDb, log2, tanTurns } from "./exact_math.ts";
import {
  AMPLITUDE_END,
  AMPLITUDE_START,
  FILTER_TARGETS,
  type FilterMode,
  FilterSection,
  G_END,
  G_START,
  K_END,
  K_START,
} from "./filter_section.ts";
import type { Bus, Kernel, VoiceState } from "./kernel.ts";

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

/**
 * A state-variable filter in the topology-preserving form of Andrew Simper
 * ("Solving the continuous SVF equations using trapezoidal integration and
 * equivalent currents", Cytomic 2013): its response is that of the bilinear
 * transform, and it stays stable while cutoff and Q move.
 */
export class Filter implements Kernel {
  readonly #setup: FilterSetup;
  readonly #sections: readonly FilterSection[];
  readonly #targets = new Float64Array(FILTER_TARGETS);
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
    this.#sections = Array.from({ length: setup.slope === 24 ? 2 : 1 }, () => new FilterSection(setup.mode));
  }

  trigger(): void {
    const { cutoffHz, octaves, q, gainDb, keyTracking } = this.#setup;
    for (const control of [cutoffHz, octaves, q, gainDb, keyTracking]) control.reset();
    for (let i = 0; i < this.#sections.length; i++) this.#sections[i]?.clear();
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
    const g0 = this.#g;
    const k0 = this.#k;
    const amplitude0 = this.#amplitude;
    const amplitude = this.#amplitude = this.#amplitudeOf(gainDb.to);
    const g = this.#g = this.#gOf(cutoffHz.to, octaves.to, keyTracking.to, voice?.toHz ?? MIDDLE_C_HZ);
    const k = this.#k = 1 / Math.max(0.05, q.to);
    // Of two sections the first is that of a Butterworth filter, and the second one carries the resonance.
    const isSplit = slope === 24 && (mode === "lowpass" || mode === "highpass");
    const [first, second] = this.#sections as [FilterSection, FilterSection?];
    const targets = this.#targets;
    targets[G_START] = g0;
    targets[G_END] = g;
    targets[AMPLITUDE_START] = amplitude0;
    targets[AMPLITUDE_END] = amplitude;
    targets[K_START] = isSplit ? 1 / FIRST_SECTION_Q : k0;
    targets[K_END] = isSplit ? 1 / FIRST_SECTION_Q : k;
    first.run(input, out, targets, frames);
    if (second === undefined) return;
    targets[K_START] = isSplit ? k0 * SECOND_SCALE : k0;
    targets[K_END] = isSplit ? k * SECOND_SCALE : k;
    second.run(out, out, targets, frames);
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
