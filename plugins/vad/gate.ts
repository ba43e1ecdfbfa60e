/**
 * Holds windows back until it is certain whether they belong to speech.
 *
 * @module
 */

import type { AudioData } from "../../core/plugin.ts";
import { type AudioWindow, cut } from "./windows.ts";

/** A queue of windows, of which parts are dropped or passed in their order. What it holds, its user bounds. */
export class SpeechGate {
  #held: AudioWindow[] = [];
  /** Samples before this one have left, or never will. */
  #position = 0;

  /** Samples of the windows that it holds. */
  get heldSamples(): number {
    return this.#held.reduce((sum, { samples }) => sum + samples.length, 0);
  }

  push(window: AudioWindow): void {
    this.#held.push(window);
  }

  /** Gives everything before a place that is still held. */
  pass(untilSample: number): AudioData[] {
    const passed = this.#held.map((window) => cut(window, this.#position, untilSample));
    this.drop(untilSample);
    return passed.filter((audio) => audio !== undefined);
  }

  /** Forgets everything before a place. */
  drop(untilSample: number): void {
    this.#position = Math.max(this.#position, untilSample);
    this.#held = this.#held.filter(({ start, samples }) => start.sample + samples.length > this.#position);
  }
}
