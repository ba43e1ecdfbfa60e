import type { Control } from "./control.ts";
import { cosTurns, sinTurns } from "./exact_math.ts";
import type { Bus, Kernel } from "./kernel.ts";

/** How a signal is bent: a soft knee, a hard edge, or folded back. */
export type DistortionCurve = "soft" | "hard" | "fold";

/** What a distortion is made of. */
export interface DistortionSetup {
  readonly curve: DistortionCurve;
  readonly input: Bus;
  readonly out: Bus;
  /** Gain in front of the curve, from 1. */
  readonly drive: Control;
  /** Share of the bent signal, 0 to 1. */
  readonly mix: Control;
}

const RADIANS_TO_TURNS = 0.15915494309189535;
/** Below this difference of two samples their quotient would be noise. */
const SMALL_STEP = 1e-5;

/**
 * A waveshaper with antiderivative antialiasing of the first order (Parker,
 * Zavalishin, Le Bivic, "Reducing the aliasing of nonlinear waveshaping using
 * continuous-time convolution", DAFx 2016). The dry part is averaged over the
 * same two samples, so that the two stay in phase.
 */
export class Distortion implements Kernel {
  readonly #setup: DistortionSetup;
  readonly #last = [0, 0];

  constructor(setup: DistortionSetup) {
    this.#setup = setup;
  }

  trigger(): void {
    this.#last[0] = this.#last[1] = 0;
    this.#setup.drive.reset();
    this.#setup.mix.reset();
  }

  process(frames: number): void {
    const { curve, input, out, drive, mix } = this.#setup;
    drive.update(frames);
    mix.update(frames);
    for (let c = 0; c < out.channels; c++) {
      const from = c === 0 ? input.left : input.right;
      const to = c === 0 ? out.left : out.right;
      let last = this.#last[c] as number;
      for (let k = 0; k < frames; k++) {
        const place = (k + 1) / frames;
        const gain = drive.from + (drive.to - drive.from) * place;
        const share = mix.from + (mix.to - mix.from) * place;
        const sample = from[k] as number;
        const x0 = last * gain;
        const x1 = sample * gain;
        const step = x1 - x0;
        const middle = 0.5 * (x0 + x1);
        const bent = step > SMALL_STEP || step < -SMALL_STEP
          ? (integral(curve, x1) - integral(curve, x0)) / step
          : bend(curve, middle);
        // Small signals keep about their level, whatever the drive.
        const dry = 0.5 * (last + sample);
        to[k] = dry + (bent / Math.sqrt(gain) - dry) * share;
        last = sample;
      }
      this.#last[c] = last;
    }
  }
}

function bend(curve: DistortionCurve, x: number): number {
  switch (curve) {
    case "soft":
      return x / Math.sqrt(1 + x * x);
    case "hard":
      return x > 1 ? 1 : x < -1 ? -1 : x;
    case "fold":
      return sinTurns(x * RADIANS_TO_TURNS);
  }
}

function integral(curve: DistortionCurve, x: number): number {
  switch (curve) {
    case "soft":
      return Math.sqrt(1 + x * x);
    case "hard": {
      const size = x < 0 ? -x : x;
      return size > 1 ? size - 0.5 : 0.5 * x * x;
    }
    case "fold":
      return -cosTurns(x * RADIANS_TO_TURNS);
  }
}
