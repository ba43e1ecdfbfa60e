/**
 * `deno task bench:check`: a fresh quick run, and whether Streamrack keeps what
 * `bench/budgets.json` promises.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { runScript } from "../scripts/lib/run_script.ts";
import { CASES } from "./cases/mod.ts";
import { readBudgets } from "./harness/budgets.ts";
import { printProgress, readRuntimes } from "./harness/options.ts";
import { type Budget, judgeReport, type Verdict } from "./harness/ratios.ts";
import { reportWarnings } from "./harness/report.ts";
import { runBench } from "./harness/run.ts";
import { schedule } from "./harness/schedule.ts";
import { renderVerdict } from "./harness/verdict_text.ts";

const USAGE = `usage: deno task bench:check [options] [ratio…]
  --runtime deno|bun|node|all  where to run (default: deno)
  --help                       show this`;

/** The verdicts for which the command fails. What nobody measured is a failure too. */
export function findFailures(verdicts: readonly Verdict[]): Verdict[] {
  return verdicts.filter(({ standing }) => standing !== "met" && standing !== "within noise");
}

async function main(args: string[]): Promise<number> {
  let options: { runtime: string; help: boolean; ids: readonly string[] };
  let budgets = await readBudgets();
  let runtimes;
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        runtime: { type: "string", default: "deno" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    options = { ...values, ids: positionals };
    runtimes = readRuntimes(options.runtime);
    budgets = pick(budgets, options.ids);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const wanted = new Set(budgets.flatMap(({ value, against }) => [value.case, against?.case]));
  const cases = CASES.filter(({ id }) => wanted.has(id));
  const mode = "quick";
  const report = await runBench(schedule(cases, { mode, runtimes }), { mode, onProgress: printProgress });
  const verdicts = judgeReport(report, budgets);
  console.log(verdicts.map(renderVerdict).join("\n"));
  const failures = findFailures(verdicts);
  console.log(
    failures.length === 0 ? "\nall ratios hold" : `\n${failures.length} of ${verdicts.length} ratios do not hold`,
  );
  for (const text of reportWarnings(report)) console.log(text);
  return failures.length === 0 ? 0 : 1;
}

function pick(budgets: readonly Budget[], ids: readonly string[]): readonly Budget[] {
  const unknown = ids.filter((id) => !budgets.some((budget) => budget.id === id));
  if (unknown.length > 0) {
    throw new Error(`no such ratio: ${unknown.join(", ")}; there are ${budgets.map(({ id }) => id).join(", ")}`);
  }
  return budgets.filter(({ id }) => ids.length === 0 || ids.includes(id));
}

if (import.meta.main) await runScript(() => main(process.argv.slice(2)));
