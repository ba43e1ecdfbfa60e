/**
 * The first-party plugin `audio`: level, rate, channels, format, chunks,
 * loudness, mixing and silence.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { channels } from "./channels.ts";
import { format } from "./format.ts";
import { gain } from "./gain.ts";
import { deinterleave, interleave } from "./interleave.ts";
import { level } from "./level.ts";
import { mix } from "./mix.ts";
import { normalize } from "./normalize.ts";
import { rechunk } from "./rechunk.ts";
import { resample } from "./resample.ts";
import { silence } from "./silence.ts";

const plugin: Plugin = definePlugin({
  name: "audio",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [gain, resample, channels, format, rechunk, level, normalize, mix, interleave, deinterleave, silence],
});

export default plugin;
