/**
 * audio.silence: tells where a stream is silent.
 *
 * @module
 */

import * as v from "valibot";
import { type AudioData, convertFormat, defineNode, type JsonData, RuntimeData } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { gainOf } from "../../audio/dsp/decibels.ts";
import { flagParam, numberParam } from "./params.ts";
import { finite } from "../../audio/dsp/samples.ts";
import { perStretch, type Stretch, type StretchProcessor } from "../../audio/dsp/stretch.ts";

type Output = { readonly out: AudioData } | { readonly events: JsonData };

/**
 * Finds silence: at least `minSilenceMs` in which no sample of any channel
 * reaches `thresholdDb`. `events` says where it starts and ends, exact to the
 * sample however the input is cut into chunks:
 *
 * - `{ event: "silence-start", timestampUs }`: its first silent frame, told once `minSilenceMs` have passed;
 * - `{ event: "silence-end", timestampUs, durationUs }`: the first frame of
 *   sound after it, or the end of the stream.
 *
 * Without timestamps on the audio they count from its start. `out` is the
 * audio, with `silent` in its metadata: whether the chunk lies within a
 * silence that was known when it began. A gap in time, or a change of sample
 * rate, channels or format, ends a silence.
 */
export const silence: AudioNode = defineNode({
  type: "audio.silence",
  summary: "Tells where silence starts and ends, and can leave it out.",
  params: v.object({
    thresholdDb: numberParam("Amplitude in dBFS from which a sample is sound, -120 to 0.", {
      min: -120,
      max: 0,
      fallback: -50,
    }),
    minSilenceMs: numberParam("How long it must be silent, in milliseconds, 1 to 60000.", {
      min: 1,
      max: 60_000,
      fallback: 300,
    }),
    drop: flagParam("Whether to leave out chunks that are silent throughout.", false),
  }),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"], events: ["json"] },
  create: ({ params }) =>
    perStretch<Output>({
      gaps: "split",
      start: (stretch) =>
        new SilenceDetector(stretch, {
          threshold: gainOf(params.thresholdDb),
          minFrames: Math.max(1, Math.round(stretch.sampleRate * params.minSilenceMs / 1000)),
          drop: params.drop,
        }),
    }),
});

interface SilenceOptions {
  /** Amplitude, as a factor of full scale. */
  readonly threshold: number;
  readonly minFrames: number;
  readonly drop: boolean;
}

class SilenceDetector implements StretchProcessor<Output> {
  readonly #stretch: Stretch;
  readonly #options: SilenceOptions;
  #frame = 0;
  /** First of the silent frames up to now. */
  #silentFrom = 0;
  #isSilent = false;

  constructor(stretch: Stretch, options: SilenceOptions) {
    this.#stretch = stretch;
    this.#options = options;
  }

  *push(audio: AudioData): Generator<Output> {
    const wasSilent = this.#isSilent;
    const events = this.#detect(convertFormat(audio, "f32").samples);
    const silent = wasSilent && events.length === 0;
    if (!(silent && this.#options.drop)) yield { out: { ...audio, metadata: { ...audio.metadata, silent } } };
    yield* events;
  }

  *finish(): Generator<Output> {
    if (this.#isSilent) yield this.#end();
  }

  #detect(samples: Float32Array): Output[] {
    const { threshold, minFrames } = this.#options;
    const { channels } = this.#stretch;
    const events: Output[] = [];
    for (let i = 0; i < samples.length; i += channels, this.#frame++) {
      if (isSound(samples, i, i + channels, threshold)) {
        if (this.#isSilent) events.push(this.#end());
        this.#isSilent = false;
        this.#silentFrom = this.#frame + 1;
      } else if (!this.#isSilent && this.#frame + 1 - this.#silentFrom >= minFrames) {
        this.#isSilent = true;
        events.push(this.#event("silence-start", this.#silentFrom));
      }
    }
    return events;
  }

  #end(): Output {
    const durationUs = Math.round((this.#frame - this.#silentFrom) / this.#stretch.sampleRate * 1e6);
    return this.#event("silence-end", this.#frame, { durationUs });
  }

  #event(event: string, frame: number, details: { readonly durationUs?: number } = {}): Output {
    const timestampUs = this.#stretch.timestampUs(frame) ?? Math.round(frame / this.#stretch.sampleRate * 1e6);
    return { events: RuntimeData.json({ event, timestampUs, ...details }, { timestampUs }) };
  }
}

function isSound(samples: Float32Array, from: number, to: number, threshold: number): boolean {
  for (let i = from; i < to; i++) {
    if (Math.abs(finite(samples[i] as number)) >= threshold) return true;
  }
  return false;
}
