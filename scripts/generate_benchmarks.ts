/**
 * Writes `docs/benchmarks.md` from the committed report of a full run.
 *
 * Run by `deno task generate`.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CASES } from "../bench/cases/mod.ts";
import { readBudgets } from "../bench/harness/budgets.ts";
import { benchmarksDocument, readShortfalls } from "../bench/harness/markdown_page.ts";
import { judgeReport } from "../bench/harness/ratios.ts";
import { parseReport, type Report } from "../bench/harness/report.ts";
import { ROOT } from "./lib/files.ts";

/** Where the committed report is. */
export const BASELINE = "bench/baseline/full.json";

async function readBaseline(): Promise<Report | undefined> {
  const text = await readFile(join(ROOT, BASELINE), "utf8").catch((error: { code?: string }) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseReport(text);
}

if (import.meta.main) {
  const report = await readBaseline();
  const verdicts = report === undefined ? [] : judgeReport(report, await readBudgets());
  const shortfalls = readShortfalls(await readFile(join(ROOT, "bench/shortfalls.md"), "utf8"));
  await writeFile(join(ROOT, "docs/benchmarks.md"), benchmarksDocument({ report, cases: CASES, verdicts, shortfalls }));
}
