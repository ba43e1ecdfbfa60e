/** A plugin that wishes for a process of its own. */

import { defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";
import process from "node:process";

export default definePlugin({
  name: "wish",
  version: "1.0.0",
  apiVersion: 1,
  tier: "process",
  nodes: [defineNode({
    type: "wish.pid",
    summary: "Tells the number of its process.",
    inputs: { in: ["any"] },
    outputs: { out: ["json"] },
    create: () => ({ process: () => RuntimeData.json(process.pid) }),
  })],
});
