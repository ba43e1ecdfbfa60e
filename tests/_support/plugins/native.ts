/** A plugin that says that it loads native add-ons. */

import { defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";
import process from "node:process";

export default definePlugin({
  name: "native",
  version: "1.0.0",
  apiVersion: 1,
  native: true,
  nodes: [defineNode({
    type: "native.pid",
    summary: "Tells the number of its process.",
    inputs: { in: ["any"] },
    outputs: { out: ["json"] },
    create: () => ({ process: () => RuntimeData.json(process.pid) }),
  })],
});
