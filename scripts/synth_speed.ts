/**
 * `deno task synth:speed`: how fast each preset of the synth is rendered, as
 * a multiple of real time.
 *
 * The bare renderer plays 8 s of the phrase of the preset's role, in stereo at
 * 44.1 kHz, all presets one after the other in one thread, round after round.
 * Counted is the time of the processor, not that of the clock.
 * Node and Bun run this file as well: `node scripts/synth_speed.ts`.
 *
 * @module
 */

import process from "node:process";
import { decidePreset } from "../plugins/synth/engine/decide.ts";
import { engine } from "../plugins/synth/engine/engine.ts";
import { Performance, type Score } from "../plugins/synth/engine/performance.ts";
import { PresetRequestSchema } from "../plugins/synth/engine/requests.ts";
import { PRESETS } from "../plugins/synth/generated/presets.ts";
import { parse } from "../plugins/synth/graph/problems.ts";
import { readFlags, Usage } from "./lib/flags.ts";
import { runScript } from "./lib/run_script.ts";

const DURATION_S = 8;
/** In which the runtime compiles the kernels; they do not count. */
const WARM_UP_ROUNDS = 2;
const USAGE = `usage: deno task synth:speed [options]
  --below <number>   show only presets that are rendered at less than so many times real time
  --rounds <number>  how often each is rendered (default: 5); the median counts
  --json             print JSON`;

interface Speed {
  readonly presetId: string;
  readonly role: string;
  readonly timesRealtime: number;
}

async function main(args: string[]): Promise<number> {
  const values = readFlags(args, USAGE, {
    below: { type: "string", default: "Infinity" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  });
  const [rounds, below] = [Number(values.rounds), Number(values.below)];
  if (!(Number.isInteger(rounds) && rounds > 0) || !(below > 0)) throw new Usage(USAGE);
  const speeds = await measure(rounds);
  const shown = speeds.filter(({ timesRealtime }) => timesRealtime < below);
  if (values.json) console.log(JSON.stringify(shown, undefined, 2));
  else console.log(render(shown, speeds));
  return 0;
}

/** The speed of each preset, the slowest first. */
async function measure(rounds: number): Promise<Speed[]> {
  const scores = await Promise.all(PRESETS.map(async ({ id, role }) => {
    const request = { preset: id, durationS: DURATION_S, play: "phrase" };
    const { score } = await decidePreset(parse(PresetRequestSchema, request, "request"), engine);
    return { presetId: id, role, score, tookMs: [] as number[] };
  }));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    process.stderr.write(`\r${round < 0 ? "warming up" : `${round + 1} of ${rounds}`} `);
    for (const { score, tookMs } of scores) {
      const ms = timeOf(score);
      if (round >= 0) tookMs.push(ms);
    }
  }
  process.stderr.write("\r\x1b[K");
  return scores.map(({ presetId, role, tookMs }) => {
    const median = tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length / 2)] as number;
    return { presetId, role, timesRealtime: Math.round(1000 * DURATION_S / median) };
  }).sort((a, b) => a.timesRealtime - b.timesRealtime);
}

/** The time of the processor, in milliseconds: what else runs on the machine does not count. */
function timeOf(score: Score): number {
  const start = process.cpuUsage();
  new Performance(score).render(new Float32Array(score.channels * score.frames));
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function render(shown: readonly Speed[], all: readonly Speed[]): string {
  const lines = shown.map(({ presetId, role, timesRealtime }) =>
    `${`${timesRealtime} x`.padStart(7)}  ${presetId} (${role})`
  );
  const middle = all[Math.floor(all.length / 2)]?.timesRealtime;
  return [...lines, `median of ${all.length} presets: ${middle} times real time`].join("\n");
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
