/**
 * The part of a preset's graph that comes after the voices, once for all of
 * them: effects, place, level.
 *
 * @module
 */

import type { AnyGraphNode } from "../graph/schema.ts";
import type { GraphDraft } from "./graph_draft.ts";

/** Adds the effects that the preset has behind a node; returns the id of the last one. */
export function addEffects(draft: GraphDraft, first: string): string {
  let last = first;
  const after = (id: string, type: AnyGraphNode["type"], rest: Partial<AnyGraphNode>) => {
    last = draft.add(id, type, { ...rest, inputs: [{ from: last }] });
  };
  if (draft.has("drive")) {
    after("drive", "distortion", {
      choices: { curve: draft.word("drive.curve") },
      numbers: { drive: draft.value("drive.gain"), mix: draft.value("drive.mix") },
    });
  }
  for (let i = 0; draft.has(`eq.${i}`); i++) {
    after(`eq${i + 1}`, "filter", {
      choices: { mode: draft.word(`eq.${i}.mode`) },
      numbers: draft.numbers(`eq.${i}`, ["cutoffHz", "gainDb", "q"]),
    });
  }
  if (draft.has("phaser")) {
    after("phaser", "phaser", {
      choices: { stages: draft.word("phaser.stages") },
      numbers: draft.numbers("phaser", ["rateHz", "centreHz", "depthOctaves", "feedback", "mix"]),
    });
  }
  if (draft.has("chorus")) {
    after("chorus", "chorus", { numbers: draft.numbers("chorus", ["rateHz", "depthS", "mix"]) });
  }
  if (draft.has("delay")) {
    after("delay", "delay", {
      choices: { mode: draft.word("delay.mode") },
      numbers: draft.numbers("delay", ["timeS", "feedback", "dampingHz", "mix"]),
    });
  }
  if (draft.has("reverb")) {
    after("reverb", "reverb", {
      numbers: draft.numbers("reverb", ["decayS", "size", "preDelayS", "dampingHz", "mix"]),
    });
  }
  if (draft.has("compressor")) {
    const names = ["thresholdDb", "ratio", "attackS", "releaseS", "makeupDb"];
    after("compressor", "compressor", { numbers: draft.numbers("compressor", names) });
  }
  // An LFO has one target: what moves the place of the whole moves nothing within a voice.
  const movers = draft.modulationsOf("pan", "position");
  if (draft.value("output.pan") !== 0 || movers.length > 0) {
    after("pan", "pan", { numbers: { position: draft.value("output.pan") }, modulations: movers });
  }
  after("output", "gain", { numbers: { gain: draft.value("output.level") } });
  return last;
}
