import type { Control } from "./control.ts";
import { cosTurns, ratioOfSemitones, sinTurns } from "./exact_math.ts";
import { type Bus, type Kernel, type QualityState, QUANTUM, type VoiceState } from "./kernel.ts";
import { Random, seedOf } from "./random.ts";
import { add, addBoth, crossfade, rampBetween, scale } from "./vectors.ts";
import {
  PHASE,
  readBent,
  readPulse,
  readWave,
  STEP,
  STEP_GROWTH,
  WAVE_REGISTERS,
  WIDTH,
  WIDTH_GROWTH,
} from "./wave_readers.ts";
import { tableIndex, type TableShape, type WaveTables, waveTables } from "./wavetables.ts";

/** Shapes of an oscillator. */
export type OscillatorShape = TableShape | "square" | "pulse";

/** What an oscillator is made of. */
export interface OscillatorSetup {
  readonly shape: OscillatorShape;
  readonly out: Bus;
  /** What moves its phase: a signal of 1 times an index of 1 is one radian. */
  readonly phaseInput: Bus | undefined;
  readonly semitones: Control;
  readonly level: Control;
  readonly pulseWidth: Control;
  readonly fmIndex: Control;
  /** A fixed frequency in hertz; 0 follows the note. */
  readonly frequencyHz: Control;
  readonly unison: number;
  readonly spreadCents: number;
  /** How far the parts of a unison stand apart, 0 to 1. */
  readonly width: number;
  /** Where the cycle starts, 0 to 1; parts of a unison start anywhere. */
  readonly phase: number;
  readonly sampleRate: number;
  readonly seed: number;
  readonly voice: VoiceState | undefined;
  readonly quality: QualityState;
}

/** A band-limited oscillator, or several a little out of tune with each other. */
export class Oscillator implements Kernel {
  readonly #setup: OscillatorSetup;
  readonly #tables: WaveTables;
  readonly #isPulse: boolean;
  readonly #random: Random;
  readonly #phases: Float64Array;
  readonly #detune: Float64Array;
  readonly #gainLeft: Float64Array;
  readonly #gainRight: Float64Array;
  readonly #part = new Float64Array(QUANTUM);
  readonly #registers = new Float64Array(WAVE_REGISTERS);
  readonly #fading = new Float64Array(QUANTUM);
  #table = -1;
  /** Parts that played last; -1 before the first frame of a note. */
  #parts = -1;
  /** Turns per frame at the start and at the end of the frames being computed, without detuning. */
  #from = 0;
  #to = 0;
  #semitones = 0;
  #ratio = 1;

  constructor(setup: OscillatorSetup) {
    this.#setup = setup;
    this.#isPulse = setup.shape === "square" || setup.shape === "pulse";
    this.#tables = waveTables(this.#isPulse ? "saw" : setup.shape as TableShape);
    this.#random = new Random(1);
    const parts = setup.unison;
    this.#phases = new Float64Array(parts);
    this.#detune = new Float64Array(parts);
    this.#gainLeft = new Float64Array(parts);
    this.#gainRight = new Float64Array(parts);
    const loudness = 1 / Math.sqrt(parts);
    for (let i = 0; i < parts; i++) {
      const place = parts === 1 ? 0 : 2 * i / (parts - 1) - 1; // -1 to 1
      this.#detune[i] = ratioOfSemitones(place * setup.spreadCents / 100);
      // Neighbours in pitch stand on opposite sides, so that neither side is sharp.
      const side = (i % 2 === 0 ? place : -place) * setup.width;
      const angle = 0.125 * (1 + side);
      this.#gainLeft[i] = setup.out.channels === 1 ? loudness : loudness * cosTurns(angle) * Math.SQRT2;
      this.#gainRight[i] = setup.out.channels === 1 ? loudness : loudness * sinTurns(angle) * Math.SQRT2;
    }
    this.trigger();
  }

  trigger(): void {
    const { unison, phase, seed, voice, semitones, level, pulseWidth, fmIndex, frequencyHz } = this.#setup;
    this.#random.seed(seedOf(seed, voice?.seed ?? 0));
    for (let i = 0; i < unison; i++) this.#phases[i] = unison === 1 ? phase : this.#random.unipolar();
    this.#table = -1;
    this.#parts = -1;
    for (const control of [semitones, level, pulseWidth, fmIndex, frequencyHz]) control.reset();
  }

