/**
 * Cuts audio into chunks of one size.
 *
 * @module
 */

import { type AudioData, frameCount, RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { newSamples, type Samples } from "./samples.ts";
import { perStretch, type Stretch, type Stretches, type StretchProcessor } from "./stretch.ts";

/** How audio is cut. */
export interface RechunkOptions {
  /** Frames per chunk, at least 1. Comes before `durationMs`. */
  readonly frames?: number | undefined;
  /** Duration of a chunk in milliseconds, more than 0, rounded to a whole frame. Default: 20. */
  readonly durationMs?: number | undefined;
  /** Whether to fill up a last, shorter chunk with silence. Default: `false`. */
  readonly pad?: boolean | undefined;
}

/**
 * Cuts audio into chunks of exactly so many frames; only the last may be
 * shorter, and the last before a change of rate, channels or format. Each
 * chunk has the timestamp of its first frame: frames are counted, so that
 * nothing drifts, however long it goes on.
 *
 * @example
 * ```ts
 * import { rechunk } from "@streamrack/core/audio";
 * import { RuntimeData } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const second = RuntimeData.audio({ samples: new Int16Array(44_100), sampleRate: 44_100, timestampUs: 0 });
 * const chunks = await Array.fromAsync(rechunk([second], { durationMs: 300 }));
 * assert.deepEqual(chunks.map(({ samples }) => samples.length), [13_230, 13_230, 13_230, 4410]);
 * assert.deepEqual(chunks.map(({ timestampUs }) => timestampUs), [0, 300_000, 600_000, 900_000]);
 * ```
 *
 * @throws {StreamrackError} `invalid-options`
 */
export async function* rechunk(
  source: AsyncIterable<AudioData> | Iterable<AudioData>,
  options: RechunkOptions = {},
): AsyncGenerator<AudioData, void, void> {
  yield* rechunker(options).all(source);
}

/** The same as the parts of a node. */
export function rechunker({ frames, durationMs = 20, pad = false }: RechunkOptions): Stretches<AudioData> {
  const size = frames ?? durationMs;
  if (!(size > 0) || size === Infinity || frames !== undefined && !Number.isInteger(frames)) {
    throw new StreamrackError("invalid-options", "audio cannot be cut into chunks of this size", {
      problems: [{
        path: frames === undefined ? "durationMs" : "frames",
        message: "is out of range",
        received: `${size}`,
        expected: frames === undefined ? "more than 0 ms" : "a whole number, at least 1",
      }],
    });
  }
  return perStretch<AudioData>({
    gaps: "join",
    start(stretch) {
      const chunkFrames = frames ?? Math.max(1, Math.round(stretch.sampleRate * durationMs / 1000));
      return new Rechunker(stretch, chunkFrames, pad);
    },
  });
}

/** A chunk that is being filled. */
interface Filling {
  readonly samples: Samples;
  readonly timestampUs: number | undefined;
  readonly metadata: AudioData["metadata"];
}

class Rechunker implements StretchProcessor<AudioData> {
  readonly #stretch: Stretch;
  readonly #chunkFrames: number;
  readonly #pad: boolean;
  #filling: Filling | undefined;
  #filled = 0;

  constructor(stretch: Stretch, chunkFrames: number, pad: boolean) {
    this.#stretch = stretch;
    this.#chunkFrames = chunkFrames;
    this.#pad = pad;
  }

  *push(audio: AudioData): Generator<AudioData> {
    const { samples, metadata } = audio;
    const { channels, format } = this.#stretch;
    const firstFrame = this.#stretch.frames - frameCount(audio);
    const chunkLength = this.#chunkFrames * channels;
    for (let read = 0; read < samples.length;) {
      this.#filling ??= {
        samples: newSamples(format, chunkLength),
        timestampUs: this.#stretch.timestampUs(firstFrame + read / channels),
        metadata,
      };
      const taken = Math.min(samples.length - read, chunkLength - this.#filled);
      this.#filling.samples.set(samples.subarray(read, read + taken), this.#filled);
      this.#filled += taken;
      read += taken;
      if (this.#filled === chunkLength) yield* this.#emit(this.#filling, chunkLength);
    }
  }

  *finish(): Generator<AudioData> {
    if (this.#filling === undefined) return;
    yield* this.#emit(this.#filling, this.#pad ? this.#filling.samples.length : this.#filled);
  }

  *#emit({ samples, timestampUs, metadata }: Filling, length: number): Generator<AudioData> {
    this.#filling = undefined;
    this.#filled = 0;
    const { sampleRate, channels } = this.#stretch;
    // A view would keep the memory of the whole chunk, and could not be moved to another thread.
    const whole = length === samples.length ? samples : samples.slice(0, length);
    yield RuntimeData.audio({ samples: whole, sampleRate, channels, timestampUs, metadata });
  }
}
