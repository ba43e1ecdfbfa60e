import type { Delay } from "../dsp/delay.ts";
import type { Kernel } from "../dsp/kernel.ts";
import type { Mixer } from "../dsp/mixing.ts";

/** A delay that closes a cycle: it gives before its inputs have been computed, and takes afterwards. */
export class LoopDelay implements Kernel {
  readonly #delay: Delay;
  readonly #mixer: Mixer | undefined;

  constructor(delay: Delay, mixer: Mixer | undefined) {
    this.#delay = delay;
    this.#mixer = mixer;
  }

  trigger(): void {
    this.#delay.trigger();
  }

  process(frames: number): void {
    this.#delay.process(frames);
  }

  write(frames: number): void {
    this.#mixer?.process(frames);
    this.#delay.write(frames);
  }
}
