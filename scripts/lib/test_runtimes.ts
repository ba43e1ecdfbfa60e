/**
 * How each runtime is told to run one test file.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";
import { DENO_ENV, runtimePath, TOOLS } from "../toolchain.ts";
import { RUNTIME_VERSIONS } from "../versions.ts";

/** The runtimes that run every test, in the order of the summary. */
export const TEST_RUNTIMES = ["deno", "bun", "node"] as const;

/** One of {@link TEST_RUNTIMES}. */
export type TestRuntime = (typeof TEST_RUNTIMES)[number];

/** A runtime that is at hand, ready to run files. */
export interface Runner {
  /** Its name. */
  readonly runtime: TestRuntime;
  /** Its exact version. */
  readonly version: string;
  /** Path of its executable. */
  readonly command: string;
  /** Environment that its tests get on top of the present one. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Arguments that run one file and write a JUnit report. */
  args(file: string, reportPath: string, filter?: string): string[];
}

/** A single test may take this long, in ms, where the runtime has a limit of its own (Bun: 5 s by default). */
const TEST_TIMEOUT_MS = 120_000;

const ARGUMENTS: Readonly<Record<TestRuntime, Runner["args"]>> = {
  // Types are checked once, by the gate, not again in every file.
  deno: (file, report, filter) => [
    ...["test", "-A", "--no-check", `--junit-path=${report}`],
    ...(filter === undefined ? [] : [`--filter=${filter}`]),
    file,
  ],
  bun: (file, report, filter) => [
    ...["test", `--timeout=${TEST_TIMEOUT_MS}`, "--reporter=junit", `--reporter-outfile=${report}`],
    ...(filter === undefined ? [] : [`--test-name-pattern=${filter}`]),
    `./${file}`,
  ],
  node: (file, report, filter) => [
    ...["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"],
    ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
    ...(filter === undefined ? [] : [`--test-name-pattern=${filter}`]),
    file,
  ],
};

/** Finds, or fetches, a runtime. */
export async function findRunner(runtime: TestRuntime): Promise<Runner> {
  const version = runtime === "deno" ? process.versions["deno"] ?? "" : RUNTIME_VERSIONS[runtime];
  return {
    runtime,
    version,
    command: await runtimePath(runtime),
    args: ARGUMENTS[runtime],
    env: {
      STREAMRACK_TEST_RUNTIME: `${runtime} ${version}`,
      [DENO_ENV]: await runtimePath("deno"),
      NO_COLOR: "1",
      FORCE_COLOR: undefined,
      // Set inside a test under Node; it would make a nested `node --test` run nothing.
      NODE_TEST_CONTEXT: undefined,
      NODE_OPTIONS: undefined,
      // Node compiles every module in every process and thread, which is most of the time of a short test.
      NODE_COMPILE_CACHE: join(TOOLS, "compiled"),
    },
  };
}
