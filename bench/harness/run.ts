/**
 * Makes all observations of a run, one at a time, and writes down where.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../../scripts/lib/files.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import type { BenchMode, BenchRuntime } from "./case.ts";
import { type Machine, type Observation, type Report, REPORT_VERSION } from "./report.ts";
import { findObserver } from "./runtimes.ts";
import type { Planned } from "./schedule.ts";

/** How a run goes on. */
export interface RunOptions {
  readonly mode: BenchMode;
  /** Ends the run: the observation that is being made is given up, and the report has those before it. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each observation. */
  onProgress(done: number, total: number, next: Planned): void;
}

/** Time that a quick run takes at most, so that with its start and end it stays below two minutes. */
const QUICK_MS_PER_RUNTIME = 115_000;

/** Makes the observations, in their order. A contender that failed at a point is not tried there again. */
export async function runBench(planned: readonly Planned[], { mode, signal, onProgress }: RunOptions): Promise<Report> {
  const startedMs = performance.now();
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  const names = [...new Set(planned.map(({ runtime }) => runtime))];
  const observers = new Map(
    await Promise.all(names.map(async (name) => [name, await findObserver(name)] as const)),
  );
  const limits = mode === "quick" ? [AbortSignal.timeout(QUICK_MS_PER_RUNTIME * names.length)] : [];
  const end = AbortSignal.any(signal === undefined ? limits : [signal, ...limits]);
  const observations: Observation[] = [];
  const failed = new Set<string>();
  let leftOut = 0;
  for (const [index, next] of planned.entries()) {
    const { round: _, ...place } = next;
    const key = JSON.stringify(place);
    if (failed.has(key)) continue;
    onProgress(index, planned.length, next);
    const observer = observers.get(next.runtime);
    const options = { mode, contender: next.contender, params: next.params };
    const result = end.aborted ? undefined : await observer?.observe(next.caseId, options, end);
    // What was under way is given up: it may have been killed.
    if (end.aborted) {
      leftOut = planned.length - index;
      break;
    }
    if (result === undefined) continue;
    if (!result.ok) failed.add(key);
    observations.push({ ...next, ...result });
  }
  const runtimes = Object.fromEntries([...observers.values()].map(({ runtime, version }) => [runtime, version]));
  return {
    reportVersion: REPORT_VERSION,
    mode,
    startedAt,
    elapsedS: Math.round((performance.now() - startedMs) / 1000),
    commit: await readCommit(),
    machine,
    runtimes: runtimes as Partial<Record<BenchRuntime, string>>,
    packages: await readPackages(),
    leftOut,
    observations,
  };
}

function describeMachine(): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? "unknown",
    processors: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()}, ${process.arch}`,
    // Windows knows no load.
    loadBefore: process.platform === "win32" ? null : Math.round((loadavg()[0] as number) * 100) / 100,
  };
}

async function readCommit(): Promise<string> {
  const git = async (...args: string[]) => {
    const { ok, stdout } = await runProcess({ command: "git", args, cwd: ROOT, deadlineMs: 10_000 });
    return ok ? stdout.trim() : undefined;
  };
  const commit = await git("rev-parse", "--short=12", "HEAD");
  if (commit === undefined) return "unknown";
  const changes = await git("status", "--porcelain");
  return changes === "" ? commit : `${commit}+`;
}

/** The exact versions that the two import maps name, of the packages that take part. */
async function readPackages(): Promise<Record<string, string>> {
  const wanted = ["piscina", "tinypool", "workerpool", "poolifier", "comlink", "threads", "tinybench"];
  const maps = await Promise.all(["deno.json", "bench/deno.json"].map(async (path) => {
    const { imports }: { imports: Record<string, string> } = JSON.parse(await readFile(join(ROOT, path), "utf8"));
    return Object.entries(imports);
  }));
  return Object.fromEntries(
    maps.flat().filter(([name]) => wanted.includes(name)).map((
      [name, target],
    ) => [name, target.split("@").at(-1) ?? ""]),
  );
}
