/**
 * The report as text for a terminal.
 *
 * @module
 */

import type { Case } from "./case.ts";
import { paramsKey, type Report, runtimesOf, type Series, toSeries } from "./report.ts";
import type { Summary } from "./stats.ts";

/** All results of a report, case by case. */
export function renderText(report: Report, cases: readonly Case[]): string {
  const series = toSeries(report.observations);
  const lines: string[] = [];
  for (const runtime of runtimesOf(report)) {
    for (const { id, title } of cases) {
      const mine = series.filter((one) => one.runtime === runtime && one.caseId === id);
      if (mine.length === 0) continue;
      lines.push("", `${title} · ${runtime} ${report.runtimes[runtime]}`);
      for (const [key, group] of Map.groupBy(mine, ({ params }) => paramsKey(params))) {
        if (key !== "") lines.push(`  ${key}`);
        lines.push(...renderGroup(group).map((line) => `    ${line}`));
      }
    }
  }
  return lines.join("\n");
}

function renderGroup(group: readonly Series[]): string[] {
  const names = [...new Set(group.flatMap(({ metrics }) => Object.keys(metrics)))];
  const rows = [["", ...names], ...group.map((series) => [series.contender, ...names.map((n) => cell(series, n))])];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row.map((text, i) => i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)).join("  ").trimEnd()
  );
  const notes = group.flatMap(({ contender, errors, timerProblems }) =>
    [...errors, ...timerProblems].map((text) => `${contender}: ${text}`)
  );
  return [...lines, ...notes];
}

function cell({ metrics, errors }: Series, name: string): string {
  const summary = metrics[name];
  return summary === undefined ? errors.length > 0 ? "failed" : "" : renderSummary(summary);
}

/** A median and its spread in percent. */
export function renderSummary({ median, mad, count }: Summary): string {
  const spread = count < 2 || median === 0 ? "" : ` ±${Math.round(Math.abs(mad / median) * 100)}%`;
  return `${renderNumber(median)}${spread}`;
}

/** Three significant digits, in groups of thousands. */
export function renderNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const rounded = Math.abs(value) >= 1000 ? Number(value.toPrecision(3)) : value;
  return rounded.toLocaleString("en", { maximumFractionDigits: Math.min(digits, 4), useGrouping: true });
}
