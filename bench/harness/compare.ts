/**
 * Two reports beside each other.
 *
 * @module
 */

import { isHigherBetter } from "./metric.ts";
import { paramsKey, type Report, type Series, toSeries } from "./report.ts";
import type { Summary } from "./stats.ts";

/** A metric in both reports. */
export interface Change {
  /** Which: runtime, case, contender and parameters. */
  readonly key: string;
  readonly metric: string;
  readonly before: Summary;
  readonly after: Summary;
  /** New by old. */
  readonly factor: number;
  readonly verdict: "better" | "worse" | "same";
}

/** A change counts from this much, or from three times the spread of both runs if that is more. */
const SMALLEST_CHANGE = 0.05;
const SPREADS = 3;

/** Everything that both reports have, in the order of the new one. */
export function compareReports(before: Report, after: Report): Change[] {
  const old = new Map(toSeries(before.observations).map((series) => [seriesKey(series), series]));
  return toSeries(after.observations).flatMap((series) => {
    const key = seriesKey(series);
    return Object.entries(series.metrics).flatMap(([metric, now]) => {
      const was = old.get(key)?.metrics[metric];
      return was === undefined ? [] : [judgeChange(key, metric, [was, now])];
    });
  });
}

function judgeChange(key: string, metric: string, [before, after]: readonly [Summary, Summary]): Change {
  const factor = after.median / before.median;
  const spread = before.mad / Math.abs(before.median) + after.mad / Math.abs(after.median);
  const threshold = Math.max(SMALLEST_CHANGE, SPREADS * spread);
  const isSame = !(Math.abs(factor - 1) > threshold);
  const isBetter = (factor > 1) === isHigherBetter(metric);
  return { key, metric, before, after, factor, verdict: isSame ? "same" : isBetter ? "better" : "worse" };
}

/** Why two reports should not be compared, if they should not. */
export function comparisonWarnings(before: Report, after: Report): string[] {
  const warnings: string[] = [];
  const { cpu, processors } = before.machine;
  if (cpu !== after.machine.cpu || processors !== after.machine.processors) {
    warnings.push(`the old report is from another machine: ${cpu}, ${processors} processors`);
  }
  if (before.mode !== after.mode) {
    warnings.push(`the old report is of a ${before.mode} run, this one of a ${after.mode} one`);
  }
  for (const [runtime, version] of Object.entries(after.runtimes)) {
    const old = before.runtimes[runtime as keyof Report["runtimes"]];
    if (old !== undefined && old !== version) {
      warnings.push(`the old report has ${runtime} ${old}, this one ${version}`);
    }
  }
  return warnings;
}

function seriesKey({ runtime, caseId, contender, params }: Series): string {
  return [runtime, caseId, contender, paramsKey(params)].filter((part) => part !== "").join(" ");
}
