import * as v from "valibot";
import { defineNode } from "../../../core/plugin.ts";
import { decidePreset } from "../engine/decide.ts";
import { engine } from "../engine/engine.ts";
import { PresetRequestSchema } from "../engine/requests.ts";
import { parse } from "../graph/problems.ts";
import { answer, playParams } from "./play_node.ts";
import type { SynthNode } from "./synth_node.ts";

/**
 * Plays a preset as it is: JSON with `preset` (a preset, or the id of one of
 * ours), `durationS`, `notes` or `play`, and the rate, channels, tempo, key,
 * scale, seed, budgets and `blockFrames` of `synth.generate`. Text is the id of
 * a preset.
 */
export const preset: SynthNode = defineNode({
  type: "synth.preset",
  summary: "Plays notes with a preset, as it is.",
  params: v.object({ ...playParams, measure: v.optional(playParams.measure.wrapped, false) }),
  inputs: { in: ["json", "text"] },
  outputs: { out: ["audio"], report: ["json"] },
  create({ params }) {
    const decide = (request: unknown) => {
      const named = typeof request === "object" && request !== null && "prompt" in request
        ? { preset: request.prompt }
        : request;
      const full = parse(PresetRequestSchema, named, "request");
      return engine.decided("preset", full, () => decidePreset(full, engine));
    };
    return { process: (data, item) => answer(data, item, { ...params, decide }) };
  },
});
