import type { Control } from "./control.ts";
import { cosTurns, ratioOfSemitones, sinTurns } from "./exact_math.ts";
import { type Bus, type Kernel, type QualityState, QUANTUM, type VoiceState } from "./kernel.ts";
import { Random, seedOf } from "./random.ts";
import { TABLE_LENGTH, tableIndex, type TableShape, type WaveTables, waveTables } from "./wavetables.ts";

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

const RADIANS_TO_TURNS = 0.15915494309189535;

/** Places in the registers of a part. */
const PHASE = 0;
const STEP = 1;
const STEP_GROWTH = 2;
const WIDTH = 3;
const WIDTH_GROWTH = 4;

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
  readonly #registers = new Float64Array(5);
  readonly #fading = new Float64Array(QUANTUM);
  #table = -1;
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
    for (const control of [semitones, level, pulseWidth, fmIndex, frequencyHz]) control.reset();
  }

  process(frames: number): void {
    const { shape, out, semitones, level, pulseWidth, fmIndex, frequencyHz, voice, sampleRate } = this.#setup;
    semitones.update(frames);
    level.update(frames);
    pulseWidth.update(frames);
    fmIndex.update(frames);
    frequencyHz.update(frames);
    const fromHz = frequencyHz.from > 0 ? frequencyHz.from : voice?.fromHz ?? 440;
    const toHz = frequencyHz.to > 0 ? frequencyHz.to : voice?.toHz ?? 440;
    const limit = 0.49;
    const from = Math.min(limit, fromHz * this.#ratioOf(semitones.from) / sampleRate);
    const to = Math.min(limit, toHz * this.#ratioOf(semitones.to) / sampleRate);
    const parts = Math.min(this.#setup.unison, this.#setup.quality.maxUnison);
    const sharpest = this.#detune[this.#setup.unison - 1] as number;
    const wanted = tableIndex(this.#tables, Math.max(from, to) * sharpest);
    const before = this.#table === -1 ? wanted : this.#table;
    this.#table = wanted;

    const { left, right } = out;
    const isStereo = out.channels === 2;
    // Parts that are left out for speed leave no hole in loudness.
    const makeup = parts === this.#setup.unison ? 1 : Math.sqrt(this.#setup.unison / parts);
    const part = this.#part;
    const registers = this.#registers;
    const isSquare = shape === "square";
    const widthFrom = isSquare ? 0.5 : Math.min(0.98, Math.max(0.02, pulseWidth.from));
    const widthTo = isSquare ? 0.5 : Math.min(0.98, Math.max(0.02, pulseWidth.to));
    registers[WIDTH_GROWTH] = (widthTo - widthFrom) / frames;
    for (let i = 0; i < parts; i++) {
      const detune = this.#detune[i] as number;
      const phase = this.#phases[i] as number;
      registers[STEP_GROWTH] = (to - from) * detune / frames;
      registers[PHASE] = phase;
      registers[STEP] = from * detune;
      registers[WIDTH] = widthFrom;
      this.#run(part, wanted, frames);
      this.#phases[i] = registers[PHASE] as number;
      if (before !== wanted) {
        // Harmonics that come or go are faded.
        const fading = this.#fading;
        registers[PHASE] = phase;
        registers[STEP] = from * detune;
        registers[WIDTH] = widthFrom;
        this.#run(fading, before, frames);
        for (let k = 0; k < frames; k++) {
          const old = fading[k] as number;
          part[k] = old + ((part[k] as number) - old) * (k + 1) / frames;
        }
      }
      const gainLeft = (this.#gainLeft[i] as number) * makeup;
      const gainRight = (this.#gainRight[i] as number) * makeup;
      if (i === 0) {
        for (let k = 0; k < frames; k++) left[k] = (part[k] as number) * gainLeft;
        if (isStereo) { for (let k = 0; k < frames; k++) right[k] = (part[k] as number) * gainRight; }
      } else {
        for (let k = 0; k < frames; k++) left[k] = (left[k] as number) + (part[k] as number) * gainLeft;
        if (isStereo) {
          for (let k = 0; k < frames; k++) right[k] = (right[k] as number) + (part[k] as number) * gainRight;
        }
      }
    }
    if (level.from !== 1 || level.to !== 1) {
      const growth = (level.to - level.from) / frames;
      for (let k = 0; k < frames; k++) {
        const gain = level.from + growth * (k + 1);
        left[k] = (left[k] as number) * gain;
        if (isStereo) right[k] = (right[k] as number) * gain;
      }
    }
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

// Numbers go in and out by an array: as arguments the engines would allocate them.

function readWave(into: Float64Array, wave: Float64Array, frames: number, registers: Float64Array): void {
  let phase = registers[PHASE] as number;
  let step = registers[STEP] as number;
  const stepGrowth = registers[STEP_GROWTH] as number;
  for (let k = 0; k < frames; k++) {
    const place = phase * TABLE_LENGTH;
    const at = place | 0;
    const low = wave[at] as number;
    into[k] = low + ((wave[at + 1] as number) - low) * (place - at);
    step += stepGrowth;
    phase += step;
    if (phase >= 1) phase -= 1;
  }
  registers[PHASE] = phase;
}

/** Two saws, one turned over and late by the width of the pulse. */
function readPulse(into: Float64Array, wave: Float64Array, frames: number, registers: Float64Array): void {
  let phase = registers[PHASE] as number;
  let step = registers[STEP] as number;
  const stepGrowth = registers[STEP_GROWTH] as number;
  let width = registers[WIDTH] as number;
  const widthGrowth = registers[WIDTH_GROWTH] as number;
  for (let k = 0; k < frames; k++) {
    const place = phase * TABLE_LENGTH;
    const at = place | 0;
    const low = wave[at] as number;
    const first = low + ((wave[at + 1] as number) - low) * (place - at);
    let late = phase + width;
    if (late >= 1) late -= 1;
    const latePlace = late * TABLE_LENGTH;
    const lateAt = latePlace | 0;
    const lateLow = wave[lateAt] as number;
    into[k] = first - lateLow - ((wave[lateAt + 1] as number) - lateLow) * (latePlace - lateAt);
    width += widthGrowth;
    step += stepGrowth;
    phase += step;
    if (phase >= 1) phase -= 1;
  }
  registers[PHASE] = phase;
}

/** With its phase moved by another signal: what is called FM. */
function readBent(
  into: Float64Array,
  wave: Float64Array,
  frames: number,
  registers: Float64Array,
  bend: Float64Array,
  index: Control,
): void {
  let phase = registers[PHASE] as number;
  let step = registers[STEP] as number;
  const stepGrowth = registers[STEP_GROWTH] as number;
  let depth = index.from * RADIANS_TO_TURNS;
  const depthGrowth = (index.to - index.from) * RADIANS_TO_TURNS / frames;
  for (let k = 0; k < frames; k++) {
    depth += depthGrowth;
    const bent = phase + (bend[k] as number) * depth;
    const place = (bent - Math.floor(bent)) * TABLE_LENGTH;
    const at = place | 0;
    const low = wave[at] as number;
    // A phase that rounds to a whole turn reads the last sample, which equals the first.
    const high = at < TABLE_LENGTH ? wave[at + 1] as number : low;
    into[k] = low + (high - low) * (place - at);
    step += stepGrowth;
    phase += step;
    if (phase >= 1) phase -= 1;
  }
  registers[PHASE] = phase;
}
