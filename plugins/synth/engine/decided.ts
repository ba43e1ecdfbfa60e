/**
 * What a request was decided to be.
 *
 * @module
 */

import type { CompiledGraph } from "../graph/cache.ts";
import type { RolePolicy } from "../policy/schema.ts";
import type { NormalPreset } from "../preset/normalise.ts";
import type { Score } from "./performance.ts";
import type { SynthDecision, SynthTrace } from "./reports.ts";

/** A score with everything that led to it. */
export interface Decided {
  readonly kind: "generate" | "preset";
  readonly score: Score;
  readonly graph: CompiledGraph;
  readonly preset: NormalPreset;
  readonly policy: RolePolicy;
  readonly decision: SynthDecision;
  readonly trace: SynthTrace;
}
