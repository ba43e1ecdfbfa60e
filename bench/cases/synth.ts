/**
 * The synth: what the way through a session, a worker and back costs beside
 * the bare renderer, and whether it keeps up with a listener.
 *
 * @module
 */

import { decidePreset } from "../../plugins/synth/engine/decide.ts";
import { engine } from "../../plugins/synth/engine/engine.ts";
import { Performance } from "../../plugins/synth/engine/performance.ts";
import { PresetRequestSchema } from "../../plugins/synth/engine/requests.ts";
import { parse } from "../../plugins/synth/graph/problems.ts";
import { createSynth, type Synth } from "../../synth/mod.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { median } from "../harness/stats.ts";

/** As fast as the median of all presets. */
const PRESET = "classic-saw-lead";
const RATE = 44_100;
const CALL = { durationS: 8, play: "phrase", sampleRate: RATE } as const;
/** The engines compile during the first rounds, which do not count. */
const WARM_UP = 12;
const ROUNDS = 24;
const LIVE = { seconds: 60, blockFrames: 128, bufferMs: 10 };

export default {
  id: "synth",
  title: "Synthesis",
  description:
    `The preset "${PRESET}" in stereo at 44.1 kHz. \`call\`: 8 s of it in one warm call through session and worker, in ` +
    "turn with the bare renderer in the main thread of the same process, which must give the same samples; the share " +
    "is the time of the renderer over that of the call. `first block`: from a request to the first block of 512 frames " +
    "of a cached graph. `live`: three notes for 60 s at the pace of their sound, in blocks of 128 frames with 10 ms in " +
    "hand; a block is late if it is not there when its turn comes, and missed if it took longer than it lasts.",
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
  const { score } = await decidePreset(parse(PresetRequestSchema, { preset: PRESET, ...CALL }, "request"), engine);
  const callMs: number[] = [];
  const bareMs: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    let startMs = performance.now();
    // A new array, as whoever asks for audio gets one.
    const bare = new Float32Array(score.channels * score.frames);
    new Performance(score).render(bare);
    if (round >= WARM_UP) bareMs.push(performance.now() - startMs);
    startMs = performance.now();
    const { samples } = await synth.generateFromPreset(PRESET, CALL);
    if (round >= WARM_UP) callMs.push(performance.now() - startMs);
    check(samples.length === bare.length && samples.every((sample, i) => sample === bare[i]), "the samples differ");
  }
  return {
    metrics: {
      timesRealtime: 1000 * CALL.durationS / median(callMs),
      callMs: median(callMs),
      // Neighbours see the same machine.
      shareOfRenderer: median(bareMs.map((bare, i) => bare / (callMs[i] as number))),
    },
  };
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
    check(blocks === Math.ceil(0.2 * RATE / 512), "blocks are missing");
  }
  return { metrics: { firstBlockMs: median(firstMs) } };
}

async function observeLive(synth: Synth): Promise<Measured> {
  const { seconds, blockFrames, bufferMs } = LIVE;
  const instrument = await synth.openInstrument(PRESET, { blockFrames });
  for (const note of [45, 57, 64]) await instrument.noteOn(note);
  const blocks = instrument.blocks();
  const next = async () => check((await blocks.next()).value?.length === 2 * blockFrames, "a block is short");
  // Until the engine has compiled its kernels.
  for (let frames = 0; frames < 10 * RATE; frames += blockFrames) await next();
  const before = await instrument.status();
  const startMs = performance.now();
  const count = Math.floor(seconds * RATE / blockFrames);
  let late = 0;
  for (let block = 0; block < count; block++) {
    const dueMs = startMs + 1000 * block * blockFrames / RATE;
    const waitMs = dueMs - bufferMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    await next();
    if (performance.now() > dueMs + bufferMs) late += 1;
  }
  const after = await instrument.status();
  check(after.renderedBlocks - before.renderedBlocks >= count, "blocks are missing");
  await blocks.return(undefined);
  await instrument.close();
  return {
    metrics: {
      lateBlocks: late,
      missedBlocks: after.deadlineMisses - before.deadlineMisses,
      cpuLoad: after.cpuLoad,
    },
  };
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the benchmark is wrong: ${what}`);
}
