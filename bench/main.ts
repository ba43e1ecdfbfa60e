/**
 * `deno task bench`: runs the benchmark and shows what it found.
 *
 * @module
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { INTERRUPTED, runScript } from "../scripts/lib/run_script.ts";
import { CASES } from "./cases/mod.ts";
import { CATALOG } from "./contenders/catalog.ts";
import { readBudgets } from "./harness/budgets.ts";
import { compareReports, comparisonWarnings } from "./harness/compare.ts";
import { renderPage } from "./harness/html/page.ts";
import { printProgress, readRuntimes } from "./harness/options.ts";
import { judgeReport } from "./harness/ratios.ts";
import { parseReport, type Report, reportWarnings, serializeReport } from "./harness/report.ts";
import { runBench } from "./harness/run.ts";
import { schedule } from "./harness/schedule.ts";
import { renderChanges, renderText } from "./harness/text_table.ts";
import { renderVerdict } from "./harness/verdict_text.ts";

const USAGE = `usage: deno task bench [options] [case…]
  --runtime deno|bun|node|all  where to run (default: deno)
  --quick                      the points that the promised ratios need, in less than two minutes for a runtime
  --contender <name,…>         only these (default: all)
  --rounds <count>             observations of each contender at each point (default: as the case says)
  --json <path>                write the report
  --html <path>                write the report as a page with plots
  --compare <path>             show what changed since a report that was written with --json
  --from <path>                measure nothing: show a report that was written with --json
  --help                       show this`;

async function main(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  // Read first: a file that is missing should not show after the run.
  const before = options.compare === undefined ? undefined : await readReport(options.compare);
  const report = options.from === undefined ? await measure(options) : await readReport(options.from);
  const verdicts = judgeReport(report, await readBudgets()).filter(({ standing }) => standing !== "not measured");
  console.log(renderText(report, CASES));
  if (verdicts.length > 0) console.log(`\nPromised ratios\n${verdicts.map(renderVerdict).join("\n")}`);
  for (const text of reportWarnings(report)) console.log(`\n${text}`);
  if (before !== undefined) {
    for (const text of comparisonWarnings(before, report)) console.error(`warning: ${text}`);
    console.log(`\nSince ${before.commit} (${before.startedAt})\n${renderChanges(compareReports(before, report))}`);
  }
  if (options.json !== undefined) await writeOutput(options.json, serializeReport(report));
  if (options.html !== undefined) await writeOutput(options.html, renderPage(report, { cases: CASES, verdicts }));
  return interruption.signal.aborted ? INTERRUPTED : 0;
}

/** The first Ctrl-C ends the measuring; what was observed until then is still shown and written. */
const interruption = new AbortController();

type Options = ReturnType<typeof readOptions>;

async function measure({ cases, mode, runtimes, contenders, rounds }: Options): Promise<Report> {
  const planned = schedule(cases, { mode, runtimes, contenders, rounds });
  if (planned.length === 0) throw new Error("nothing to measure: no case has such a contender");
  return await runBench(planned, { mode, signal: interruption.signal, onProgress: printProgress });
}

async function readReport(path: string): Promise<Report> {
  try {
    return parseReport(await readFile(path, "utf8"));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`);
  }
}

async function writeOutput(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  console.error(`written: ${path}`);
}

function readOptions(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      runtime: { type: "string", default: "deno" },
      quick: { type: "boolean", default: false },
      contender: { type: "string" },
      rounds: { type: "string" },
      json: { type: "string" },
      html: { type: "string" },
      compare: { type: "string" },
      from: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error(`--rounds ${values.rounds}: expected a whole number from 1`);
  }
  const contenders = values.contender?.split(",");
  checkNames("contender", contenders ?? [], Object.keys(CATALOG));
  checkNames("case", positionals, CASES.map(({ id }) => id));
  const { json, html, compare, from, help } = values;
  return {
    mode: values.quick ? "quick" : "full",
    runtimes: readRuntimes(values.runtime),
    cases: CASES.filter(({ id }) => positionals.length === 0 || positionals.includes(id)),
    ...{ contenders, rounds, json, html, compare, from, help },
  } as const;
}

function onInterrupt(): void {
  console.error("\ninterrupted: showing what was observed until now (Ctrl-C again: show nothing)");
  interruption.abort();
}

function checkNames(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no such ${what}: ${unknown.join(", ")}; there are ${known.join(", ")}`);
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)), { onInterrupt });
