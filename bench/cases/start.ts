/**
 * From nothing to the first chunk.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { type AudioData, createRuntime, type Runtime, RuntimeData, type Session } from "../../mod.ts";
import { PACKAGES } from "../contenders/catalog.ts";
import { BENCH_PLUGIN, rowManifest } from "../contenders/streamrack.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { timeTask } from "../harness/measure.ts";
import { checkPipe, loadContender, makeChunks } from "../harness/pipes.ts";

const CHECK = { stages: 1, samplesPerChunk: 480, window: 1 };

export default {
  id: "start",
  title: "Start",
  description:
    "`cold`: in a fresh process, with the packages of the main thread loaded, from the first call until the " +
    "first chunk is back; one start per process. For Streamrack that is `createRuntime`, which describes the plugin in " +
    "a worker, `open`, and a chunk. `warm`: `open` of a plugin whose worker runs, until the first chunk is back.",
  points(mode): readonly Point[] {
    const quick = mode === "quick";
    const cold = quick ? ["streamrack", "worker"] : ["streamrack", "worker", "port", ...PACKAGES];
    return [
      { params: { start: "cold" }, contenders: cold, rounds: quick ? 3 : 5 },
      { params: { start: "warm" }, contenders: ["streamrack"], rounds: quick ? 2 : 3 },
    ];
  },
  observe({ contender, params }: ObserveOptions): Promise<Measured> {
    if (params["start"] === "warm") return observeWarm();
    return contender === "worker" ? observeBareWorker() : observeCold(contender);
  },
} satisfies Case;

async function observeCold(name: string): Promise<Measured> {
  const contender = await loadContender(name);
  let close = () => Promise.resolve();
  const run = async () => {
    const pipe = await contender.open(CHECK);
    close = () => pipe.close();
    await checkPipe(pipe, contender, CHECK);
  };
  const { latency, timer } = await timeTask({ run, timeMs: 0, iterations: 1, warmupMs: 0 });
  await close();
  return { metrics: { firstChunkMs: latency.p50 }, timer };
}

async function observeBareWorker(): Promise<Measured> {
  let worker: Worker | undefined;
  const { port1, port2 } = new MessageChannel();
  const run = async () => {
    const pump = (buffers: Float32Array<ArrayBuffer>[]) =>
      new Promise<void>((resolve, reject) => {
        port1.onmessage = ({ data }) => {
          buffers[0] = data;
          resolve();
        };
        const [samples] = buffers as [Float32Array<ArrayBuffer>];
        worker = new Worker(new URL("./start_worker.ts", import.meta.url));
        worker.once("error", reject);
        worker.postMessage({ samples, port: port2 }, [port2, samples.buffer] as never);
      });
    await checkPipe({ pump, close: () => Promise.resolve() }, { moves: () => true }, CHECK);
  };
  const { latency, timer } = await timeTask({ run, timeMs: 0, iterations: 1, warmupMs: 0 });
  await worker?.terminate();
  port1.close();
  return { metrics: { firstChunkMs: latency.p50 }, timer };
}

async function observeWarm(): Promise<Measured> {
  const runtime = await createRuntime({ plugins: [BENCH_PLUGIN] });
  let session: Session | undefined;
  const { latency, timer } = await timeTask({
    async run() {
      session = await openToFirstChunk(runtime);
    },
    // Not timed: the end of the session that was just opened.
    after: async () => await session?.cancel(),
    timeMs: 300,
    iterations: 30,
    warmupMs: 200,
  });
  await runtime.close();
  return { metrics: { firstChunkMs: latency.p50, p99Ms: latency.p99 }, timer };
}

async function openToFirstChunk(runtime: Runtime): Promise<Session> {
  const [samples] = makeChunks(1, CHECK.samplesPerChunk) as [Float32Array<ArrayBuffer>];
  const first = -(samples[0] as number);
  const session = await runtime.open(rowManifest({ stages: 1 }));
  await session.send(RuntimeData.audio({ samples, sampleRate: 48_000 }));
  const audio = (await session[Symbol.asyncIterator]().next()).value?.data as AudioData;
  if (audio.samples[0] !== first) throw new Error(`the first sample came back as ${audio.samples[0]}`);
  return session;
}
