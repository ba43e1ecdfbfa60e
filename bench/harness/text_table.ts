/**
 * The report as text for a terminal.
 *
 * @module
 */

import type { Case } from "./case.ts";
import type { Change } from "./compare.ts";
import { metricTitle } from "./metric.ts";
import { renderNumber, renderSummary } from "./numbers.ts";
import { paramsKey, type Report, runtimesOf, type Series, toSeries } from "./report.ts";

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
  const rows = [
    ["", ...names.map(metricTitle)],
    ...group.map((series) => [series.contender, ...names.map((n) => cell(series, n))]),
  ];
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

/** What changed since another report, and the verdict on each change that counts. */
export function renderChanges(changes: readonly Change[]): string {
  const counted = changes.filter(({ verdict }) => verdict !== "same");
  const lines = counted.map(({ key, metric, before, after, factor, verdict }) =>
    `${verdict.padEnd(6)}  ${key}  ${metricTitle(metric)}: ${renderNumber(before.median)} → ${
      renderNumber(after.median)
    } (×${renderNumber(factor)})`
  );
  const same = changes.length - counted.length;
  return [...lines, `${same} of ${changes.length} metrics are the same within their spread`].join("\n");
}
