/**
 * The `vad` plugin: voice activity detection.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { silero } from "./silero.ts";

const plugin: Plugin = definePlugin({ name: "vad", version: "0.1.0", apiVersion: 1, nodes: [silero] });

export default plugin;
