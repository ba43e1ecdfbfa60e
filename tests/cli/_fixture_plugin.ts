/**
 * Nodes that the tests of the command need.
 *
 * @module
 */

import { defineNode, definePlugin, RuntimeData } from "../../core/plugin.ts";

export default definePlugin({
  name: "cli-fixture",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [
    defineNode({
      type: "fixture.fail",
      summary: "Hands two values on, then fails.",
      inputs: { in: ["any"] },
      outputs: { out: ["any"] },
      create() {
        let count = 0;
        return {
          process(data) {
            if (++count > 2) throw new RangeError("the third value is one too many");
            return data;
          },
        };
      },
    }),
    defineNode({
      type: "fixture.hold",
      summary: "Says that it holds its first value, and keeps it until the session ends.",
      inputs: { in: ["any"] },
      outputs: { out: ["audio"] },
      create({ log }) {
        return {
          async process(_, { signal }): Promise<undefined> {
            log.info("holding");
            if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
          },
        };
      },
    }),
    defineNode({
      type: "fixture.count",
      summary: "Gives audio and says on a second port how much it was.",
      inputs: { in: ["audio"] },
      outputs: { out: ["audio"], report: ["json"] },
      create() {
        return {
          *process(audio) {
            yield { report: RuntimeData.json({ samples: audio.samples.length }) };
            yield { out: audio };
          },
        };
      },
    }),
    defineNode({
      type: "fixture.source",
      summary: "Gives three numbers without any input.",
      inputs: {},
      outputs: { out: ["json"] },
      create() {
        return {
          process() {},
          *flush() {
            for (const value of [1, 2, 3]) yield RuntimeData.json(value);
          },
        };
      },
    }),
  ],
});
