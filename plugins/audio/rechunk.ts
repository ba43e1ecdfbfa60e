/**
 * audio.rechunk: cuts audio into chunks of one size.
 *
 * @module
 */

import * as v from "valibot";
import { type AudioData, defineNode, frameCount, RuntimeData } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { flagParam } from "./params.ts";
import { newSamples, type Samples } from "./samples.ts";
import { perStretch, type Stretch, type StretchProcessor } from "./stretch.ts";

const DEFAULT_DURATION_MS = 20;

/**
 * Gives chunks of exactly `frames` frames, or of `durationMs` rounded to a
 * whole frame. The last chunk, and the last before a change of sample rate,
 * channels or format, is shorter, or filled up with silence. Each chunk has
 * the timestamp of its first frame and the metadata of the chunk that this
 * frame came in. A gap in time does not cut a chunk short.
 */
export const rechunk: AudioNode = defineNode({
  type: "audio.rechunk",
  summary: "Cuts audio into chunks of one size.",
  params: v.pipe(
    v.object({
      frames: v.optional(v.pipe(
        v.number(),
        v.integer(),
        v.minValue(1),
        v.maxValue(3_000_000),
        v.description("Frames per chunk, 1 to 3000000. Give this or durationMs."),
      )),
      durationMs: v.optional(v.pipe(
        v.number(),
        v.minValue(0.1),
        v.maxValue(60_000),
        v.description(
          `Duration of a chunk in milliseconds, 0.1 to 60000. Default: ${DEFAULT_DURATION_MS}, if there is no frames.`,
        ),
      )),
      pad: flagParam("Whether to fill up a last, shorter chunk with silence.", false),
    }),
    v.check(({ frames, durationMs }) => frames === undefined || durationMs === undefined, "give frames or durationMs"),
  ),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  create({ params: { frames, durationMs = DEFAULT_DURATION_MS, pad } }) {
    return perStretch<AudioData>({
      gaps: "join",
      start(stretch) {
        const chunkFrames = frames ?? Math.max(1, Math.round(stretch.sampleRate * durationMs / 1000));
        return new Rechunker(stretch, chunkFrames, pad);
      },
    });
  },
});

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
