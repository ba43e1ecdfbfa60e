/**
 * Chunks per second through one worker and back, by chunk size and window.
 *
 * @module
 */

import { ALL, PACKAGES } from "../contenders/catalog.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { observePump } from "../harness/observe_pump.ts";

/** 40 ms at 48 kHz, half a second, and a MiB, in samples of 4 bytes. */
const LARGER = [1_920, 24_000, 262_144] as const;

export default {
  id: "throughput",
  title: "Throughput of one worker",
  description: "Chunks go to a worker, one node turns the sign of each sample, and they come back, with as many in " +
    "flight as the window says. What comes back is sent again, so that nobody needs new buffers to send. Chunks of 480 " +
    "samples (1.9 kB) are 10 ms at 48 kHz.",
  points(mode): readonly Point[] {
    if (mode === "quick") {
      return [
        { params: { samplesPerChunk: 480, window: 16 }, contenders: ["streamrack", ...PACKAGES], rounds: 2 },
        { params: { samplesPerChunk: 24_000, window: 16 }, contenders: ["streamrack", "port"], rounds: 2 },
      ];
    }
    const some = ["streamrack", "port", "ring", "piscina", "poolifier", "comlink"];
    return [
      { params: { samplesPerChunk: 480, window: 16 }, contenders: ALL, rounds: 5 },
      ...LARGER.map((samplesPerChunk) => ({ params: { samplesPerChunk, window: 16 }, contenders: ALL, rounds: 3 })),
      { params: { samplesPerChunk: 480, window: 64 }, contenders: some, rounds: 3 },
    ];
  },
  observe({ contender, params, mode }: ObserveOptions): Promise<Measured> {
    const { samplesPerChunk, window } = params;
    const options = { stages: 1, samplesPerChunk: Number(samplesPerChunk), window: Number(window) };
    return observePump(contender, options, mode);
  },
} satisfies Case;
