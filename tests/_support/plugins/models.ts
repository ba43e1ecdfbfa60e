/** A runner that tells of its thread, and how often a model was loaded there. */

import { threadId } from "node:worker_threads";
import * as v from "valibot";
import { definePlugin, type Plugin } from "../../../core/plugin.ts";
import { defineRunner } from "../../../runners/mod.ts";

let loads = 0;
let unloads = 0;

const count = defineRunner({
  type: "models.count",
  summary: "Counts loads.",
  vendor: "test",
  capabilities: ["llm"],
  streaming: false,
  params: v.object({ model: v.optional(v.string(), "a") }),
  load: () => void (loads += 1),
  unload: () => void (unloads += 1),
  run: () => Promise.resolve({ outputs: { text: "" }, metadata: { loads, unloads, thread: threadId } }),
});

const plugin: Plugin = definePlugin({ name: "models", version: "1.0.0", apiVersion: 1, nodes: [count.node] });

export default plugin;
