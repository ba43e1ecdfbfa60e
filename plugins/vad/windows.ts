/**
 * Cuts audio chunks of any size into the windows that the network takes.
 *
 * @module
 */

import { type AudioDataOf, type Metadata, RuntimeData } from "../../core/plugin.ts";
import { SAMPLE_RATE_HZ, WINDOW_SAMPLES } from "./model.ts";

const US_PER_SAMPLE = 1e6 / SAMPLE_RATE_HZ;

/** A place in the stream. */
export interface Mark {
  /** Samples since the beginning of the stream. */
  readonly sample: number;
  /** Media time of that sample, in microseconds. */
  readonly timestampUs: number;
}

/** The place that lies so many samples later (earlier, if negative). */
export function moved(mark: Mark, samples: number): Mark {
  return { sample: mark.sample + samples, timestampUs: mark.timestampUs + samples * US_PER_SAMPLE };
}

/** Part of the stream: {@linkcode WINDOW_SAMPLES} samples, fewer at the end of the stream. */
export interface AudioWindow {
  readonly start: Mark;
  readonly samples: Float32Array;
  /** Metadata of the chunk in which the window begins. */
  readonly metadata: Metadata | undefined;
}

/** The samples of a window from one place to another, as audio. Places outside the window count as its bounds. */
export function cut(window: AudioWindow, fromSample: number, toSample: number): AudioDataOf<"f32"> | undefined {
  const from = Math.max(0, fromSample - window.start.sample);
  const to = Math.min(window.samples.length, toSample - window.start.sample);
  if (from >= to) return undefined;
  return RuntimeData.audio({
    // A copy, if it is a part: the pipeline moves only views that cover their buffer.
    samples: to - from === window.samples.length ? window.samples : window.samples.slice(from, to),
    sampleRate: SAMPLE_RATE_HZ,
    timestampUs: moved(window.start, from).timestampUs,
    ...(window.metadata === undefined ? {} : { metadata: window.metadata }),
  });
}

/** Collects chunks, and gives windows. */
export class Windower {
  #samples: Float32Array = new Float32Array(WINDOW_SAMPLES);
  #filled = 0;
  #metadata: Metadata | undefined;
  #start: Mark = { sample: 0, timestampUs: 0 };
  /** The end of all that was pushed. */
  #end: Mark = { sample: 0, timestampUs: 0 };

  /** Gives the windows that a chunk completes. A chunk without timestamp goes on where the last one ended. */
  *push(chunk: AudioDataOf<"f32">): Generator<AudioWindow> {
    if (chunk.timestampUs !== undefined) this.#end = { sample: this.#end.sample, timestampUs: chunk.timestampUs };
    for (let i = 0; i < chunk.samples.length;) {
      if (this.#filled === 0) {
        this.#start = this.#end;
        this.#metadata = chunk.metadata;
      }
      const part = chunk.samples.subarray(i, i + WINDOW_SAMPLES - this.#filled);
      this.#samples.set(part, this.#filled);
      this.#filled += part.length;
      this.#end = moved(this.#end, part.length);
      i += part.length;
      if (this.#filled === WINDOW_SAMPLES) yield this.#take();
    }
  }

  /** Gives the last, incomplete window, if there is one. */
  *flush(): Generator<AudioWindow> {
    if (this.#filled > 0) yield this.#take();
  }

  #take(): AudioWindow {
    const full = this.#filled === WINDOW_SAMPLES;
    const samples = full ? this.#samples : this.#samples.slice(0, this.#filled);
    this.#samples = new Float32Array(WINDOW_SAMPLES);
    this.#filled = 0;
    return { start: this.#start, samples, metadata: this.#metadata };
  }
}
