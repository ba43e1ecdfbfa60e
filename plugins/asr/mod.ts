/**
 * The `asr` plugin: speech to text.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { listeningNode } from "./listening_node.ts";
import { openaiTranscription } from "./openai.ts";
import { pocketsphinxSpeech } from "./pocketsphinx.ts";
import { whisperSpeech } from "./whisper.ts";

const plugin: Plugin = definePlugin({
  name: "asr",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [openaiTranscription, pocketsphinxSpeech, whisperSpeech].map(listeningNode),
});

export default plugin;
