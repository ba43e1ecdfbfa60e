/**
 * audio.resample: changes the sample rate.
 *
 * @module
 */

import * as v from "valibot";
import { resampling } from "../../audio/dsp/resample.ts";
import { defineNode } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { choiceParam } from "./params.ts";

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
  create: ({ params }) => resampling(params),
});
