import type { Control } from "./control.ts";
import { DelayLine } from "./delay_line.ts";
import { exp } from "./exact_math.ts";
import { type Bus, type Kernel, QUANTUM } from "./kernel.ts";

/** What a delay is made of. */
export interface DelaySetup {
  readonly input: Bus;
  readonly out: Bus;
  /** Whether echoes change sides. */
  readonly isPingPong: boolean;
  readonly timeS: Control;
  readonly feedback: Control;
  readonly dampingHz: Control;
  readonly mix: Control;
  /** Longest time that it can be set to. */
  readonly maxTimeS: number;
  readonly sampleRate: number;
  /** Whether it is part of a feedback loop of the graph, and gives its output before it has its input. */
  readonly isInLoop: boolean;
}

const SILENT_STATE = 1e-20;

/**
 * Echoes. In a loop of the graph it first reads, when its input is not yet
 * known, and takes the input later (`write`): then its time is at least one
 * quantum, and it gives only the delayed signal.
 */
export class Delay implements Kernel {
  readonly #setup: DelaySetup;
  readonly #lines: readonly DelayLine[];
  readonly #damped = [0, 0];

  constructor(setup: DelaySetup) {
    this.#setup = setup;
    const capacity = setup.maxTimeS * setup.sampleRate + 2 * QUANTUM;
    this.#lines = Array.from({ length: setup.out.channels }, () => new DelayLine(capacity));
  }

  trigger(): void {
    for (let c = 0; c < this.#lines.length; c++) {
      this.#lines[c]?.clear();
      this.#damped[c] = 0;
    }
    const { timeS, feedback, dampingHz, mix } = this.#setup;
    for (const control of [timeS, feedback, dampingHz, mix]) control.reset();
  }

  process(frames: number): void {
    const { timeS, feedback, dampingHz, mix, out, isInLoop } = this.#setup;
    timeS.update(frames);
    feedback.update(frames);
    dampingHz.update(frames);
    mix.update(frames);
    if (isInLoop) {
      for (let c = 0; c < out.channels; c++) this.#readAhead(c, c === 0 ? out.left : out.right, frames);
    } else {
      this.#echo(frames);
    }
  }

  write(frames: number): void {
    const { input, out, isInLoop } = this.#setup;
    if (!isInLoop) return;
    for (let c = 0; c < out.channels; c++) {
      const from = c === 0 ? input.left : input.right;
      const line = this.#lines[c] as DelayLine;
      for (let k = 0; k < frames; k++) line.push(from[k] as number);
    }
  }

  #readAhead(channel: number, into: Float64Array, frames: number): void {
    const line = this.#lines[channel] as DelayLine;
    const from = this.#delayFrames(this.#setup.timeS.from);
    const to = this.#delayFrames(this.#setup.timeS.to);
    for (let k = 0; k < frames; k++) {
      const delay = Math.max(QUANTUM, from + (to - from) * (k + 1) / frames);
      // Nothing of this quantum has been pushed yet: frame k lies k + 1 pushes ahead.
      into[k] = line.read(delay - k - 1);
    }
  }

  #delayFrames(seconds: number): number {
    const line = this.#lines[0] as DelayLine;
    return Math.min(line.capacity - 1, Math.max(1, seconds * this.#setup.sampleRate));
  }

  #echo(frames: number): void {
    const { input, out, isPingPong, timeS, feedback, dampingHz, mix, sampleRate } = this.#setup;
    const from = this.#delayFrames(timeS.from);
    const to = this.#delayFrames(timeS.to);
    const smoothing = 1 - exp(-6.283185307179586 * Math.min(0.45, dampingHz.to / sampleRate));
    const amount = Math.min(0.98, Math.max(0, feedback.to));
    const left = this.#lines[0] as DelayLine;
    const right = this.#lines[1] ?? this.#lines[0] as DelayLine;
    const isStereo = out.channels === 2;
    let dampedLeft = this.#damped[0] as number;
    let dampedRight = this.#damped[1] as number;
    for (let k = 0; k < frames; k++) {
      const place = (k + 1) / frames;
      const delay = from + (to - from) * place - 1;
      const wet = mix.from + (mix.to - mix.from) * place;
      const inLeft = input.left[k] as number;
      const echoLeft = left.read(delay);
      dampedLeft += (echoLeft - dampedLeft) * smoothing;
      if (!isStereo) {
        left.push(inLeft + dampedLeft * amount);
        out.left[k] = inLeft + echoLeft * wet;
        continue;
      }
      const inRight = input.right[k] as number;
      const echoRight = right.read(delay);
      dampedRight += (echoRight - dampedRight) * smoothing;
      if (isPingPong) {
        // The sum enters on the left, and each echo crosses over.
        left.push(0.5 * (inLeft + inRight) + dampedRight * amount);
        right.push(dampedLeft * amount);
      } else {
        left.push(inLeft + dampedLeft * amount);
        right.push(inRight + dampedRight * amount);
      }
      out.left[k] = inLeft + echoLeft * wet;
      out.right[k] = inRight + echoRight * wet;
    }
    this.#damped[0] = dampedLeft > SILENT_STATE || dampedLeft < -SILENT_STATE ? dampedLeft : 0;
    this.#damped[1] = dampedRight > SILENT_STATE || dampedRight < -SILENT_STATE ? dampedRight : 0;
  }
}
