/**
 * `deno task fuzz:links`: hostile workers against the host's links and control
 * ports, on each runtime in a process of its own, which has to end by itself.
 *
 * @module
 */

import process from "node:process";
import { ROOT } from "./lib/files.ts";
import { runProcess } from "./lib/run_process.ts";
import { readFlags, Usage } from "./lib/flags.ts";
import { runScript } from "./lib/run_script.ts";
import { findRunner, TEST_RUNTIMES } from "./lib/test_runtimes.ts";

const USAGE = `usage: deno task fuzz:links [options]
  --runtime deno|bun|node|all  where to run (default: all)
  --rounds <count>             sessions with a hostile worker on each runtime; 5 rounds of a ring for each (default: 400)
  --seed <number>              that of the first round; the next has the next one (default: 1)
  --minutes <number>           how long on each runtime at most (default: 30)`;

async function main(args: string[]): Promise<number> {
  const values = readFlags(args, USAGE, {
    runtime: { type: "string", default: "all" },
    rounds: { type: "string", default: "400" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "30" },
  });
  const { rounds, seed, minutes } = values;
  const runtimes = TEST_RUNTIMES.filter((name) => values.runtime === "all" || values.runtime === name);
  if (runtimes.length === 0 || ![rounds, minutes].every((text) => Number(text) > 0) || !(Number(seed) >= 0)) {
    throw new Usage(USAGE);
  }
  let isOk = true;
  for (const runtime of runtimes) {
    const { command, env } = await findRunner(runtime);
    const flags = runtime === "deno" ? ["run", "-A", "--no-check"] : [];
    console.error(`${runtime}: from seed ${seed}…`);
    const { ok, ending, output } = await runProcess({
      command,
      args: [...flags, "tests/security/fuzz_links.ts", "--rounds", rounds, "--seed", seed],
      cwd: ROOT,
      env,
      deadlineMs: Number(minutes) * 60_000,
    });
    console.log(`== ${runtime}: ${ending}\n${output.trimEnd()}`);
    isOk &&= ok;
  }
  return isOk ? 0 : 1;
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
