/**
 * Counts what went in and came out.
 *
 * @module
 */

import type { RuntimeData } from "../../core/plugin.ts";
import { fewDigits, timeText } from "../table.ts";

/** What is known of the values that passed one port. */
export class Tally {
  #items = 0;
  #frames = 0;
  #seconds = 0;
  #format: { sampleRate: number; channels: number; format: string } | undefined;

  /** Counts a value. It is only read. */
  add(data: RuntimeData): void {
    this.#items += 1;
    if (data.type !== "audio") return;
    const { samples, channels, sampleRate, format } = data;
    this.#format ??= { sampleRate, channels, format };
    this.#frames += samples.length / channels;
    this.#seconds += samples.length / channels / sampleRate;
  }

  /** Length of the audio. */
  get seconds(): number {
    return this.#seconds;
  }

  /** In a few words: `2.50 s of 16 kHz mono`, or the number of values. */
  toString(): string {
    if (this.#format === undefined) return this.#items === 1 ? "1 value" : `${this.#items} values`;
    const { sampleRate, channels, format } = this.#format;
    const layout = ["", "mono", "stereo"][channels] ?? `${channels} channels`;
    return `${timeText(this.#seconds)} of audio, ${fewDigits(sampleRate / 1000)} kHz ${layout} ${format}`;
  }

  /** For `--json`. */
  toJSON(): { [key: string]: unknown } {
    const audio = this.#format === undefined ? {} : { ...this.#format, frames: this.#frames, seconds: this.#seconds };
    return { items: this.#items, ...audio };
  }
}

/** A tally for each key, made when it is first asked for. */
export class Tallies<K> {
  readonly #tallies = new Map<K, Tally>();

  of(key: K): Tally {
    let tally = this.#tallies.get(key);
    if (tally === undefined) this.#tallies.set(key, tally = new Tally());
    return tally;
  }

  /** The longest audio of all. */
  get seconds(): number {
    return Math.max(0, ...[...this.#tallies.values()].map((tally) => tally.seconds));
  }
}
