/**
 * The plugin of the benchmark, written and loaded as any other.
 *
 * @module
 */

import { defineNode, definePlugin, RuntimeData } from "../../core/plugin.ts";
import { invert, touch } from "../contenders/invert.ts";

const invertNode = defineNode({
  type: "bench.invert",
  summary: "Turns the sign of every sample.",
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  create: () => ({
    async *process(audio) {
      invert(audio.samples as Float32Array);
      yield audio;
    },
  }),
});

const touchNode = defineNode({
  type: "bench.touch",
  summary: "Turns the sign of the first sample only: for what it costs to get there and back.",
  inputs: { in: ["audio"] },
  outputs: { out: ["audio"] },
  create: () => ({
    async *process(audio) {
      touch(audio.samples as Float32Array);
      yield audio;
    },
  }),
});

const countNode = defineNode({
  type: "bench.count",
  summary: "Takes chunks and gives how many they were at the end: for what sending alone costs.",
  inputs: { in: ["audio"] },
  outputs: { out: ["json"] },
  create() {
    let count = 0;
    return {
      process() {
        count += 1;
      },
      *flush() {
        yield RuntimeData.json(count);
      },
    };
  },
});

export default definePlugin({
  name: "bench",
  version: "1.0.0",
  apiVersion: 1,
  nodes: [invertNode, touchNode, countNode],
});
