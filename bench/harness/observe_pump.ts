/**
 * One observation of how fast a contender moves chunks.
 *
 * @module
 */

import process from "node:process";
import type { PipeOptions } from "../contenders/contract.ts";
import type { BenchMode, Measured } from "./case.ts";
import { timeTask } from "./measure.ts";
import { findBatch, loadContender, makeChunks, withPipe } from "./pipes.ts";

/** How long a batch, which is one sample of tinybench, should take, in milliseconds. */
const BATCH_MS = 15;

/** Opens a contender, checks it, and times batches of chunks through it. */
export async function observePump(name: string, options: PipeOptions, mode: BenchMode): Promise<Measured> {
  const contender = await loadContender(name);
  return await withPipe(contender, options, async (pipe) => {
    const { window, samplesPerChunk } = options;
    const buffers = makeChunks(window, samplesPerChunk);
    const pump = (count: number) => pipe.pump(buffers, count);
    const batch = await findBatch(pump, { window, batchMs: BATCH_MS, warmupMs: mode === "quick" ? 250 : 400 });
    const cpuBefore = process.cpuUsage();
    let chunks = 0;
    const { latency, timer } = await timeTask({
      async run() {
        await pump(batch);
        chunks += batch;
      },
      timeMs: mode === "quick" ? 250 : 400,
      iterations: 8,
      warmupMs: 0,
    });
    const cpu = process.cpuUsage(cpuBefore);
    return {
      metrics: {
        chunksPerSecond: batch * 1000 / latency.p50,
        megabytesPerSecond: batch * samplesPerChunk * 4 / 1000 / latency.p50,
        cpuUsPerChunk: (cpu.user + cpu.system) / chunks,
      },
      timer,
    };
  });
}
