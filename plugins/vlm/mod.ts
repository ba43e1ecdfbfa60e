/**
 * The `vlm` plugin: models that look at images.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { openai } from "./openai.ts";

const plugin: Plugin = definePlugin({
  name: "vlm",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [openai.node],
});

export default plugin;
export { openai };
