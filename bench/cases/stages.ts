/**
 * Nodes in a row: in threads of their own, or fused in one.
 *
 * @module
 */

import { POOLS } from "../contenders/catalog.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { observePump } from "../harness/observe_pump.ts";

export default {
  id: "stages",
  title: "Nodes in a row",
  description:
    "Chunks of 1.9 kB pass 1, 2, 3 and 6 nodes, 16 in flight. Pools have no way from worker to worker: the " +
    "main thread calls stage after stage. Streamrack and the bare ones connect the workers; fused, all nodes share one.",
  points(mode): readonly Point[] {
    const point = (stages: number, contenders: readonly string[], rounds: number): Point => {
      return { params: { stages }, contenders, rounds };
    };
    const ours = ["streamrack", "streamrack-fused"];
    if (mode === "quick") return [point(3, [...ours, ...POOLS], 2)];
    const some = [...ours, "port", "piscina"];
    return [
      point(1, ["streamrack", "port", "piscina"], 3),
      point(2, some, 3),
      point(3, [...ours, "port", ...POOLS, "comlink"], 5),
      point(6, some, 3),
    ];
  },
  observe({ contender, params, mode }: ObserveOptions): Promise<Measured> {
    return observePump(contender, { stages: Number(params["stages"]), samplesPerChunk: 480, window: 16 }, mode);
  },
} satisfies Case;
