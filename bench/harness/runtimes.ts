/**
 * How each runtime is told to make one observation.
 *
 * @module
 */

import process from "node:process";
import { ROOT } from "../../scripts/lib/files.ts";
import { runProcess } from "../../scripts/lib/run_process.ts";
import { DENO_ENV, runtimePath } from "../../scripts/toolchain.ts";
import { RUNTIME_VERSIONS } from "../../scripts/versions.ts";
import type { BenchRuntime, ObserveOptions } from "./case.ts";
import { type ObservationResult, readResult } from "./result_line.ts";

const OBSERVER = "bench/harness/observe.ts";
/** An observation takes a second, an hour of audio on a slow machine minutes; one that hangs is ended. */
const DEADLINE_MS = 600_000;

/** Types are checked by the gate, once. The collector is exposed for the cases that measure memory. */
const ARGUMENTS: Readonly<Record<BenchRuntime, readonly string[]>> = {
  deno: ["run", "-A", "--no-check", "--quiet", "--v8-flags=--expose-gc", OBSERVER],
  bun: [OBSERVER],
  node: ["--expose-gc", OBSERVER],
};

/** A runtime that is at hand. */
export interface Observer {
  readonly runtime: BenchRuntime;
  readonly version: string;
  /** Makes one observation in a process of its own. Never throws for what the contender does. */
  observe(caseId: string, options: ObserveOptions, signal?: AbortSignal): Promise<ObservationResult>;
}

/** Finds, or fetches, a runtime. */
export async function findObserver(runtime: BenchRuntime): Promise<Observer> {
  const command = await runtimePath(runtime);
  const env = { [DENO_ENV]: await runtimePath("deno"), NO_COLOR: "1", FORCE_COLOR: undefined, NODE_OPTIONS: undefined };
  return {
    runtime,
    version: runtime === "deno" ? process.versions["deno"] ?? "" : RUNTIME_VERSIONS[runtime],
    async observe(caseId, options, signal) {
      const args = [...ARGUMENTS[runtime], caseId, JSON.stringify(options)];
      const { stdout, ending, output } = await runProcess({
        command,
        args,
        cwd: ROOT,
        env,
        deadlineMs: DEADLINE_MS,
        signal,
      });
      return readResult(stdout, ending, output);
    },
  };
}
