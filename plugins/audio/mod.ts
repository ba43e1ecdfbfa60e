/**
 * The first-party plugin `audio`: level, rate, channels, format, chunks,
 * loudness, mixing and silence.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { format } from "./format.ts";
import { gain } from "./gain.ts";
import { resample } from "./resample.ts";

const plugin: Plugin = definePlugin({
  name: "audio",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [gain, resample, format],
});

export default plugin;