  process(frames: number): void {
    const { out, semitones, level, pulseWidth, fmIndex, frequencyHz, voice, sampleRate } = this.#setup;
    semitones.update(frames);
    level.update(frames);
    pulseWidth.update(frames);
    fmIndex.update(frames);
    frequencyHz.update(frames);
    const fromHz = frequencyHz.from > 0 ? frequencyHz.from : voice?.fromHz ?? 440;
    const toHz = frequencyHz.to > 0 ? frequencyHz.to : voice?.toHz ?? 440;
    const limit = 0.49;
    const from = this.#from = Math.min(limit, fromHz * this.#ratioOf(semitones.from) / sampleRate);
    const to = this.#to = Math.min(limit, toHz * this.#ratioOf(semitones.to) / sampleRate);
    const parts = Math.min(this.#setup.unison, this.#setup.quality.maxUnison);
    const sharpest = this.#detune[this.#setup.unison - 1] as number;
    const wanted = tableIndex(this.#tables, Math.max(from, to) * sharpest);
    const before = this.#table === -1 ? wanted : this.#table;
    this.#table = wanted;

    const { left, right } = out;
    const isStereo = out.channels === 2;
    // Parts that are left out for speed leave no hole in loudness.
    const makeup = parts === this.#setup.unison ? 1 : Math.sqrt(this.#setup.unison / parts);
    const isLevel = level.from === level.to;
    const loudness = isLevel ? makeup * level.to : makeup;
    const part = this.#part;
    const partsBefore = this.#parts === -1 ? parts : this.#parts;
    this.#parts = parts;
    for (let i = 0; i < Math.max(parts, partsBefore); i++) {
      this.#play(i, before, frames);
      // Parts that come or go are faded; `loudness` has the makeup of those that stay.
      if (parts !== partsBefore) {
        const start = i < partsBefore ? Math.sqrt(parts / partsBefore) : 0;
        rampBetween(part, part, frames, start, i < parts ? 1 : 0);
      }
      const gainLeft = (this.#gainLeft[i] as number) * loudness;
      const gainRight = (this.#gainRight[i] as number) * loudness;
      if (isStereo && i > 0) addBoth(part, left, right, frames, gainLeft, gainRight);
      else if (i > 0) add(part, left, frames, gainLeft);
      else {
        scale(part, left, frames, gainLeft);
        if (isStereo) scale(part, right, frames, gainRight);
      }
    }
    if (isLevel) return;
    rampBetween(left, left, frames, level.from, level.to);
    if (isStereo) rampBetween(right, right, frames, level.from, level.to);
  }

  /** Puts the next frames of a part into `#part`; harmonics that come or go since the table `before` are faded. */
  #play(index: number, before: number, frames: number): void {
    const { shape, pulseWidth } = this.#setup;
    const detune = this.#detune[index] as number;
    const phase = this.#phases[index] as number;
    const registers = this.#registers;
    const isSquare = shape === "square";
    const widthFrom = isSquare ? 0.5 : Math.min(0.98, Math.max(0.02, pulseWidth.from));
    const widthTo = isSquare ? 0.5 : Math.min(0.98, Math.max(0.02, pulseWidth.to));
    registers[WIDTH_GROWTH] = (widthTo - widthFrom) / frames;
    registers[STEP_GROWTH] = (this.#to - this.#from) * detune / frames;
    registers[PHASE] = phase;
    registers[STEP] = this.#from * detune;
    registers[WIDTH] = widthFrom;
    this.#run(this.#part, this.#table, frames);
    this.#phases[index] = registers[PHASE] as number;
    if (before === this.#table) return;
    registers[PHASE] = phase;
    registers[STEP] = this.#from * detune;
    registers[WIDTH] = widthFrom;
    this.#run(this.#fading, before, frames);
    crossfade(this.#fading, this.#part, frames);
  }

  #ratioOf(semitones: number): number {
    if (semitones !== this.#semitones) {
      this.#semitones = semitones;
      this.#ratio = ratioOfSemitones(semitones);
    }
    return this.#ratio;
  }

  /** Plays one part from where the registers stand; leaves its phase there. */
  #run(into: Float64Array, table: number, frames: number): void {
    const { phaseInput, fmIndex } = this.#setup;
    const wave = this.#tables.tables[table] as Float64Array;
    const registers = this.#registers;
    if (phaseInput !== undefined) readBent(into, wave, frames, registers, phaseInput.left, fmIndex);
    else if (this.#isPulse) readPulse(into, wave, frames, registers);
    else readWave(into, wave, frames, registers);
  }
}
