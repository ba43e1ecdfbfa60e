/** A plugin that says that it needs something. */

import { defineNode, definePlugin } from "../../../core/plugin.ts";

export default definePlugin({
  name: "needy",
  version: "1.0.0",
  apiVersion: 1,
  permissions: { read: ["./models", "./data/words"], net: ["api.example.com:443"] },
  nodes: [
    defineNode({
      type: "needy.pass",
      summary: "Gives what it takes.",
      inputs: { in: ["any"] },
      outputs: { out: ["any"] },
      create: () => ({ process: (data) => data }),
    }),
  ],
});
