/**
 * audio.resample: changes the sample rate.
 *
 * @module
 */

import * as v from "valibot";
import { type AudioData, defineNode, RuntimeData } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { choiceParam } from "./params.ts";
import { Resampler } from "./resampler.ts";
import { finiteFloats } from "./samples.ts";
import { perStretch } from "./stretch.ts";

/**
 * Converts to one sample rate with libsamplerate's band-limited filters. The
 * output is f32, `round(frames · out / in)` frames long, aligned with the
 * input, and the same however the input is cut into chunks. Audio that has
 * the rate already passes untouched, in its own format.
 *
 * A change of rate, channels or format, or a gap in the timestamps, ends one
 * stretch and begins the next. NaN and infinities count as 0.
 */
export const resample: AudioNode = defineNode({
  type: "audio.resample",
  summary: "Converts audio to another sample rate, as 32-bit floats.",
  params: v.object({
    sampleRateHz: v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1000),
      v.maxValue(768_000),
      v.description("Sample rate of the output in whole hertz, 1000 to 768000."),
    ),
    quality: choiceParam(
      '"fast" loses treble (14 dB at 7 kHz for 16 kHz output); "medium" is flat within 0.3 dB over the lower 87 % of ' +
        'the band; "best" over at least 93 %, and takes about four times as long as "medium".',
      ["fast", "medium", "best"],
      "medium",
    ),
  }),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  create({ params: { sampleRateHz, quality } }) {
    // Kept from one stretch to the next, also over a reset: each converter has a heap of its own, costly to make.
    let kept: Resampler | undefined;

    async function resamplerFor({ sampleRate, channels }: AudioData): Promise<Resampler> {
      if (kept?.options.fromRateHz === sampleRate && kept.options.channels === channels) {
        kept.reset();
        return kept;
      }
      kept?.destroy();
      kept = undefined;
      return kept = await Resampler.create({ fromRateHz: sampleRate, toRateHz: sampleRateHz, channels, quality });
    }

    return {
      ...perStretch<AudioData>({
        gaps: "split",
        async start(stretch, first) {
          if (stretch.sampleRate === sampleRateHz) return { push: (audio) => [audio], finish: () => [] };
          const resampler = await resamplerFor(first);
          const emit = (convert: () => Float32Array, metadata?: AudioData["metadata"]): AudioData[] => {
            const timestampUs = stretch.timestampUs(resampler.framesOut, sampleRateHz);
            const samples = convert();
            if (samples.length === 0) return [];
            const { channels } = stretch;
            return [RuntimeData.audio({ samples, sampleRate: sampleRateHz, channels, timestampUs, metadata })];
          };
          let metadata = first.metadata;
          return {
            push(audio) {
              metadata = audio.metadata;
              return emit(() => resampler.push(finiteFloats(audio)), metadata);
            },
            finish: () => emit(() => resampler.finish(), metadata),
          };
        },
      }),
      [Symbol.asyncDispose]() {
        kept?.destroy();
        kept = undefined;
      },
    };
  },
});
