import type { Control } from "./control.ts";
import { exp, exp2, log2 } from "./exact_math.ts";
import type { Bus, Kernel } from "./kernel.ts";

/** What a compressor is made of. */
export interface CompressorSetup {
  readonly input: Bus;
  readonly out: Bus;
  readonly thresholdDb: Control;
  readonly ratio: Control;
  readonly attackS: Control;
  readonly releaseS: Control;
  readonly makeupDb: Control;
  readonly sampleRate: number;
}

/** Frames for which the gain is computed at once; in between it is a line. */
const STEP = 8;
const KNEE_DB = 6;
const DB_PER_OCTAVE = 6.020599913279624;

/** A compressor with a soft knee of 6 dB, the same gain for both sides, after Giannoulis, Massberg & Reiss (JAES 2012). */
export class Compressor implements Kernel {
  readonly #setup: CompressorSetup;
  #reductionDb = 0;
  #gain = 1;

  constructor(setup: CompressorSetup) {
    this.#setup = setup;
  }

  trigger(): void {
    const { thresholdDb, ratio, attackS, releaseS, makeupDb } = this.#setup;
    for (const control of [thresholdDb, ratio, attackS, releaseS, makeupDb]) control.reset();
    this.#reductionDb = 0;
    this.#gain = 1;
  }

  process(frames: number): void {
    const { input, out, thresholdDb, ratio, attackS, releaseS, makeupDb, sampleRate } = this.#setup;
    thresholdDb.update(frames);
    ratio.update(frames);
    attackS.update(frames);
    releaseS.update(frames);
    makeupDb.update(frames);
    const attack = 1 - exp(-STEP / (Math.max(1e-4, attackS.to) * sampleRate));
    const release = 1 - exp(-STEP / (Math.max(1e-3, releaseS.to) * sampleRate));
    for (let start = 0; start < frames; start += STEP) {
      const end = Math.min(frames, start + STEP);
      let peak = 0;
      for (let k = start; k < end; k++) {
        const left = input.left[k] as number;
        const right = input.right[k] as number;
        const size = Math.max(left < 0 ? -left : left, right < 0 ? -right : right);
        if (size > peak) peak = size;
      }
      const level = peak > 1e-6 ? log2(peak) * DB_PER_OCTAVE : -120;
      const wanted = reduction(level - thresholdDb.to, Math.max(1, ratio.to));
      const speed = (end - start) === STEP ? 1 : (end - start) / STEP;
      this.#reductionDb += (wanted - this.#reductionDb) * (wanted > this.#reductionDb ? attack : release) * speed;
      const gain = exp2((makeupDb.to - this.#reductionDb) / DB_PER_OCTAVE);
      const growth = (gain - this.#gain) / (end - start);
      let now = this.#gain;
      for (let k = start; k < end; k++) {
        now += growth;
        out.left[k] = (input.left[k] as number) * now;
        if (out.channels === 2) out.right[k] = (input.right[k] as number) * now;
      }
      this.#gain = gain;
    }
  }
}

/** How much a level that is `over` the threshold is turned down, in decibels. */
function reduction(over: number, ratio: number): number {
  const slope = 1 - 1 / ratio;
  if (over <= -KNEE_DB / 2) return 0;
  if (over >= KNEE_DB / 2) return over * slope;
  const inside = over + KNEE_DB / 2;
  return slope * inside * inside / (2 * KNEE_DB);
}
