/**
 * Builds the DSP graph of a preset.
 *
 * @module
 */

import type { DspGraph } from "../graph/schema.ts";
import { unusedNodes } from "../graph/unused.ts";
import { addEffects } from "./effects_graph.ts";
import { GraphDraft, type GraphNote } from "./graph_draft.ts";
import type { NormalPreset } from "./normalise.ts";
import { addVoice } from "./voice_graph.ts";

/** A graph, and what is worth knowing of how it came about. */
export interface BuiltGraph {
  readonly graph: DspGraph;
  /** What had to be changed for it. */
  readonly notes: readonly GraphNote[];
  /** Ids of the modulators that the preset has nothing for to move. */
  readonly unused: readonly string[];
}

/** Builds the graph of a preset for a sample rate: what lies above its Nyquist frequency is clamped, and noted. */
export function presetGraph(preset: NormalPreset, sampleRate: number): BuiltGraph {
  const draft = new GraphDraft(preset, sampleRate);
  const graph = draft.finish(addEffects(draft, addVoice(draft)));
  return { graph, notes: draft.notes, unused: [...unusedNodes(graph)] };
}
