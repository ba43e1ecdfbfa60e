/**
 * The synth: what the way through a session, a worker and back costs beside
 * the bare renderer, and whether it keeps up with a listener.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { createSynth, type Synth } from "../../synth/mod.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { median } from "../harness/stats.ts";
import { CALL, PRESET, renderCall } from "./synth_call.ts";

/** The engines compile during the first rounds, which do not count. */
const WARM_UP = 12;
const ROUNDS = 24;
/**
 * Before each timed call, in milliseconds. A renderer leaves megabytes behind, and V8 marks them in threads of its own
 * when the call is over: on two processors that took a fifth of the time of whoever came next, in each round.
 */
const SETTLE_MS = 40;
const LIVE = { seconds: 60, blockFrames: 128, maxLatencyMs: 10 };

export default {
  id: "synth",
  title: "Synthesis",
  description:
    `The preset "${PRESET}" in stereo at 44.1 kHz. \`call\`: 8 s of it in one warm call through session and worker, in ` +
    "turn with the bare renderer in the main thread of the same process, which must give the same samples; the share " +
    "is the time of the renderer over that of the call. `first block`: from a request to the first block of 512 frames " +
    "of a cached graph. `live`: three notes for 60 s at the pace of their sound, in blocks of 128 frames with a latency " +
    "of at most 10 ms, so that two blocks are ahead. A block is slow if it took longer than it lasts, missed if the " +
    "engine had not rendered it when its turn came, and late if the listener did not have it before its time was over.",
  points(mode): readonly Point[] {
    const point = (of: string, rounds: number) => ({ params: { of }, contenders: ["streamrack"], rounds });
    const rounds = mode === "quick" ? 2 : 5;
    const always = [point("call", rounds), point("first block", rounds)];
    return mode === "quick" ? always : [...always, point("live", 1)];
  },
  async observe({ params }: ObserveOptions): Promise<Measured> {
    const synth = await createSynth();
    try {
      switch (params["of"]) {
        case "call":
          return await observeCall(synth);
        case "first block":
          return await observeFirstBlock(synth);
        default:
          return await observeLive(synth);
      }
    } finally {
      await synth.close();
    }
  },
} satisfies Case;

async function observeCall(synth: Synth): Promise<Measured> {
  const worker = new Worker(new URL("./synth_worker.ts", import.meta.url));
  try {
    const inWorker = () =>
      new Promise<Float32Array>((resolve, reject) => {
        worker.once("error", reject);
        worker.once("message", (samples) => {
          worker.off("error", reject);
          resolve(samples);
        });
        worker.postMessage(undefined);
      });
    const call = async () => (await synth.generateFromPreset(PRESET, CALL)).samples;
    const bareMs: number[] = [];
    const workerMs: number[] = [];
    const callMs: number[] = [];
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      const wanted = await timed(renderCall, bareMs);
      for (const [ask, times] of [[inWorker, workerMs], [call, callMs]] as const) {
        const samples = await timed(ask, times);
        const isSame = samples.length === wanted.length && samples.every((sample, i) => sample === wanted[i]);
        check(isSame, "the samples differ");
      }
    }
    // Neighbours see the same machine.
    const share = (times: readonly number[]) => median(callMs.map((ms, i) => (times[i] as number) / ms).slice(WARM_UP));
    const middleMs = median(callMs.slice(WARM_UP));
    return {
      metrics: {
        timesRealtime: 1000 * CALL.durationS / middleMs,
        callMs: middleMs,
        shareOfRenderer: share(bareMs),
        shareOfWorker: share(workerMs),
      },
    };
  } finally {
    await worker.terminate();
  }
}

async function timed(run: () => Promise<Float32Array>, times: number[]): Promise<Float32Array> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const startMs = performance.now();
  const samples = await run();
  times.push(performance.now() - startMs);
  return samples;
}

async function observeFirstBlock(synth: Synth): Promise<Measured> {
  const firstMs: number[] = [];
  for (let round = 0; round < WARM_UP + 2 * ROUNDS; round++) {
    const startMs = performance.now();
    let blocks = 0;
    // Read to its end: whoever leaves early ends the session, and the next request would open another.
    for await (const block of synth.streamFromPreset(PRESET, { durationS: 0.2, blockFrames: 512 })) {
      if (blocks++ > 0) continue;
      if (round >= WARM_UP) firstMs.push(performance.now() - startMs);
      check(block.length === 2 * 512, "the first block is short");
    }
    check(blocks === Math.ceil(0.2 * CALL.sampleRate / 512), "blocks are missing");
  }
  return { metrics: { firstBlockMs: median(firstMs) } };
}

async function observeLive(synth: Synth): Promise<Measured> {
  const { seconds, blockFrames, maxLatencyMs } = LIVE;
  const instrument = await synth.openInstrument(PRESET, { blockFrames, maxLatencyMs });
  for (const note of [45, 57, 64]) await instrument.noteOn(note);
  const blocks = instrument.blocks();
  const next = async () => check((await blocks.next()).value?.length === 2 * blockFrames, "a block is short");
  // Until the engine has compiled its kernels.
  for (let frames = 0; frames < 10 * CALL.sampleRate; frames += blockFrames) await next();
  const before = await instrument.status();
  const startMs = performance.now();
  const count = Math.floor(seconds * CALL.sampleRate / blockFrames);
  const blockMs = 1000 * blockFrames / CALL.sampleRate;
  let late = 0;
  for (let block = 0; block < count; block++) {
    const dueMs = startMs + block * blockMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    await next();
    if (performance.now() > dueMs + blockMs) late += 1;
  }
  const after = await instrument.status();
  check(after.renderedBlocks - before.renderedBlocks >= count, "blocks are missing");
  await blocks.return(undefined);
  await instrument.close();
  return {
    metrics: {
      lateBlocks: late,
      slowBlocks: after.slowBlocks - before.slowBlocks,
      missedBlocks: after.deadlineMisses - before.deadlineMisses,
      cpuLoad: after.cpuLoad,
    },
  };
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the benchmark is wrong: ${what}`);
}
