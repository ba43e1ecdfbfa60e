import type { Bus, Kernel, VoiceState } from "../dsp/kernel.ts";

const STEAL_S = 0.005;
/** A voice below this amplitude, -100 dB, may break off. */
const INAUDIBLE = 1e-5;

/** One note being played, with kernels of its own. */
export class Voice {
  readonly state: VoiceState = { fromHz: 440, toHz: 440, velocity: 1, seed: 1 };
  readonly #kernels: readonly Kernel[];
  readonly #envelopes: readonly Kernel[];
  readonly #out: Bus;
  readonly #sampleRate: number;
  /** The note that it plays; -1 when it is free. */
  note = -1;
  /** When it began, counted in notes. */
  order = 0;
  isReleased = false;
  #targetHz = 440;
  #glide = 0;
  /** Level of a voice that makes room, and what it loses in each frame. */
  #fade = 1;
  #fadeStep = 0;

  constructor(kernels: (state: VoiceState) => readonly Kernel[], out: Bus, sampleRate: number) {
    this.#kernels = kernels(this.state);
    this.#envelopes = this.#kernels.filter((kernel) => kernel.isActive !== undefined);
    this.#out = out;
    this.#sampleRate = sampleRate;
  }

  get isFree(): boolean {
    return this.note === -1;
  }

  get isStolen(): boolean {
    return this.#fadeStep > 0;
  }

  /** Starts a note. */
  start(note: number, hz: number, velocity: number, seed: number): void {
    this.note = note;
    this.isReleased = false;
    this.#fade = 1;
    this.#fadeStep = 0;
    this.#glide = 0;
    this.#targetHz = hz;
    this.state.fromHz = this.state.toHz = hz;
    this.state.velocity = velocity;
    this.state.seed = seed;
    for (let i = 0; i < this.#kernels.length; i++) this.#kernels[i]?.trigger?.();
  }

  /** Moves to another note without a new attack; in `seconds`. */
  glideTo(note: number, hz: number, seconds: number): void {
    this.note = note;
    this.#targetHz = hz;
    this.#glide = Math.max(1, seconds * this.#sampleRate);
  }

  /** Lets the note go. A voice without an envelope fades at once. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    if (this.#envelopes.length === 0) return this.steal();
    for (let i = 0; i < this.#kernels.length; i++) this.#kernels[i]?.release?.();
  }

  /** Fades within 5 ms, to make room. */
  steal(): void {
    this.#fadeStep = 1 / (STEAL_S * this.#sampleRate);
  }

  /** Adds the next frames to a bus. */
  addTo(bus: Bus, frames: number): void {
    const { state } = this;
    state.fromHz = state.toHz;
    if (this.#glide > 0) {
      const share = Math.min(1, frames / this.#glide);
      state.toHz += (this.#targetHz - state.toHz) * share;
      this.#glide = Math.max(0, this.#glide - frames);
    }
    for (let i = 0; i < this.#kernels.length; i++) (this.#kernels[i] as Kernel).process(frames);
    for (let i = 0; i < this.#kernels.length; i++) this.#kernels[i]?.write?.(frames);
    this.#add(this.#out.left, bus.left, frames);
    if (bus.channels === 2) this.#add(this.#out.right, bus.right, frames);
    this.#fade -= this.#fadeStep * frames;
    if (this.#fade <= 0) this.note = -1;
    else if (this.#fadeStep === 0 && this.#envelopes.length > 0 && !this.#sounds()) {
      // Its envelopes have ended; what they do not hold back would end with a click.
      if (this.#isAudible(frames - 1)) this.steal();
      else this.note = -1;
    }
  }

  #add(from: Float64Array, to: Float64Array, frames: number): void {
    if (this.#fadeStep === 0) {
      for (let k = 0; k < frames; k++) to[k] = (to[k] as number) + (from[k] as number);
      return;
    }
    for (let k = 0; k < frames; k++) {
      const gain = this.#fade - this.#fadeStep * k;
      if (gain > 0) to[k] = (to[k] as number) + (from[k] as number) * gain;
    }
  }

  #isAudible(frame: number): boolean {
    const { left, right } = this.#out;
    return Math.abs(left[frame] as number) > INAUDIBLE || Math.abs(right[frame] as number) > INAUDIBLE;
  }

  #sounds(): boolean {
    for (let i = 0; i < this.#envelopes.length; i++) if (this.#envelopes[i]?.isActive === true) return true;
    return false;
  }
}
