/**
 * The request that the case `synth` times, and how the bare renderer answers it.
 *
 * @module
 */

import { decidePreset } from "../../plugins/synth/engine/decide.ts";
import { engine } from "../../plugins/synth/engine/engine.ts";
import { Performance, type Score } from "../../plugins/synth/engine/performance.ts";
import { PresetRequestSchema } from "../../plugins/synth/engine/requests.ts";
import { parse } from "../../plugins/synth/graph/problems.ts";

/** About as fast as the median of all presets. */
export const PRESET = "classic-saw-lead";
/** How it is played. */
export const CALL = { durationS: 8, play: "phrase", sampleRate: 44_100 } as const;

let score: Score | undefined;

/** Renders it. The first call decides on the score. */
export async function renderCall(): Promise<Float32Array<ArrayBuffer>> {
  score ??= (await decidePreset(parse(PresetRequestSchema, { preset: PRESET, ...CALL }, "request"), engine)).score;
  // A new array, as whoever asks for audio gets one.
  const samples = new Float32Array(score.channels * score.frames);
  new Performance(score).render(samples);
  return samples;
}
