/**
 * Which voice plays which note, and which one makes room.
 *
 * @module
 */

import type { Param } from "../dsp/control.ts";
import { hzOfNote } from "../dsp/exact_math.ts";
import type { Bus } from "../dsp/kernel.ts";
import { seedOf } from "../dsp/random.ts";
import type { Voice } from "./voice.ts";

/** Voices that may still fade beside those that play. */
const SPARE_VOICES = 4;

/** What a pool is made of. */
export interface VoicePoolOptions {
  /** Many notes at a time, or one that glides. */
  readonly mode: "poly" | "mono";
  /** Most notes at a time, from 1. */
  readonly polyphony: number;
  /** From one pitch to the next, in seconds; only `"mono"` has it. */
  readonly glide: Param | undefined;
  /** What is random in a note follows from this and its number. */
  readonly seed: number;
  createVoice(): Voice;
}

/** The voices of one performance. Notes allocate nothing. */
export class VoicePool {
  readonly #voices: readonly Voice[];
  readonly #isMono: boolean;
  readonly #glide: Param | undefined;
  readonly #seed: number;
  readonly #maxPolyphony: number;
  #polyphony: number;
  /** Notes so far. */
  #notes = 0;

  constructor({ mode, polyphony, glide, seed, createVoice }: VoicePoolOptions) {
    this.#isMono = mode === "mono";
    this.#maxPolyphony = this.#isMono ? 1 : polyphony;
    this.#polyphony = this.#maxPolyphony;
    this.#glide = glide;
    this.#seed = seed;
    this.#voices = Array.from({ length: this.#maxPolyphony + SPARE_VOICES }, createVoice);
  }

  /** Voices that sound now. */
  get active(): number {
    let count = 0;
    for (let i = 0; i < this.#voices.length; i++) if (this.#voices[i]?.isFree === false) count += 1;
    return count;
  }

  /** Lets only a share of the voices play from now on, 0 to 1, and at least one. */
  limit(share: number): void {
    this.#polyphony = Math.max(1, Math.ceil(this.#maxPolyphony * share));
  }

  /** Adds the next frames of all voices to a bus. */
  addTo(bus: Bus, frames: number): void {
    for (let i = 0; i < this.#voices.length; i++) {
      const voice = this.#voices[i] as Voice;
      if (!voice.isFree) voice.addTo(bus, frames);
    }
  }

  /** Begins a note. */
  noteOn(note: number, velocity: number): void {
    const seed = seedOf(this.#seed, this.#notes + 1);
    const order = this.#notes++;
    if (this.#isMono) {
      const sounding = this.#oldest((voice) => !voice.isStolen && !voice.isReleased);
      const glideS = this.#glide?.to ?? 0;
      if (sounding !== undefined && glideS > 0) {
        sounding.order = order;
        return sounding.glideTo(note, hzOfNote(note), glideS);
      }
    }
    let playing = 0;
    for (let i = 0; i < this.#voices.length; i++) {
      const voice = this.#voices[i] as Voice;
      if (!voice.isFree && !voice.isStolen) playing += 1;
    }
    for (; playing >= this.#polyphony; playing--) {
      // What was let go makes room first, then the oldest note.
      const leaving = this.#oldest((voice) => !voice.isStolen && voice.isReleased) ??
        this.#oldest((voice) => !voice.isStolen);
      leaving?.steal();
    }
    let free = this.#voices.find(({ isFree }) => isFree);
    // More notes at once than there are spare voices: the one that has faded the longest ends now.
    if (free === undefined) free = this.#oldest((voice) => voice.isStolen) as Voice;
    free.order = order;
    free.start(note, hzOfNote(note), velocity, seed);
  }

  /** Lets a note go. */
  noteOff(note: number): void {
    for (let i = 0; i < this.#voices.length; i++) {
      const voice = this.#voices[i] as Voice;
      if (voice.note === note && !voice.isReleased && !voice.isStolen) return voice.release();
    }
  }

  #oldest(fits: (voice: Voice) => boolean): Voice | undefined {
    let oldest: Voice | undefined;
    for (let i = 0; i < this.#voices.length; i++) {
      const voice = this.#voices[i] as Voice;
      if (voice.isFree || !fits(voice)) continue;
      if (oldest === undefined || voice.order < oldest.order) oldest = voice;
    }
    return oldest;
  }
}
