/**
 * Processor time of streams at their natural pace.
 *
 * @module
 */

import process from "node:process";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { loadContender, makeChunks, withPipe } from "../harness/pipes.ts";

const STREAMS = 20;
const CHUNK_MS = 10;
const SAMPLES_PER_CHUNK = 480;

export default {
  id: "cpu",
  title: "Processor time at real-time pace",
  description:
    "20 streams of audio in chunks of 10 ms go through one worker at the pace of their sound: every 10 ms, 20 " +
    "chunks come at once. What is told is the processor time of the whole process for one second of one stream.",
  points(mode): readonly Point[] {
    if (mode === "quick") return [];
    const contenders = ["streamrack", "port", "ring", "piscina", "poolifier", "comlink"];
    return [{ params: { streams: STREAMS }, contenders, rounds: 2 }];
  },
  async observe({ contender }: ObserveOptions): Promise<Measured> {
    const options = { stages: 1, samplesPerChunk: SAMPLES_PER_CHUNK, window: STREAMS };
    return await withPipe(await loadContender(contender), options, async (pipe) => {
      const buffers = makeChunks(STREAMS, SAMPLES_PER_CHUNK);
      const play = async (ticks: number) => {
        const startMs = performance.now();
        for (let tick = 0; tick < ticks; tick++) {
          const waitMs = startMs + tick * CHUNK_MS - performance.now();
          if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
          await pipe.pump(buffers, STREAMS);
        }
      };
      await play(50);
      const before = process.cpuUsage();
      const ticks = 150;
      await play(ticks);
      const { user, system } = process.cpuUsage(before);
      return { metrics: { cpuMsPerAudioSecond: (user + system) / 1000 / (ticks * STREAMS * CHUNK_MS / 1000) } };
    });
  },
} satisfies Case;
