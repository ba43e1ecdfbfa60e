import * as v from "valibot";
import { defineNode } from "../../../core/plugin.ts";
import { decidePrompt } from "../engine/decide.ts";
import { engine } from "../engine/engine.ts";
import { GenerateRequestSchema } from "../engine/requests.ts";
import { parse } from "../graph/problems.ts";
import { answer, loadEmbedder, playParams } from "./play_node.ts";
import type { SynthNode } from "./synth_node.ts";

/**
 * Generates audio from a prompt: text, or JSON with `prompt`, `role`,
 * `tempo`, `key`, `scale`, `durationS`, `sampleRate`, `channels`, `seed`,
 * `maxCpu`, `maxLatencyMs`, `presetId` and `blockFrames`. It finds a preset by
 * the prompt, brings it within the policy of its role, plays a phrase of the
 * role in the key, and corrects its brightness and level once.
 *
 * JSON with `query` (`"status"`, `"list"`, `"load"`, `"check"` or `"search"`)
 * asks about the engine and its presets; the answer comes on `report`.
 */
export const generate: SynthNode = defineNode({
  type: "synth.generate",
  summary: "Generates audio from a prompt: a preset, fitted to its role, tempo, key and scale.",
  params: v.object({
    ...playParams,
    embedder: v.optional(v.pipe(
      v.string(),
      v.maxLength(2000),
      v.description(
        "URL or package of a module whose default export has `embed(texts)`: a model of meaning that is used for the search beside the words. Absent: words alone.",
      ),
    )),
  }),
  inputs: { in: ["json", "text"] },
  outputs: { out: ["audio"], report: ["json"] },
  async create({ params }) {
    const embedder = await loadEmbedder(params.embedder);
    const decide = (given: unknown) => {
      const request = parse(GenerateRequestSchema, given, "request");
      return engine.decided(
        `generate ${params.embedder ?? ""}`,
        request,
        () => decidePrompt(request, engine, embedder),
      );
    };
    return {
      process: (data, item) => answer(data, item, { ...params, embedder, decide }),
    };
  },
});
