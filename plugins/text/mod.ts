/**
 * The `text` plugin: letter case, sentences, templates.
 *
 * @module
 */

import { definePlugin, type Plugin } from "../../core/plugin.ts";
import { changeCase } from "./case.ts";
import { sentences } from "./sentences.ts";
import { template } from "./template.ts";

const plugin: Plugin = definePlugin({
  name: "text",
  version: "0.1.0",
  apiVersion: 1,
  nodes: [changeCase, sentences, template],
});

export default plugin;
