/**
 * Chunks per second through one worker and back, by chunk size and window.
 *
 * @module
 */

import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { observePump } from "../harness/observe_pump.ts";
import { ALL, LIBRARIES } from "./contenders.ts";

/** 10 ms at 48 kHz, 40 ms, 500 ms, and a MiB, in samples of 4 bytes. */
const SIZES = [480, 1_920, 24_000, 262_144] as const;
const WINDOWS = [16, 64] as const;

export default {
  id: "throughput",
  title: "Throughput of one worker",
  description: "Chunks go to a worker, have the sign of each sample turned there by one node, and come back, with as " +
    "many in flight as the window says. Every chunk that comes back is sent again, so nobody needs a new buffer to send.",
  points(mode): readonly Point[] {
    if (mode === "quick") {
      return [
        { params: { samplesPerChunk: 480, window: 16 }, contenders: ALL, rounds: 3 },
        { params: { samplesPerChunk: 24_000, window: 16 }, contenders: ["streamrack", "port"], rounds: 3 },
      ];
    }
    return SIZES.flatMap((samplesPerChunk) =>
      WINDOWS.flatMap((window): Point[] => {
        if (window === 16) return [{ params: { samplesPerChunk, window }, contenders: ALL, rounds: 5 }];
        if (samplesPerChunk !== 480) return [];
        return [{
          params: { samplesPerChunk, window },
          contenders: ["streamrack", "port", "ring", ...LIBRARIES],
          rounds: 3,
        }];
      })
    );
  },
  observe({ contender, params, mode }: ObserveOptions): Promise<Measured> {
    return observePump(contender, {
      stages: 1,
      fused: true,
      samplesPerChunk: Number(params["samplesPerChunk"]),
      window: Number(params["window"]),
    }, mode);
  },
} satisfies Case;
