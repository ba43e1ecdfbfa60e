/**
 * `deno task soak`: a steady load for some minutes, on one runtime after the
 * other, and how memory grows under it.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { ROOT } from "./lib/files.ts";
import { readFlags, Usage } from "./lib/flags.ts";
import { runScript } from "./lib/run_script.ts";
import { findRunner, TEST_RUNTIMES, type TestRuntime } from "./lib/test_runtimes.ts";

const USAGE = `usage: deno task soak [options]
  --minutes <number>           how long on each runtime (default: 1)
  --every <seconds>            how often memory is looked at (default: 10)
  --runtime deno|bun|node|all  where to run (default: all)
It prints the slopes of RSS and heap after the first 30 % of the time, in kB/min, each with its standard error.`;

interface SoakResult {
  readonly lost: readonly string[];
  readonly points: number;
  readonly rss?: { readonly slope: number; readonly standardError: number | null };
  readonly heap?: SoakResult["rss"];
}

async function main(args: string[]): Promise<number> {
  const values = readFlags(args, USAGE, {
    minutes: { type: "string", default: "1" },
    every: { type: "string", default: "10" },
    runtime: { type: "string", default: "all" },
  });
  const { minutes, every } = values;
  const runtimes = TEST_RUNTIMES.filter((name) => values.runtime === "all" || values.runtime === name);
  if (runtimes.length === 0 || !(Number(minutes) > 0) || !(Number(every) > 0)) throw new Usage(USAGE);
  const lines: string[] = [];
  let isWell = true;
  for (const runtime of runtimes) {
    console.log(`${runtime}:`);
    const { code, last } = await soak(runtime, ["--minutes", minutes, "--every", every]);
    isWell &&= code === 0;
    lines.push(code === 0 ? describe(runtime, JSON.parse(last)) : `${runtime}: FAILED (exit code ${code}) ${last}`);
  }
  console.log(lines.join("\n"));
  return isWell ? 0 : 1;
}

function describe(runtime: TestRuntime, { rss, heap, lost, points }: SoakResult): string {
  const show = (slope: SoakResult["rss"]) =>
    slope === undefined ? "unknown" : `${slope.slope.toFixed(1)} ± ${slope.standardError?.toFixed(1) ?? "?"} kB/min`;
  return `${runtime}: RSS ${show(rss)}, heap ${show(heap)} (${points} points), ${lost.length} values lost`;
}

/** Runs it, showing what it prints meanwhile. */
async function soak(runtime: TestRuntime, options: readonly string[]): Promise<{ code: number | null; last: string }> {
  const { command, env } = await findRunner(runtime);
  const flags = runtime === "deno" ? ["run", "-A", "--no-check"] : [];
  const child = spawn(command, [...flags, "tests/faults/campaign/soak.ts", ...options], {
    cwd: ROOT,
    env: { ...process.env, ...env } as Record<string, string>,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    for (const line of text.split("\n")) if (line !== "" && !line.startsWith("{")) console.log(`  ${line}`);
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  return { code, last: output.trimEnd().split("\n").at(-1) ?? "" };
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
