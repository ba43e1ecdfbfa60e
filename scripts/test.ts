/**
 * `deno task test`: every test file on every runtime.
 *
 * Files are found, never listed; all runtimes get the same ones. Each file
 * runs in a process group of its own under a deadline, so that a crash or a
 * hang names its file. Before anything else each runtime proves that it is the
 * one it should be.
 *
 * @module
 */

import { availableParallelism, tmpdir } from "node:os";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { findFiles, ROOT } from "./lib/files.ts";
import { countTests } from "./lib/junit.ts";
import { runProcess } from "./lib/run_process.ts";
import { runScript } from "./lib/run_script.ts";
import { closingLine, describeCounts, type FileResult, summaryTable } from "./lib/test_report.ts";
import { findRunner, type Runner, TEST_RUNTIMES, type TestRuntime } from "./lib/test_runtimes.ts";

const USAGE = `usage: deno task test [options] [path or part of a path…]
  --runtime deno|bun|node|all  where to run (default: all)
  --filter <text>              only top-level suites and tests whose name holds the text
  --jobs <count>               files at a time (default: one more than processors)
  --folder <path>              where the test files are (default: tests)
  --deadline <seconds>         how long one file may take (default: 240)`;

const CHECK = "tests/runtime_check.test.ts";
/** All files on all runtimes. */
const WHOLE_DEADLINE_MS = 3_000_000;

interface Options {
  readonly runtimes: readonly TestRuntime[];
  readonly filter: string | undefined;
  readonly jobs: number;
  readonly folder: string;
  readonly fileDeadlineMs: number;
  readonly parts: readonly string[];
}

function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      runtime: { type: "string", default: "all" },
      filter: { type: "string" },
      // Many tests wait rather than work: for a deadline, a process, a pause between two attempts.
      jobs: { type: "string", default: String(availableParallelism() + 1) },
      folder: { type: "string", default: "tests" },
      deadline: { type: "string", default: "240" },
    },
  });
  const runtimes = TEST_RUNTIMES.filter((name) => values.runtime === "all" || values.runtime === name);
  if (runtimes.length === 0) throw new Error(`--runtime ${values.runtime}: expected deno, bun, node or all`);
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs ${values.jobs}: expected a whole number from 1`);
  const deadlineS = Number(values.deadline);
  if (!(deadlineS > 0)) throw new Error(`--deadline ${values.deadline}: expected a number of seconds above 0`);
  const { filter, folder } = values;
  return { runtimes, filter, jobs, folder, fileDeadlineMs: deadlineS * 1000, parts: positionals };
}

class TestRun {
  readonly results: FileResult[] = [];
  readonly #options: Options;
  readonly #reports: string;
  readonly #endMs = performance.now() + WHOLE_DEADLINE_MS;
  #reportCount = 0;

  constructor(options: Options, reports: string) {
    this.#options = options;
    this.#reports = reports;
  }

  /** Runs the files on all runtimes that pass the check. */
  async run(files: readonly string[]): Promise<void> {
    const queue: { runner: Runner; file: string }[] = [];
    for (const runtime of this.#options.runtimes) {
      const runner = await findRunner(runtime);
      const check = await this.#runFile(runner, CHECK, undefined);
      if (check.failed === 0) queue.push(...files.map((file) => ({ runner, file })));
      else console.log(`${runtime}: not the runtime it should be, so its tests do not run\n`);
    }
    const workers = Array.from({ length: this.#options.jobs }, async () => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
        await this.#runFile(job.runner, job.file, this.#options.filter);
      }
    });
    await Promise.all(workers);
  }

  async #runFile(runner: Runner, file: string, filter: string | undefined): Promise<FileResult> {
    const reportPath = join(this.#reports, `${this.#reportCount++}.xml`);
    const ended = await runProcess({
      command: runner.command,
      args: runner.args(file, reportPath, filter),
      cwd: ROOT,
      env: runner.env,
      deadlineMs: Math.max(1, Math.min(this.#options.fileDeadlineMs, this.#endMs - performance.now())),
    });
    const counts = countTests(await readFile(reportPath, "utf8").catch(() => ""), file);
    const ran = counts.passed + counts.failed + counts.skipped.length;
    // A crash, a hang, an error outside of every test, or a file without tests: the file itself is the failure.
    const broken = ended.ok ? ran === 0 && filter === undefined : counts.failed === 0;
    const ending = ended.ok && broken ? "it holds no test" : ended.ending;
    const { passed, skipped } = counts;
    const failed = counts.failed + (broken ? 1 : 0);
    const result: FileResult = { runtime: runner.runtime, file, passed, failed, skipped, elapsedMs: ended.elapsedMs };
    this.results.push(result);
    if (failed > 0) {
      console.log(`\nFAILED  ${runner.runtime}  ${file}: ${describeCounts(result)} (${ending})`);
      console.log(`${ended.output.trimEnd()}\n`);
    } else if (ran > 0) {
      const seconds = (ended.elapsedMs / 1000).toFixed(1);
      console.log(`ok  ${runner.runtime.padEnd(4)}  ${file}: ${describeCounts(result)} (${seconds} s)`);
    }
    return result;
  }
}

async function main(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  const { folder, parts } = options;
  const all = await findFiles(folder, (path) => path.endsWith(".test.ts") && path !== CHECK);
  const files = all.filter((file) =>
    parts.length === 0 || parts.some((part) => file.includes(part.replace(/^\.\//, "")))
  );
  if (files.length === 0 && !parts.some((part) => CHECK.includes(part))) {
    console.error(`no *.test.ts below ${folder}/ matches ${parts.join(" ") || "anything"}`);
    return 2;
  }
  const reports = await mkdtemp(join(tmpdir(), "streamrack-test-"));
  try {
    const run = new TestRun(options, reports);
    await run.run(files);
    console.log(`\n${summaryTable(options.runtimes, run.results)}\n`);
    console.log(closingLine(run.results));
    return run.results.some(({ failed }) => failed > 0) ? 1 : 0;
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
