/**
 * Memory: of open sessions, of workers, and over many chunks.
 *
 * @module
 */

import { createRuntime, RuntimeData, type Session } from "../../mod.ts";
import { PACKAGES } from "../contenders/catalog.ts";
import { BENCH_PLUGIN, rowManifest, sessionPump } from "../contenders/streamrack.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { bufferBytes, collectWhole, heapBytes, requireAllocationCounts, settledRss } from "../harness/memory.ts";
import { loadContender, makeChunks } from "../harness/pipes.ts";
import { median, slope } from "../harness/stats.ts";

const SAMPLES_PER_CHUNK = 480;
const THREE_FUSED = rowManifest({ stages: 3, fused: true });

export default {
  id: "memory",
  title: "Memory",
  description: "`idle session`: resident memory of one more open session with three nodes in one worker, over 500 of " +
    "them beside 1500 others; `fresh` ones have carried nothing yet, `used` ones a second of audio. `worker`: resident memory of one more " +
    "worker. `allocations`: what the main thread allocates to send a chunk that it keeps (`copy: true`), over and over. " +
    "`growth`: the slope of memory while chunks go through, after 100 000 to warm up.",
  points(mode): readonly Point[] {
    const ours = (params: Point["params"], rounds: number): Point => ({ params, contenders: ["streamrack"], rounds });
    const quick = mode === "quick";
    return [
      ours({ of: "idle session", state: "fresh" }, quick ? 1 : 3),
      ours({ of: "idle session", state: "used" }, quick ? 1 : 3),
      ...(quick ? [] : [{ params: { of: "worker" }, contenders: ["streamrack", "port", ...PACKAGES], rounds: 1 }]),
      ours({ of: "allocations" }, quick ? 1 : 2),
      ours({ of: "growth", chunks: quick ? 150_000 : 1_000_000 }, 1),
    ];
  },
  observe({ contender, params }: ObserveOptions): Promise<Measured> {
    switch (params["of"]) {
      case "idle session":
        return observeIdleSessions(params["state"] === "used");
      case "worker":
        return observeWorkers(contender);
      case "allocations":
        return observeAllocations();
      default:
        return observeGrowth(Number(params["chunks"]));
    }
  },
} satisfies Case;

async function observeIdleSessions(used: boolean): Promise<Measured> {
  const [warm, more] = [1500, 500];
  const runtime = await createRuntime({ plugins: [BENCH_PLUGIN], maxThreads: 1, tasksPerThread: warm + more });
  const sessions: Session[] = [];
  const open = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const session = await runtime.open(THREE_FUSED);
      if (used) await sessionPump(session)(makeChunks(16, SAMPLES_PER_CHUNK), 100);
      sessions.push(session);
    }
  };
  // The first ones pay for what all share: code, the allocator's pages, and the young generations of both heaps, which
  // grow up to a bound.
  await open(warm);
  const before = await settledRss();
  await open(more);
  const after = await settledRss();
  if (sessions.some(({ state }) => state !== "open")) throw new Error("a session has ended");
  await runtime.close();
  return { metrics: { kibPerSession: (after - before) / more / 1024 } };
}

async function observeWorkers(name: string): Promise<Measured> {
  const more = 4;
  const contender = await loadContender(name);
  const first = await contender.open({ stages: 1, samplesPerChunk: SAMPLES_PER_CHUNK, window: 16 });
  const before = await settledRss();
  const others = await contender.open({ stages: more, samplesPerChunk: SAMPLES_PER_CHUNK, window: 16 });
  const after = await settledRss();
  await others.close();
  await first.close();
  return { metrics: { mibPerWorker: (after - before) / more / 1024 ** 2 } };
}

/** Few enough that no collection comes in between, which would hide what was allocated. */
const SENDS_PER_COUNT = 100;

async function observeAllocations(): Promise<Measured> {
  await requireAllocationCounts();
  const runtime = await createRuntime({ plugins: [BENCH_PLUGIN] });
  const session = await runtime.open({ version: "v1", nodes: [{ id: "count", node_type: "bench.count" }] });
  const audio = RuntimeData.audio({ samples: new Float32Array(SAMPLES_PER_CHUNK), sampleRate: 48_000 });
  const sendSome = async () => {
    for (let i = 0; i < SENDS_PER_COUNT; i++) await session.send(audio, { copy: true });
  };
  for (let i = 0; i < 100; i++) await sendSome();
  const buffers: number[] = [];
  const heap: number[] = [];
  for (let i = 0; i < 40; i++) {
    await collectWhole();
    const [buffersBefore, heapBefore] = [bufferBytes(), heapBytes()];
    await sendSome();
    buffers.push((bufferBytes() - buffersBefore) / SENDS_PER_COUNT);
    heap.push((heapBytes() - heapBefore) / SENDS_PER_COUNT);
  }
  await session.finish();
  const counted = (await session[Symbol.asyncIterator]().next()).value?.data;
  if (JSON.stringify(counted) !== JSON.stringify(RuntimeData.json(140 * SENDS_PER_COUNT))) {
    throw new Error(`the node counted ${JSON.stringify(counted)}`);
  }
  await runtime.close();
  return { metrics: { bufferBytesPerChunk: median(buffers), heapBytesPerChunk: median(heap) } };
}

async function observeGrowth(chunks: number): Promise<Measured> {
  const runtime = await createRuntime({ plugins: [BENCH_PLUGIN] });
  const session = await runtime.open(rowManifest({ stages: 1 }));
  const pump = sessionPump(session);
  const buffers = makeChunks(16, SAMPLES_PER_CHUNK);
  await pump(buffers, 100_000);
  const steps = 20;
  const positions: number[] = [];
  const rss: number[] = [];
  const heap: number[] = [];
  for (let step = 0; step <= steps; step++) {
    if (step > 0) await pump(buffers, chunks / steps);
    rss.push(await settledRss());
    heap.push(heapBytes());
    positions.push(step * chunks / steps);
  }
  await runtime.close();
  return {
    metrics: { rssBytesPerChunk: slope(positions, rss), heapBytesPerChunk: slope(positions, heap) },
  };
}
