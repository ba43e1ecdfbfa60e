/**
 * audio.gain: makes audio louder or softer.
 *
 * @module
 */

import * as v from "valibot";
import { defineNode } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { gainOf } from "../../audio/dsp/decibels.ts";
import { numberParam } from "./params.ts";
import { sampleFitter } from "../../audio/dsp/samples.ts";

/**
 * Multiplies every sample by a gain, in place. Integer formats round and
 * saturate; floats may pass full scale, and NaN stays NaN.
 */
export const gain: AudioNode = defineNode({
  type: "audio.gain",
  summary: "Multiplies every sample by a gain.",
  params: v.object({
    gainDb: numberParam("Gain in decibels, -120 to 60. 0 leaves the audio as it is.", {
      min: -120,
      max: 60,
      fallback: 0,
    }),
  }),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  create({ params }) {
    const factor = gainOf(params.gainDb);
    return {
      process(audio) {
        if (factor !== 1) {
          const { samples } = audio;
          const fit = sampleFitter(audio.format);
          for (let i = 0; i < samples.length; i++) samples[i] = fit((samples[i] as number) * factor);
        }
        return audio;
      },
    };
  },
});
