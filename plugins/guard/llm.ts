/**
 * `guard.llm`: language models behind a guardian.
 *
 * @module
 */

import type { AnyNodeDefinition } from "../../core/plugin.ts";
import { defineRouter } from "../../runners/mod.ts";
import { local, openai } from "../llm/mod.ts";
import { guardRunner } from "./guarded.ts";

/**
 * As `llm.any`, with a guardian before and behind each runner: the parameter
 * `guard` of a runner says how (default: block, all checks, both ways). Unlike
 * two nodes `guard.text` around a model, it ends the request to the model as
 * soon as an answer is blocked.
 */
export const llm: AnyNodeDefinition = defineRouter({
  type: "guard.llm",
  summary: "Continues text as llm.any does, with a guardian before and behind the model.",
  capability: "llm",
  runners: [openai, local].map((runner) => guardRunner(runner, runner.definition.type)),
});
