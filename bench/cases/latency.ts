/**
 * How long one chunk takes to a worker and back.
 *
 * @module
 */

import { ALL } from "../contenders/catalog.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { timeTask } from "../harness/measure.ts";
import { loadContender, makeChunks, withPipe } from "../harness/pipes.ts";

const SAMPLES_PER_CHUNK = 480;

export default {
  id: "latency",
  title: "Round trip",
  description:
    "One chunk of 1.9 kB at a time goes to a worker and back (window 1). Each round trip is timed by itself: " +
    "most of it is the waking of two threads.",
  points(mode): readonly Point[] {
    const quick = mode === "quick";
    return [{ params: { window: 1 }, contenders: quick ? ["streamrack", "port"] : ALL, rounds: quick ? 2 : 5 }];
  },
  async observe({ contender }: ObserveOptions): Promise<Measured> {
    const options = { stages: 1, samplesPerChunk: SAMPLES_PER_CHUNK, window: 1 };
    return await withPipe(await loadContender(contender), options, async (pipe) => {
      const buffers = makeChunks(1, SAMPLES_PER_CHUNK);
      const run = () => pipe.pump(buffers, 1);
      const { latency, timer } = await timeTask({ run, timeMs: 300, iterations: 200, warmupMs: 250 });
      return {
        metrics: {
          p50Us: latency.p50 * 1000,
          p99Us: latency.p99 * 1000,
          chunksPerSecond: 1000 / latency.mean,
        },
        timer,
      };
    });
  },
} satisfies Case;
