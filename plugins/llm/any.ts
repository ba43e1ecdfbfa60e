/**
 * `llm.any`: whichever language model is there.
 *
 * @module
 */

import type { AnyNodeDefinition } from "../../core/plugin.ts";
import { defineRouter } from "../../runners/mod.ts";
import { local } from "./local.ts";
import { openai } from "./openai.ts";

/** Asks the best of its runners that is there, then the next ones: see `docs/runners.md`. */
export const any: AnyNodeDefinition = defineRouter({
  type: "llm.any",
  summary: "Continues text by the first of several models that is there, with retries and fallback.",
  capability: "llm",
  runners: [openai, local],
});
