/**
 * `deno task fuzz`: messages that nobody would send to the gRPC service, on
 * each runtime in a process of its own, which has to end by itself.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { ROOT } from "./lib/files.ts";
import { runProcess } from "./lib/run_process.ts";
import { runScript } from "./lib/run_script.ts";
import { findRunner, TEST_RUNTIMES } from "./lib/test_runtimes.ts";

const USAGE = `usage: deno task fuzz [options]
  --runtime deno|bun|node|all  where to run (default: all)
  --messages <count>           how many on each runtime (default: 20000)
  --seed <number>              what decides about all of them (default: 1)
  --minutes <number>           how long on each runtime at most (default: 30)
  --help                       show this`;

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      runtime: { type: "string", default: "all" },
      messages: { type: "string", default: "20000" },
      seed: { type: "string", default: "1" },
      minutes: { type: "string", default: "30" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  const { messages, seed, minutes } = values;
  const runtimes = TEST_RUNTIMES.filter((name) => values.runtime === "all" || values.runtime === name);
  if (runtimes.length === 0 || ![messages, minutes].every((text) => Number(text) > 0) || !(Number(seed) >= 0)) {
    console.error(USAGE);
    return 2;
  }
  let isOk = true;
  for (const runtime of runtimes) {
    const { command, env } = await findRunner(runtime);
    const flags = runtime === "deno" ? ["run", "-A", "--no-check"] : [];
    const { ok, ending, output } = await runProcess({
      command,
      args: [...flags, "tests/remote/fuzz_wire.ts", "--messages", messages, "--seed", seed],
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
