/**
 * `docs/benchmarks.md`, from the report of a full run.
 *
 * @module
 */

import { CATALOG } from "../contenders/catalog.ts";
import type { Case } from "./case.ts";
import { findLosses } from "./losses.ts";
import { metricTitle } from "./metric.ts";
import { renderNumber, renderSummary } from "./numbers.ts";
import type { Verdict } from "./ratios.ts";
import { paramsKey, type Report, reportWarnings, runtimesOf, type Series, toSeries } from "./report.ts";
import { renderFigure, renderMeasured } from "./verdict_text.ts";

/** What the document is made from. */
export interface MarkdownSources {
  /** The committed full run; absent if there is none. */
  readonly report?: Report | undefined;
  readonly cases: readonly Case[];
  readonly verdicts: readonly Verdict[];
  /** What is to be said of ratios that fall short, by the id of the ratio; and since a run, by `since` and its commit. */
  readonly shortfalls: ReadonlyMap<string, string>;
}

const HEAD = `# Benchmarks

This file is made by \`deno task generate\` from the report of one full run in \`bench/baseline/\`.

## How to run it

\`\`\`sh
deno task bench --quick                               # on Deno, in less than two minutes
deno task bench --runtime all --html out/bench.html   # everything; the page has plots
deno task bench throughput --contender streamrack,port,piscina --runtime node
deno task bench:check --runtime all                   # do the promised ratios hold?
\`\`\`

\`--quick\` covers the points that the promised ratios need. \`--json\` writes the report, and \`--compare\` shows what changed
since an earlier one. \`bench/budgets.json\` holds the promises, each with the noise of a quick run.

## How to read it

- Each observation is made in a fresh process. Contenders take turns, and every second round goes backwards. A figure is
  the median over the rounds, with the median absolute deviation behind ±.
- Before and after each timing, the samples of a whole window are compared one by one, and the sender's buffers are
  looked at: a contender that transfers must have moved them.
- Timing is tinybench's. A note says where the clock was too coarse for the task.
- All contenders have the same number of chunks in flight (the window), the same work in the worker, and one worker for
  each stage. Each is used as its own documentation advises, in one file of \`bench/contenders/\`.
- Only ratios within one run mean something. The bare ones show what the runtime offers by itself: they check nothing,
  bound nothing, and take one form of data.`;

/** Text of the document, not yet formatted. */
export function benchmarksDocument({ report, cases, verdicts, shortfalls }: MarkdownSources): string {
  if (report === undefined) return `${HEAD}\n\n## Results\n\nNo full run has been committed yet.\n`;
  const series = toSeries(report.observations);
  return [
    HEAD,
    runSection(report),
    promises(report, verdicts),
    shortfallSection(verdicts, shortfalls),
    ...sinceSection(report, shortfalls),
    losses(series, cases),
    ...cases.flatMap((one) => {
      const mine = series.filter(({ caseId }) => caseId === one.id);
      return mine.length === 0 ? [] : [caseSection(report, one, mine)];
    }),
    contenders(series),
  ].join("\n\n");
}

function runSection(report: Report): string {
  const { machine, mode, commit, startedAt, elapsedS, runtimes, packages } = report;
  const versions = [...Object.entries(runtimes), ...Object.entries(packages)];
  const warnings = reportWarnings(report).map((text) => `\n\n**${text}**`);
  return `## The run

A ${mode} run of commit \`${commit}\`, ${startedAt.slice(0, 10)}, which took ${Math.round(elapsedS / 60)} minutes, on
${machine.cpu} with ${machine.processors} processors and ${machine.memoryGb} GB, ${machine.system}.
${versions.map(([name, version]) => `${name} ${version}`).join(", ")}.${warnings.join("")}`;
}

function promises(report: Report, verdicts: readonly Verdict[]): string {
  const runtimes = runtimesOf(report);
  const rows = [...Map.groupBy(verdicts, ({ budget }) => budget)].map(([{ title }, group]) => [
    title,
    [...new Set(group.map(renderFigure))].join(", "),
    ...runtimes.map((runtime) => {
      const verdict = group.find((one) => one.runtime === runtime);
      if (verdict === undefined) return "";
      return `${renderMeasured(verdict)}, ${verdict.standing === "within noise" ? "short" : verdict.standing}`;
    }),
  ]);
  return `## What is promised

${table([["ratio", "promised", ...runtimes], ...rows])}`;
}

