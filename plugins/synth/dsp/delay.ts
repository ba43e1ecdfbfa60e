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
/** A delay that moves by more frames than this in a frame is faded from one place to the other: a glide would screech. */
const FASTEST_GLIDE = 0.5;

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
      const { samples, mask } = line;
      let at = line.at;
      for (let k = 0; k < frames; k++) {
        at = (at + 1) & mask;
        samples[at] = from[k] as number;
      }
      line.at = at;
    }
  }

  #readAhead(channel: number, into: Float64Array, frames: number): void {
    const line = this.#lines[channel] as DelayLine;
    const from = this.#delayFrames(this.#setup.timeS.from);
    const to = this.#delayFrames(this.#setup.timeS.to);
    const { samples, mask, at } = line;
    const isJump = Math.abs(to - from) > FASTEST_GLIDE * frames;
    for (let k = 0; k < frames; k++) {
      const place = (k + 1) / frames;
      // Nothing of this quantum has been written yet: frame k lies k + 1 places ahead.
      const delay = Math.max(QUANTUM, isJump ? from : from + (to - from) * place) - k - 1;
      const whole = delay | 0;
      const other = isJump ? (Math.max(QUANTUM, to) | 0) - k - 1 : whole + 1;
      const near = samples[(at - whole) & mask] as number;
      const far = samples[(at - other) & mask] as number;
      into[k] = near + (far - near) * (isJump ? place : delay - whole);
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
    let amount = within(feedback.from);
    const amountGrowth = (within(feedback.to) - amount) / frames;
    const left = this.#lines[0] as DelayLine;
    const right = this.#lines[1] ?? this.#lines[0] as DelayLine;
    const isStereo = out.channels === 2;
    const isJump = Math.abs(to - from) > FASTEST_GLIDE * frames;
    const end = (to - 1) | 0;
    const leftSamples = left.samples;
    const rightSamples = right.samples;
    const mask = left.mask;
    let at = left.at;
    let dampedLeft = this.#damped[0] as number;
    let dampedRight = this.#damped[1] as number;
    for (let k = 0; k < frames; k++) {
      const place = (k + 1) / frames;
      const delay = isJump ? from - 1 : from + (to - from) * place - 1;
      const wet = mix.from + (mix.to - mix.from) * place;
      const whole = delay | 0;
      const share = isJump ? place : delay - whole;
      const near = (at - whole) & mask;
      const far = (at - (isJump ? end : whole + 1)) & mask;
      at = (at + 1) & mask;
      amount += amountGrowth;
      const inLeft = input.left[k] as number;
      const nearLeft = leftSamples[near] as number;
      const echoLeft = nearLeft + ((leftSamples[far] as number) - nearLeft) * share;
      dampedLeft += (echoLeft - dampedLeft) * smoothing;
      if (!isStereo) {
        leftSamples[at] = inLeft + dampedLeft * amount;
        out.left[k] = inLeft + echoLeft * wet;
        continue;
      }
      const inRight = input.right[k] as number;
      const nearRight = rightSamples[near] as number;
      const echoRight = nearRight + ((rightSamples[far] as number) - nearRight) * share;
      dampedRight += (echoRight - dampedRight) * smoothing;
      // In ping-pong the sum enters on the left, and each echo crosses over.
      leftSamples[at] = isPingPong ? 0.5 * (inLeft + inRight) + dampedRight * amount : inLeft + dampedLeft * amount;
      rightSamples[at] = isPingPong ? dampedLeft * amount : inRight + dampedRight * amount;
      out.left[k] = inLeft + echoLeft * wet;
      out.right[k] = inRight + echoRight * wet;
    }
    left.at = right.at = at;
    this.#damped[0] = dampedLeft > SILENT_STATE || dampedLeft < -SILENT_STATE ? dampedLeft : 0;
    this.#damped[1] = dampedRight > SILENT_STATE || dampedRight < -SILENT_STATE ? dampedRight : 0;
  }
}

/** A feedback that dies away. */
function within(feedback: number): number {
  return Math.min(0.98, Math.max(0, feedback));
}
