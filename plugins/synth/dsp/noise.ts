import type { Control } from "./control.ts";
import type { Bus, Kernel, VoiceState } from "./kernel.ts";
import { Random, seedOf } from "./random.ts";

/** Spectra of noise: flat, falling by 3 dB, or by 6 dB per octave. */
export type NoiseColour = "white" | "pink" | "brown";

/** What a noise source is made of. */
export interface NoiseSetup {
  readonly colour: NoiseColour;
  readonly out: Bus;
  readonly level: Control;
  readonly seed: number;
  readonly voice: VoiceState | undefined;
}

/** Noise that is the same for the same seed; left and right are independent. */
export class Noise implements Kernel {
  readonly #setup: NoiseSetup;
  readonly #channels: readonly NoiseChannel[];

  constructor(setup: NoiseSetup) {
    this.#setup = setup;
    this.#channels = setup.out.channels === 1 ? [new NoiseChannel()] : [new NoiseChannel(), new NoiseChannel()];
    this.trigger();
  }

  trigger(): void {
    const { seed, voice, level } = this.#setup;
    for (let i = 0; i < this.#channels.length; i++) this.#channels[i]?.seed(seedOf(seed, voice?.seed ?? 0, i));
    level.reset();
  }

  process(frames: number): void {
    const { colour, out, level } = this.#setup;
    level.update(frames);
    this.#channels[0]?.fill(out.left, frames, colour, level);
    if (out.channels === 2) this.#channels[1]?.fill(out.right, frames, colour, level);
  }
}

class NoiseChannel {
  readonly #random = new Random(1);
  #a = 0;
  #b = 0;
  #c = 0;
  #brown = 0;

  seed(seed: number): void {
    this.#random.seed(seed);
    this.#a =
      this.#b =
      this.#c =
      this.#brown =
        0;
  }

  fill(into: Float64Array, frames: number, colour: NoiseColour, level: Control): void {
    const growth = (level.to - level.from) / frames;
    for (let k = 0; k < frames; k++) into[k] = this.#next(colour) * (level.from + growth * (k + 1));
  }

  #next(colour: NoiseColour): number {
    const white = this.#random.bipolar();
    switch (colour) {
      case "white":
        return white;
      case "pink":
        // Paul Kellet's filter of three poles: within 0.5 dB of -3 dB per octave above 40 Hz at 44.1 kHz.
        this.#a = 0.99765 * this.#a + white * 0.0990460;
        this.#b = 0.96300 * this.#b + white * 0.2965164;
        this.#c = 0.57000 * this.#c + white * 1.0526913;
        return 0.25 * (this.#a + this.#b + this.#c + white * 0.1848);
      case "brown":
        this.#brown = 0.998 * this.#brown + white * 0.05;
        return this.#brown;
    }
  }
}
