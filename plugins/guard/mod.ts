/**
 * The `guard` plugin: guardians of what is said to models, and what they say.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { check } from "./check.ts";
import { guardRunner } from "./guarded.ts";
import { text } from "./text.ts";

const plugin: Plugin = definePlugin({
  name: "guard",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [check.node, text],
});

export default plugin;
export { check, guardRunner };
