/**
 * What the two commands have in common.
 *
 * @module
 */

import process from "node:process";
import { BENCH_RUNTIMES, type BenchRuntime } from "./case.ts";
import { paramsKey } from "./report.ts";
import type { Planned } from "./schedule.ts";

/** The runtimes that `--runtime` names. @throws {Error} If it names none. */
export function readRuntimes(value: string): readonly BenchRuntime[] {
  const runtimes = BENCH_RUNTIMES.filter((name) => value === "all" || value === name);
  if (runtimes.length === 0) throw new Error(`--runtime ${value}: expected deno, bun, node or all`);
  return runtimes;
}

/** Says on standard error what is being observed: on one line that changes, if somebody watches. */
export function printProgress(done: number, total: number, next: Planned): void {
  const { runtime, caseId, contender, params } = next;
  const text = `[${done + 1}/${total}] ${runtime} ${caseId} ${contender} ${paramsKey(params)}`;
  if (process.stderr.isTTY !== true) process.stderr.write(`${text}\n`);
  else process.stderr.write(`\r${text.slice(0, 110).padEnd(110)}${done + 1 === total ? "\n" : ""}`);
}
