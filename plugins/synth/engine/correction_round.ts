/**
 * The round in which what a score would give is measured and corrected.
 *
 * @module
 */

import { applyChanges, type Change } from "../policy/apply.ts";
import type { RolePolicy } from "../policy/schema.ts";
import type { NormalPreset } from "../preset/normalise.ts";
import { presetGraph } from "../preset/to_graph.ts";
import { type Correction, correctionFor } from "../quality/correct.ts";
import { QualityMeter } from "../quality/measure.ts";
import type { SynthEngine } from "./engine.ts";
import { Performance, type Score } from "./performance.ts";
import { Turns } from "./turns.ts";

/** How much is played to measure it. */
const MEASURED_S = 30;

/** The cutoff that a correction asks for, as a change. */
export function correctedCutoff(
  preset: NormalPreset,
  { cutoffFactor, why }: Correction,
): Omit<Change, "from" | "unit"> {
  const param = "filter.cutoffHz";
  return {
    param,
    to: (preset.values[param]?.value ?? 0) * cutoffFactor,
    by: "quality",
    why: why.find((reason) => reason.includes("spectrum")) ?? "brightness",
  };
}

/** One round: measure, correct the brightness, measure what that gives, correct the level. */
export async function correctionOf(
  score: Score,
  { preset, policy, engine }: {
    readonly preset: NormalPreset;
    readonly policy: RolePolicy;
    readonly engine: SynthEngine;
  },
): Promise<Correction> {
  const first = correctionFor(await measure(score, engine), policy);
  if (first.cutoffFactor === 1 || preset.values["filter.cutoffHz"] === undefined) return { ...first, cutoffFactor: 1 };
  const corrected = applyChanges(preset, [correctedCutoff(preset, first)]);
  const { plan } = await engine.graphs.compile(presetGraph(corrected.preset, score.sampleRate).graph);
  const second = correctionFor(await measure({ ...score, plan }, engine), policy);
  return {
    gainDb: second.gainDb,
    cutoffFactor: first.cutoffFactor,
    why: [...second.why.slice(0, second.gainDb === 0 ? 0 : 1), ...first.why.slice(-1)],
  };
}

async function measure(score: Score, { now }: SynthEngine) {
  const frames = Math.min(score.frames, Math.round(MEASURED_S * score.sampleRate));
  const performance = new Performance({ ...score, frames });
  const meter = new QualityMeter(score.sampleRate, score.channels);
  const block = new Float32Array(4096 * score.channels);
  const turns = new Turns(now);
  while (performance.framesLeft > 0) {
    const part = block.subarray(0, Math.min(4096, performance.framesLeft) * score.channels);
    performance.render(part);
    meter.add(part);
    if (turns.isDue) await turns.take();
  }
  return meter.finish();
}