function shortfallSection(verdicts: readonly Verdict[], shortfalls: ReadonlyMap<string, string>): string {
  const missed = verdicts.filter(({ standing }) => standing !== "met");
  const byBudget = [...Map.groupBy(missed, ({ budget }) => budget)];
  if (byBudget.length === 0) return "Every ratio is reached on every runtime.";
  const parts = byBudget.map(([{ id, title }, group]) => {
    const where = group.map((verdict) => `${verdict.runtime} ${renderMeasured(verdict)}`).join(", ");
    return `**${title}** (${where}; promised ${[...new Set(group.map(renderFigure))].join(", ")}). ${
      shortfalls.get(id) ?? "Nothing has been found out about it yet."
    }`;
  });
  return `### What falls short\n\n${parts.join("\n\n")}`;
}

/** What has changed since that very run. */
function sinceSection({ commit }: Report, shortfalls: ReadonlyMap<string, string>): string[] {
  const text = shortfalls.get(`since ${commit}`);
  return text === undefined ? [] : [`### Since this run\n\n${text}`];
}

function losses(series: readonly Series[], cases: readonly Case[]): string {
  const found = Map.groupBy(
    findLosses(series),
    ({ caseId, params, metric }) => `${caseId}|${paramsKey(params)}|${metric}`,
  );
  const rows = [...found.values()].map((group) => {
    const [first] = group as [typeof group[number]];
    const winners = [...Map.groupBy(group, ({ contender }) => contender)].map(([contender, own]) =>
      `${CATALOG[contender]?.title ?? contender} (${
        own.map(({ runtime, factor }) => `${runtime} ${renderNumber(factor)}×`).join(", ")
      })`
    );
    const title = cases.find(({ id }) => id === first.caseId)?.title ?? first.caseId;
    return [title, paramsKey(first.params), metricTitle(first.metric), winners.join("; ")];
  });
  if (rows.length === 0) return "## Where we lose\n\nNowhere in this run.";
  return `## Where we lose

Everybody who did better than Streamrack at a point, and by how much.

${table([["case", "point", "metric", "who did better"], ...rows])}`;
}

function caseSection(report: Report, { title, description }: Case, series: readonly Series[]): string {
  const runtimes = runtimesOf(report);
  const points = [...Map.groupBy(series, ({ params }) => paramsKey(params))].map(([key, group]) => {
    const metrics = [...new Set(group.flatMap((one) => Object.keys(one.metrics)))];
    const shown = metrics.filter((name) =>
      name !== "megabytesPerSecond" || Number(group[0]?.params["samplesPerChunk"]) > 480
    );
    const rows = [...Map.groupBy(group, ({ contender }) => contender)].flatMap(([contender, own]) =>
      (shown.length === 0 ? [""] : shown).map((metric, i) => [
        i === 0 ? CATALOG[contender]?.title ?? contender : "",
        metricTitle(metric),
        ...runtimes.map((runtime) => cell(own.find((one) => one.runtime === runtime), metric, i === 0)),
      ])
    );
    return `${key === "" ? "" : `\`${key}\`\n\n`}${table([["contender", "metric", ...runtimes], ...rows])}`;
  });
  return `## ${title}\n\n${description}\n\n${points.join("\n\n")}`;
}

function cell(series: Series | undefined, metric: string, isFirst: boolean): string {
  if (series === undefined) return "";
  const summary = series.metrics[metric];
  if (summary !== undefined) return renderSummary(summary);
  return isFirst && series.errors.length > 0 ? `cannot: ${series.errors[0]}` : "";
}

function contenders(series: readonly Series[]): string {
  const names = Object.keys(CATALOG).filter((name) => series.some(({ contender }) => contender === name));
  return `## How each is used\n\n${
    table([["contender", "usage"], ...names.map((name) => [CATALOG[name]?.title ?? name, CATALOG[name]?.usage ?? ""])])
  }`;
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows.map((row) => row.map((text) => text.replace(/\|/g, "\\|").replace(/\s+/g, " ")));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
}

/** Reads `bench/shortfalls.md`: the text below each heading of the second level, which is the id of a ratio. */
export function readShortfalls(text: string): Map<string, string> {
  const [, ...sections] = text.split(/^## /m);
  return new Map(
    sections.map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end).trim(), section.slice(end).trim()] as const;
    }).filter(([, body]) => body !== ""),
  );
}
