/**
 * `deno task fuzz:audio`: the long form of the fuzz of the decoders, on each
 * runtime in a process of its own.
 *
 * @module
 */

import process from "node:process";
import { FILE_FORMATS, type FileFormat } from "../audio/mod.ts";
import { ROOT } from "./lib/files.ts";
import { runProcess } from "./lib/run_process.ts";
import { readFlags, Usage } from "./lib/flags.ts";
import { runScript } from "./lib/run_script.ts";
import { findRunner, TEST_RUNTIMES } from "./lib/test_runtimes.ts";

const USAGE = `usage: deno task fuzz:audio [options]
  --runtime deno|bun|node|all  where to run (default: all)
  --mutations <count>          damaged files of each format on each runtime (default: 2000)
  --seed <number>              what they are drawn from (default: 1)
  --format <format>            one of ${FILE_FORMATS.join(", ")}; repeatable (default: all)
  --minutes <number>           how long on each runtime at most (default: 60)`;

async function main(args: string[]): Promise<number> {
  const values = readFlags(args, USAGE, {
    runtime: { type: "string", default: "all" },
    mutations: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    format: { type: "string", multiple: true, default: [...FILE_FORMATS] },
    minutes: { type: "string", default: "60" },
  });
  const { mutations, seed, minutes, format } = values;
  const runtimes = TEST_RUNTIMES.filter((name) => values.runtime === "all" || values.runtime === name);
  const areKnown = runtimes.length > 0 && format.every((each) => FILE_FORMATS.includes(each as FileFormat));
  if (!areKnown || ![mutations, minutes].every((text) => Number(text) > 0) || !(Number(seed) >= 0)) {
    throw new Usage(USAGE);
  }
  let isOk = true;
  for (const runtime of runtimes) {
    const { command, env, version } = await findRunner(runtime);
    const flags = runtime === "deno" ? ["run", "-A", "--no-check"] : [];
    console.error(`${runtime} ${version}: ${mutations} mutations of each of ${format.join(", ")}…`);
    const { ok, ending, output } = await runProcess({
      command,
      args: [...flags, "tests/audio/fuzz_audio.ts", "--mutations", mutations, "--seed", seed, ...format],
      cwd: ROOT,
      env,
      deadlineMs: Number(minutes) * 60_000,
    });
    console.log(`== ${runtime} ${version}: ${ending}\n${output.trimEnd()}`);
    isOk &&= ok;
  }
  return isOk ? 0 : 1;
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
