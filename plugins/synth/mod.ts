/**
 * The first-party plugin `synth`: sound from prompts, presets and DSP graphs.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { generate } from "./nodes/generate.ts";
import { graph } from "./nodes/graph.ts";
import { preset } from "./nodes/preset.ts";

const plugin: Plugin = definePlugin({
  name: "synth",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [generate, preset, graph],
});

export default plugin;
