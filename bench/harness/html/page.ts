/**
 * A report as one page that needs nothing else.
 *
 * @module
 */

import { CATALOG } from "../../contenders/catalog.ts";
import type { Case } from "../case.ts";
import { metricTitle } from "../metric.ts";
import { renderNumber, renderSummary } from "../numbers.ts";
import type { Verdict } from "../ratios.ts";
import { paramsKey, type Report, reportWarnings, runtimesOf, type Series, toSeries } from "../report.ts";
import { renderFigure } from "../verdict_text.ts";
import { barChart } from "./bars.ts";
import { lineChart } from "./lines.ts";
import { element, escape, prose, table } from "./markup.ts";
import { STYLE } from "./style.ts";

/** What the page shows beside the report. */
export interface PageOptions {
  readonly cases: readonly Case[];
  readonly verdicts: readonly Verdict[];
}

/** Writes the page. */
export function renderPage(report: Report, { cases, verdicts }: PageOptions): string {
  const series = toSeries(report.observations);
  const sections = cases.flatMap((one) => {
    const mine = series.filter(({ caseId }) => caseId === one.id);
    return mine.length === 0 ? [] : [caseSection(report, one, mine)];
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Streamrack benchmark</title>
<style>${STYLE}</style>
</head>
<body>
${head(report)}
${verdicts.length === 0 ? "" : promises(report, verdicts)}
${sections.join("\n")}
${contenders(series)}
</body>
</html>
`;
}

function head(report: Report): string {
  const { machine, mode, commit, startedAt, elapsedS, runtimes, packages } = report;
  const versions = [...Object.entries(runtimes), ...Object.entries(packages)].map(([name, version]) =>
    `${name} ${version}`
  );
  const warnings = reportWarnings(report).map((text) => `<p class="warning">${escape(text)}</p>`);
  return `<h1>Streamrack benchmark</h1>
<p class="meta">${
    escape(`${mode} run of commit ${commit}, ${startedAt.slice(0, 16).replace("T", " ")} UTC, ${elapsedS} s`)
  }<br>
${escape(`${machine.cpu}, ${machine.processors} processors, ${machine.memoryGb} GB, ${machine.system}`)}<br>
${escape(versions.join(" · "))}</p>
${warnings.join("\n")}
<p>Every bar is the median of observations, each made in a process of its own; contenders took turns. The line across the
end of a bar is the spread (median absolute deviation). Results were checked sample by sample before and after each timing.
Compare bars of one panel: figures of different machines, or of different runs, say little about each other.</p>
<p class="note"><span class="key streamrack"></span>Streamrack<span class="key package"></span>packages<span class="key bare"></span>what
the runtime offers by itself</p>`;
}

function promises(report: Report, verdicts: readonly Verdict[]): string {
  const runtimes = runtimesOf(report);
  const rows = [...Map.groupBy(verdicts, ({ budget }) => budget)].map(([budget, group]) => [
    escape(budget.title),
    ...runtimes.map((runtime) => {
      const verdict = group.find((one) => one.runtime === runtime);
      return verdict === undefined ? "" : verdictCell(verdict);
    }),
  ]);
  return `<h2>What Streamrack promises</h2>
<p>Ratios within this run, with the figure that each is to reach.</p>
${table([["", ...runtimes.map((name) => `${name} ${report.runtimes[name]}`)], ...rows])}`;
}

function verdictCell(verdict: Verdict): string {
  const { standing, measured, rival, budget, error } = verdict;
  const mark = standing === "met" ? "✓ met" : standing === "short" ? "✗ short" : standing;
  const unit = budget.unit === undefined ? "×" : ` ${budget.unit}`;
  const value = measured === undefined
    ? escape(error ?? "")
    : `<strong>${renderNumber(measured.median)}${unit}</strong>${
      measured.count < 2 ? "" : ` ± ${renderNumber(measured.mad)}`
    }`;
  const than = rival === undefined ? "" : ` <span class="figure">of ${escape(CATALOG[rival]?.title ?? rival)}</span>`;
  const state = element("span", { class: standing.replace(" ", "-") }, mark);
  return `${value}${than}<br>${state} <span class="figure">${escape(renderFigure(verdict))}</span>`;
}

function caseSection(report: Report, { id, title, description }: Case, series: readonly Series[]): string {
  const charts = [lineSection(report, series), ...pointSections(report, series)];
  return `<h2 id="${id}">${escape(title)}</h2>
<p>${prose(description)}</p>
${charts.join("\n")}
<details><summary>all figures</summary>${figures(series)}</details>`;
}

/** Lines over the one numeric parameter that has several values, if there are three or more. */
function lineSection(report: Report, series: readonly Series[]): string {
  const metric = mainMetric(series);
  const param = ["samplesPerChunk", "stages", "sessions"].find((name) =>
    new Set(series.map(({ params }) => params[name])).size >= 3
  );
  if (metric === undefined || param === undefined) return "";
  // Only what else is the same: the most frequent setting of the other parameters.
  const others = Map.groupBy(series, ({ params }) => paramsKey({ ...params, [param]: 0 }));
  const [group = []] = [...others.values()].sort((a, b) => b.length - a.length);
  const panel = (runtime: string) => lineChart(group.filter((one) => one.runtime === runtime), metric, param);
  return panels(report, `${metricTitle(metric)} by ${param}`, panel);
}

function pointSections(report: Report, series: readonly Series[]): string[] {
  const points = [...Map.groupBy(series, ({ params }) => paramsKey(params))];
  return points.map(([key, group]) => {
    const metric = mainMetric(group);
    // One contender alone is shown by lines or figures.
    const isCompared = metric !== undefined && new Set(group.map(({ contender }) => contender)).size > 1;
    const panel = (runtime: string) => barChart(group.filter((one) => one.runtime === runtime), metric as string);
    const title = `${metric === undefined ? "" : metricTitle(metric)}${key === "" ? "" : `, ${key}`}`;
    const errors = group.flatMap(({ contender, runtime, errors: [error] }) =>
      error === undefined ? [] : [`${CATALOG[contender]?.title ?? contender} on ${runtime} cannot: ${error}`]
    );
    const notes = errors.map((text) => `<p class="note failed">${escape(text)}</p>`);
    return [isCompared ? panels(report, title, panel) : "", ...notes].join("\n");
  });
}

function panels(report: Report, title: string, chart: (runtime: string) => string): string {
  const drawn = runtimesOf(report).map((runtime) =>
    `<div class="panel"><h4>${escape(`${runtime} ${report.runtimes[runtime]}`)}</h4>${chart(runtime)}</div>`
  );
  return `<h3>${escape(title)}</h3><div class="panels">${drawn.join("\n")}</div>`;
}

function mainMetric(series: readonly Series[]): string | undefined {
  return series.flatMap(({ metrics }) => Object.keys(metrics))[0];
}

function figures(series: readonly Series[]): string {
  const names = [...new Set(series.flatMap(({ metrics }) => Object.keys(metrics)))];
  const rows = series.map(({ runtime, params, contender, metrics, errors, timerProblems }) => [
    runtime,
    escape(paramsKey(params)),
    escape(CATALOG[contender]?.title ?? contender),
    ...names.map((name) => metrics[name] === undefined ? "" : renderSummary(metrics[name])),
    escape([...errors, ...timerProblems].join("; ")),
  ]);
  return table([["runtime", "point", "contender", ...names.map(metricTitle), "notes"], ...rows]);
}

function contenders(series: readonly Series[]): string {
  const names = Object.keys(CATALOG).filter((name) => series.some(({ contender }) => contender === name));
  const rows = names.map((name) => [escape(CATALOG[name]?.title ?? name), prose(CATALOG[name]?.usage ?? "")]);
  return `<h2>How each is used</h2>
<p>Each as its own documentation advises, in one file of <code>bench/contenders/</code>.</p>
${table([["contender", "usage"], ...rows])}`;
}
