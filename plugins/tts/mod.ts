/**
 * The `tts` plugin: text to speech.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { flite } from "./flite.ts";
import { openaiSpeech } from "./openai.ts";

const plugin: Plugin = definePlugin({
  name: "tts",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [flite.node, openaiSpeech.node],
});

export default plugin;
