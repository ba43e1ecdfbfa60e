/**
 * `deno task gate`: every static check, all of them even if one fails, so that
 * one run shows all that is left to do. `deno task ok` adds the tests.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { findFiles, ROOT } from "./lib/files.ts";
import { runProcess } from "./lib/run_process.ts";
import { runScript } from "./lib/run_script.ts";
import { runtimePath } from "./toolchain.ts";

/** All checks together; with the 15 minutes of the tests, `.ci/run` stays below 20. */
const WHOLE_DEADLINE_MS = 240_000;

interface Step {
  readonly name: string;
  /** Arguments of deno. */
  readonly args: readonly string[];
  /** What to do when it fails, if its own output does not say so. */
  readonly remedy?: string;
}

async function listSteps(): Promise<Step[]> {
  const checks = await findFiles("scripts", (path) => /^scripts\/check_[^/]*\.ts$/.test(path));
  const sources = await findFiles("", (path) => /^(core|workers|testing|plugins|remote)\/.*\.ts$|^mod\.ts$/.test(path));
  const hasExample = async (file: string) => (await readFile(join(ROOT, file), "utf8")).includes("\n * ```ts");
  const withExamples = (await Promise.all(sources.map(async (file) => await hasExample(file) ? [file] : []))).flat();
  return [
    { name: "format", args: ["fmt", "--check", "--quiet"], remedy: "deno fmt" },
    { name: "lint", args: ["lint", "--quiet"] },
    { name: "types", args: ["check", "--quiet", "."] },
    ...checks.map((path) => ({
      name: path.slice("scripts/check_".length, -".ts".length),
      args: ["run", "--quiet", "-A", path],
    })),
    { name: "examples in docstrings", args: ["test", "--quiet", "--doc", "-A", ...withExamples] },
  ];
}

async function main(args: string[]): Promise<number> {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  const steps = (await listSteps()).filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  if (steps.length === 0) {
    console.error(`no such check: ${positionals.join(", ")}`);
    return 2;
  }
  const command = await runtimePath("deno");
  const endMs = performance.now() + WHOLE_DEADLINE_MS;
  const failed: string[] = [];
  for (const { name, args: stepArgs, remedy } of steps) {
    const deadlineMs = Math.max(1, endMs - performance.now());
    const result = await runProcess({ command, args: stepArgs, cwd: ROOT, env: { NO_COLOR: "1" }, deadlineMs });
    console.log(`${result.ok ? "ok    " : "FAILED"}  ${name} (${(result.elapsedMs / 1000).toFixed(1)} s)`);
    if (result.ok) continue;
    failed.push(name);
    console.log(
      `\n${result.output.trimEnd()}\n(${result.ending})${remedy === undefined ? "" : `  To mend it: ${remedy}`}\n`,
    );
  }
  console.log(failed.length === 0 ? "\nall checks hold" : `\nchecks that failed: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
