/**
 * How fast the synth is: `deno run -A bench/synth/speed.ts [--json]`, or with
 * `node` or `bun`. All figures are ratios or percentiles of one run; results
 * are checked before they count.
 *
 * - `renderer`: a typical stereo preset at 44.1 kHz, bare, as a multiple of real time;
 * - `node`: the same graph through the plugin in a worker, over the bare renderer;
 * - `eightSeconds`: one warm call for 8 s, in ms and over the bare renderer's time;
 * - `firstBlock`: from the command to the first block of a cached graph, in ms;
 * - `live`: 60 s in real-time mode at 128 samples: load and deadline misses.
 *
 * @module
 */

import process from "node:process";
import { decidePreset } from "../../plugins/synth/engine/decide.ts";
import { engine } from "../../plugins/synth/engine/engine.ts";
import { Performance } from "../../plugins/synth/engine/performance.ts";
import { PresetRequestSchema } from "../../plugins/synth/engine/requests.ts";
import { parse } from "../../plugins/synth/graph/problems.ts";
import { createSynth } from "../../synth/mod.ts";

const PRESET = "classic-saw-lead";
const SECONDS = 8;
const RATE = 44_100;
const ROUNDS = 24;
/** Rounds in which the engines still compile. */
const WARM_UP = 8;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the benchmark is wrong: ${what}`);
}

/** One case of the speed of the synth; each gives figures by name. */
export async function synthSpeed(): Promise<{ readonly [figure: string]: number }> {
  const options = { durationS: SECONDS, play: "phrase", sampleRate: RATE } as const;
  const { score } = await decidePreset(parse(PresetRequestSchema, { preset: PRESET, ...options }, "request"), engine);
  let bare = new Float32Array(0);
  const synth = await createSynth();
  try {
    const bareMs: number[] = [];
    const callMs: number[] = [];
    // Alternated, so that both see the same machine. Both have warmed up when it counts.
    for (let round = 0; round < ROUNDS; round++) {
      let startMs = performance.now();
      // A new array, as whoever asks for audio gets one.
      bare = new Float32Array(2 * SECONDS * RATE);
      new Performance(score).render(bare);
      if (round >= WARM_UP) bareMs.push(performance.now() - startMs);
      startMs = performance.now();
      const { samples } = await synth.generateFromPreset(PRESET, options);
      if (round >= WARM_UP) callMs.push(performance.now() - startMs);
      check(samples.length === bare.length && samples.every((sample, i) => sample === bare[i]), "the samples differ");
    }

    const firstMs: number[] = [];
    for (let round = 0; round < 40; round++) {
      const startMs = performance.now();
      let isFirst = true;
      // Read to its end: leaving early would end the session, and the next one would have to be opened.
      for await (const block of synth.streamFromPreset(PRESET, { durationS: 0.2, blockFrames: 512 })) {
        if (isFirst) firstMs.push(performance.now() - startMs);
        check(!isFirst || block.length === 1024, "the first block is short");
        isFirst = false;
      }
    }

    const instrument = await synth.openInstrument(PRESET, { blockFrames: 128 });
    for (const note of [45, 57, 64]) await instrument.noteOn(note);
    const before = await instrument.status();
    let blocks = 0;
    for await (const _ of instrument.blocks()) if (++blocks * 128 >= 60 * RATE) break;
    const after = await instrument.status();
    check(after.renderedBlocks - before.renderedBlocks >= blocks, "blocks are missing");
    await instrument.close();

    return {
      rendererTimesRealtime: 1000 * SECONDS / median(bareMs),
      nodeOverRenderer: median(bareMs) / median(callMs),
      eightSecondsMs: median(callMs),
      eightSecondsOverRenderer: median(callMs) / median(bareMs),
      firstBlockP50Ms: median(firstMs),
      liveLoad: after.cpuLoad,
      liveDeadlineMisses: after.deadlineMisses - before.deadlineMisses,
    };
  } finally {
    await synth.close();
  }
}

if (import.meta.main) {
  const figures = await synthSpeed();
  if (process.argv.includes("--json")) console.log(JSON.stringify(figures));
  else for (const [name, value] of Object.entries(figures)) console.log(name.padEnd(28), value.toPrecision(4));
}
