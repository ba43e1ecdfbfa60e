/**
 * The `remote` plugin: pipelines on other machines as nodes.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { pipeline } from "./pipeline.ts";

const plugin: Plugin = definePlugin({
  name: "remote",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [pipeline],
  // Which service it calls is a parameter.
  permissions: { net: true },
});

export default plugin;
