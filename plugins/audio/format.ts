/**
 * audio.format: changes the sample format.
 *
 * @module
 */

import * as v from "valibot";
import { type AudioData, convertFormat, defineNode } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { choiceParam } from "./params.ts";

/** Converts to one sample format; what has it already passes untouched. Integers saturate, NaN becomes 0. */
export const format: AudioNode = defineNode({
  type: "audio.format",
  summary: "Converts samples to 32-bit float, or to 16- or 32-bit integers.",
  params: v.object({
    format: choiceParam(
      'Sample format of the output: "f32" (float, full scale ±1), "i16" or "i32" (signed integers).',
      ["f32", "i16", "i32"],
      "f32",
    ),
  }),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  create: ({ params }) => ({ process: (audio) => convertFormat(audio, params.format) as AudioData }),
});
