/**
 * What a graph costs, and what is left out to make it cheaper.
 *
 * The cost is estimated from the graph alone, not measured: the same request
 * must give the same samples on every machine.
 *
 * @module
 */

import type { PlannedNode } from "../graph/plan.ts";
import type { GraphPlan } from "../graph/plan.ts";
import { applyChanges, type Change, type Changed } from "../policy/apply.ts";
import type { NormalPreset } from "../preset/normalise.ts";

/** Steps that make a sound cheaper; each includes the ones before it. */
export const QUALITY_STEPS = 4;

/** Nanoseconds for one frame of a node, on a processor of 2024 at about 3 GHz. */
function nanosecondsOf({ type, channels, numbers, choices }: PlannedNode): number {
  switch (type) {
    case "oscillator":
      return 4 + 3 * (numbers["unison"] as number) * channels;
    case "noise":
      return 4 * channels;
    case "envelope":
      return 3;
    case "lfo":
      return 1.5;
    case "filter":
      return (choices["slope"] === "24" ? 9 : 5) * channels;
    case "distortion":
      return 9 * channels;
    case "delay":
      return 9 * channels;
    case "chorus":
      return 16;
    case "phaser":
      return 2.5 * Number(choices["stages"]) * channels;
    case "reverb":
      return 60;
    case "compressor":
      return 8;
    case "limiter":
      return 25;
    default:
      return 2 * channels;
  }
}

/** Limiter and output. */
const BASE_NANOSECONDS = 30;

/** Estimated share of one processor that a graph takes in real time with so many notes at a time. */
export function estimateCpu(plan: GraphPlan, sampleRate: number, notes: number): number {
  const sum = (order: readonly number[]) =>
    order.reduce((total, index) => total + nanosecondsOf(plan.nodes[index] as PlannedNode), 0);
  const nanoseconds = BASE_NANOSECONDS + sum(plan.mixOrder) + notes * sum(plan.voiceOrder);
  return Math.round(1e4 * nanoseconds * sampleRate / 1e9) / 1e4;
}

/** Makes a preset cheaper by a number of steps; says what it left out. */
export function stepDown(preset: NormalPreset, step: number): Changed {
  const maxUnison = [8, 3, 2, 1, 1][step] as number;
  const maxPolyphony = [32, 8, 6, 4, 3][step] as number;
  const wanted: Omit<Change, "from" | "unit">[] = [];
  const limit = (param: string, to: number, why: string) => {
    const value = preset.values[param]?.value;
    if (value !== undefined && value > to) wanted.push({ param, to, by: "budget", why });
  };
  for (const path of Object.keys(preset.values)) {
    if (path.endsWith(".unison")) limit(path, maxUnison, "fewer parts in unison take less time");
  }
  limit("voices.polyphony", maxPolyphony, "fewer notes at a time take less time");
  const changed = applyChanges(preset, wanted);
  const dropped = step >= 4 ? ["reverb", "chorus", "phaser"] : step >= 3 ? ["chorus", "phaser"] : [];
  return dropped.reduce(dropSection, changed);
}

function dropSection({ preset, changes }: Changed, section: string): Changed {
  const kept = Object.entries(preset.values).filter(([path]) => !path.startsWith(`${section}.`));
  const mix = preset.values[`${section}.mix`];
  if (mix === undefined) return { preset, changes };
  return {
    preset: { ...preset, values: Object.fromEntries(kept) },
    changes: [...changes, {
      param: `${section}.mix`,
      from: mix.value,
      to: 0,
      unit: mix.unit,
      by: "budget",
      why: `left out to fit the budget`,
    }],
  };
}
