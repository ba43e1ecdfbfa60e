/**
 * `deno task faults`: the fault campaign, on each runtime in a process of its
 * own, which has to end by itself.
 *
 * @module
 */

import process from "node:process";
import { ROOT } from "./lib/files.ts";
import { type CampaignCounts, campaignTable, parseResult } from "./lib/campaign_report.ts";
import { runProcess } from "./lib/run_process.ts";
import { readFlags, Usage } from "./lib/flags.ts";
import { runScript } from "./lib/run_script.ts";
import { findRunner, TEST_RUNTIMES } from "./lib/test_runtimes.ts";

const USAGE = `usage: deno task faults [options]
  --runtime deno|bun|node|all  where to run (default: all)
  --rounds <count>             rounds on each runtime (default: 1000)
  --seed <number>              that of the first round; the next has the next one (default: by the clock)
  --minutes <number>           how long on each runtime at most (default: 10)
  --lanes <count>              rounds at a time (default: 2)`;

/** How long the program may take to start, and to end when its time is up, in milliseconds. */
const SLACK_MS = 180_000;

async function main(args: string[]): Promise<number> {
  const values = readFlags(args, USAGE, {
    runtime: { type: "string", default: "all" },
    rounds: { type: "string", default: "1000" },
    seed: { type: "string", default: String(Math.floor(Date.now() / 1000)) },
    minutes: { type: "string", default: "10" },
    lanes: { type: "string", default: "2" },
  });
  const runtimes = TEST_RUNTIMES.filter((name) => values.runtime === "all" || values.runtime === name);
  const { rounds, seed, minutes, lanes } = values;
  if (runtimes.length === 0 || ![rounds, minutes, lanes].every((text) => Number(text) > 0) || !(Number(seed) >= 0)) {
    throw new Usage(USAGE);
  }
  const counts: CampaignCounts[] = [];
  for (const runtime of runtimes) {
    const { command, env } = await findRunner(runtime);
    const flags = runtime === "deno" ? ["run", "-A", "--no-check"] : [];
    const options = Object.entries({ rounds, seed, minutes, lanes }).flatMap(([name, value]) => [`--${name}`, value]);
    console.error(`${runtime}: from seed ${seed}…`);
    const ended = await runProcess({
      command,
      args: [...flags, "tests/faults/campaign/main.ts", ...options],
      cwd: ROOT,
      env,
      deadlineMs: Number(minutes) * 60_000 + SLACK_MS,
    });
    const result = parseResult(ended.stdout);
    counts.push({ runtime, ending: ended.ending, ok: ended.ok, result });
    if (result === undefined) console.error(ended.output);
  }
  console.log(campaignTable(counts));
  for (const { runtime, ok, ending, result } of counts) {
    for (const { seed, message } of result?.breaches ?? []) {
      console.log(`\n${runtime}: ${message}\nAgain: deno task faults --runtime ${runtime} --rounds 1 --seed ${seed}`);
    }
    if (!ok) console.log(`\n${runtime}: ${ending}`);
  }
  return counts.every(({ ok, result }) => ok && result?.breaches.length === 0) ? 0 : 1;
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
