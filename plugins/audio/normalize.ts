/**
 * audio.normalize: brings peaks to a level while the stream runs.
 *
 * @module
 */

import * as v from "valibot";
import { type AudioData, defineNode } from "../../core/plugin.ts";
import type { AudioNode } from "./audio_node.ts";
import { gainOf } from "../../audio/dsp/decibels.ts";
import { numberParam } from "./params.ts";
import { PeakGain } from "./peak_gain.ts";
import { perStretch } from "../../audio/dsp/stretch.ts";

/**
 * Brings the peaks of a stream to a target without ever passing it.
 *
 * A peak normaliser needs the whole signal, which a stream does not have. This
 * one looks `lookaheadMs` ahead: before a peak that would pass the target it
 * turns down along a ramp that ends in time; after it, the gain rises again by
 * at most `riseDbPerSecond`, up to where the peaks in sight reach the target
 * or to `maxGainDb`. It starts with the gain that fits the first sound above
 * `gateDb`, and holds while there is only sound below it, so that pauses are
 * not blown up. With `riseDbPerSecond: 0` the gain never rises: loud and soft
 * passages keep their relation from the loudest peak so far on.
 *
 * All channels have the same gain. The output has the format of the input,
 * is `lookaheadMs` late, and is the same however the input is cut into
 * chunks; NaN and infinities count as 0, and i32 is computed as 32-bit float.
 * See {@linkcode PeakGain} for the algorithm.
 */
export const normalize: AudioNode = defineNode({
  type: "audio.normalize",
  summary: "Brings peaks to a target level as the stream runs, and never beyond it.",
  params: v.object({
    peakDb: numberParam("Level of the peaks in dBFS, -60 to 0.", { min: -60, max: 0, fallback: -1 }),
    maxGainDb: numberParam("The most by which soft audio is raised, in decibels, 0 to 60.", {
      min: 0,
      max: 60,
      fallback: 24,
    }),
    riseDbPerSecond: numberParam("How fast the gain rises after a peak, in decibels per second, 0 to 120.", {
      min: 0,
      max: 120,
      fallback: 3,
    }),
    lookaheadMs: numberParam("How far it looks ahead, which is how late the output is, in milliseconds, 1 to 5000.", {
      min: 1,
      max: 5000,
      fallback: 20,
    }),
    gateDb: numberParam("Peak level in dBFS below which sound does not raise the gain, -120 to 0.", {
      min: -120,
      max: 0,
      fallback: -60,
    }),
  }),
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  create: ({ params }) =>
    perStretch<AudioData>({
      gaps: "join",
      start: ({ channels, sampleRate }) =>
        new PeakGain(channels, {
          targetPeak: gainOf(params.peakDb),
          maxGain: gainOf(params.maxGainDb),
          lookaheadFrames: Math.max(1, Math.round(sampleRate * params.lookaheadMs / 1000)),
          risePerFrame: gainOf(params.riseDbPerSecond / sampleRate),
          gatePeak: gainOf(params.gateDb),
        }),
    }),
});
