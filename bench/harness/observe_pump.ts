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
/** On Bun large functions run for a second and more before the last of its compilers has dealt with them. */
const WARMUP_MS = { full: process.versions["bun"] === undefined ? 1_000 : 2_000, quick: 250 } as const;
const TIME_MS = 250;

/** Opens a contender, checks it, and times batches of chunks through it. */
export async function observePump(name: string, options: PipeOptions, mode: BenchMode = "full"): Promise<Measured> {
  return await withPipe(await loadContender(name), options, async (pipe) => {
    const { window, samplesPerChunk } = options;
    const buffers = makeChunks(window, samplesPerChunk);
    const pump = (count: number) => pipe.pump(buffers, count);
    return await observeBatches(pump, { window, bytesPerChunk: samplesPerChunk * 4, mode });
  });
}

/** How batches are sized. */
export interface BatchOptions {
  readonly window: number;
  readonly bytesPerChunk: number;
  /** Default: `"full"`. */
  readonly mode?: BenchMode | undefined;
}

/** Times batches of chunks, sized so that each takes long enough to be timed. */
export async function observeBatches(
  pump: (count: number) => Promise<void>,
  { window, bytesPerChunk, mode = "full" }: BatchOptions,
): Promise<Measured> {
  const batch = await findBatch(pump, { window, batchMs: BATCH_MS, warmupMs: WARMUP_MS[mode] });
  const before = process.cpuUsage();
  let chunks = 0;
  const run = async () => {
    await pump(batch);
    chunks += batch;
  };
  const { latency, timer } = await timeTask({ run, timeMs: TIME_MS, iterations: 5, warmupMs: 0 });
  const cpu = process.cpuUsage(before);
  return {
    metrics: {
      chunksPerSecond: batch * 1000 / latency.p50,
      megabytesPerSecond: batch * bytesPerChunk / 1000 / latency.p50,
      cpuUsPerChunk: (cpu.user + cpu.system) / chunks,
    },
    timer,
  };
}
