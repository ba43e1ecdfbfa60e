/**
 * What a child process costs: chunks per second to a plugin and back, there
 * and in a thread.
 *
 * @module
 */

import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { observePump } from "../harness/observe_pump.ts";

export default {
  id: "process",
  title: "A plugin in a child process",
  description:
    "The work of the case `throughput`, with the plugin in a thread and in a child process. What goes to a " +
    "process is copied into a pipe and out of it, each way; and where its neighbour in the pipeline is no process, " +
    "the host passes it on. With two nodes in segments of their own, all goes through the host in between.",
  points(mode): readonly Point[] {
    if (mode === "quick") return [];
    const contenders = ["streamrack", "streamrack-process"];
    return [
      ...[480, 24_000, 262_144].map((samplesPerChunk) => ({
        params: { stages: 1, samplesPerChunk, window: 16 },
        contenders,
        rounds: 3,
      })),
      { params: { stages: 2, samplesPerChunk: 480, window: 16 }, contenders, rounds: 3 },
    ];
  },
  observe({ contender, params }: ObserveOptions): Promise<Measured> {
    const { stages, samplesPerChunk, window } = params;
    return observePump(contender, {
      stages: Number(stages),
      samplesPerChunk: Number(samplesPerChunk),
      window: Number(window),
    });
  },
} satisfies Case;
