/**
 * `deno task load`: many streams at a pace on a service, on each runtime in a
 * process of its own.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { ROOT } from "./lib/files.ts";
import { runProcess } from "./lib/run_process.ts";
import { runScript } from "./lib/run_script.ts";
import { findRunner, TEST_RUNTIMES } from "./lib/test_runtimes.ts";

/** Much longer than anybody measures. */
const DEADLINE_MS = 3_600_000;

async function main(args: string[]): Promise<number> {
  // The other options are those of the program that is run.
  const { values, tokens } = parseArgs({
    args,
    options: { runtime: { type: "string", default: "deno" } },
    strict: false,
    tokens: true,
  });
  const runtimes = TEST_RUNTIMES.filter((name) => values.runtime === "all" || values.runtime === name);
  if (runtimes.length === 0) {
    console.error("--runtime takes deno, bun, node or all; for the other options: deno task load --help");
    return 2;
  }
  const own = tokens.find((token) => token.kind === "option" && token.name === "runtime");
  const others = args.filter((_, i) =>
    own === undefined || i < own.index || i > own.index + (args[own.index]?.includes("=") === true ? 0 : 1)
  );
  let isOk = true;
  for (const runtime of runtimes) {
    const { command, env } = await findRunner(runtime);
    const flags = runtime === "deno" ? ["run", "-A", "--no-check"] : [];
    const { ok, output } = await runProcess({
      command,
      args: [...flags, "bench/remote/load.ts", ...others],
      cwd: ROOT,
      env,
      deadlineMs: DEADLINE_MS,
    });
    if (runtimes.length > 1) console.error(`${runtime}:`);
    console.log(output.trimEnd());
    isOk &&= ok;
  }
  return isOk ? 0 : 1;
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
