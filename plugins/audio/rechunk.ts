/**
 * audio.rechunk: cuts audio into chunks of one size.
 *
 * @module
 */

import * as v from "valibot";
import { rechunker } from "../../audio/dsp/rechunk.ts";
import { defineNode } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { flagParam } from "./params.ts";

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
  create: ({ params: { durationMs = DEFAULT_DURATION_MS, ...rest } }) => rechunker({ durationMs, ...rest }),
});
