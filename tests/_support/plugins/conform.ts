/** A plugin that runs the conformance suite where it is: on plugins that are loaded there. */

import process from "node:process";
import * as v from "valibot";
import { defineNode, definePlugin, RuntimeData } from "../../../core/plugin.ts";
import { type ConformanceOptions, conformanceTests } from "../../../testing/mod.ts";

export default definePlugin({
  name: "conform",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [defineNode({
    type: "conform.run",
    summary: "Takes the URL of a plugin, and gives how many checks there were, and what failed.",
    params: v.object({ nodes: v.optional(v.record(v.string(), v.looseObject({})), {}) }),
    inputs: { in: ["text"] },
    outputs: { out: ["json"] },
    create: ({ params: { nodes } }) => ({
      async process(url) {
        const options = { nodes } as ConformanceOptions;
        const checks = conformanceTests((await import(url.text)).default, options);
        const failures: string[] = [];
        for (const { name, run } of checks) await run().catch((error) => failures.push(`${name}: ${error}`));
        return RuntimeData.json({ pid: process.pid, checks: checks.length, failures });
      },
    }),
  })],
});
