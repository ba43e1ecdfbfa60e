/**
 * The `llm` plugin: language models.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { openai } from "./openai.ts";

const plugin: Plugin = definePlugin({
  name: "llm",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [openai.node],
});

export default plugin;
export { openai };
