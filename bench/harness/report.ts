/**
 * The report of a run: what is written as JSON, and what everything that is
 * shown is made from.
 *
 * @module
 */

import { BENCH_RUNTIMES, type BenchMode, type BenchRuntime, type PointParams } from "./case.ts";
import type { ObservationResult } from "./result_line.ts";
import { summarise, type Summary } from "./stats.ts";

/** Version of the form of a report. */
export const REPORT_VERSION = 1;

/** The machine of a run. */
export interface Machine {
  readonly cpu: string;
  readonly processors: number;
  readonly memoryGb: number;
  readonly system: string;
  /** Processes that wanted to run, on average over a minute, before the run began; null where it is not known. */
  readonly loadBefore: number | null;
}

/** One observation of a report. */
export type Observation = ObservationResult & {
  readonly runtime: BenchRuntime;
  readonly caseId: string;
  readonly contender: string;
  readonly params: PointParams;
  /** Number of the observation among those of its point, from 0: those of one round ran one after the other. */
  readonly round: number;
};

/** A whole run. */
export interface Report {
  readonly reportVersion: typeof REPORT_VERSION;
  readonly mode: BenchMode;
  readonly startedAt: string;
  readonly elapsedS: number;
  /** Commit of the sources; `+` behind it if there were changes. */
  readonly commit: string;
  readonly machine: Machine;
  /** Exact versions of the runtimes that took part. */
  readonly runtimes: Readonly<Partial<Record<BenchRuntime, string>>>;
  /** Exact versions of the packages that took part. */
  readonly packages: Readonly<Record<string, string>>;
  /** How many observations were left out, as the run was ended before. Default: 0. */
  readonly leftOut?: number | undefined;
  readonly observations: readonly Observation[];
}

/** Everything that was observed of one contender at one point on one runtime. */
export interface Series {
  readonly runtime: BenchRuntime;
  readonly caseId: string;
  readonly contender: string;
  readonly params: PointParams;
  /** Each metric with its spread, over the observations that succeeded. */
  readonly metrics: Readonly<Record<string, Summary>>;
  /** What went wrong, if any observation failed. */
  readonly errors: readonly string[];
  /** Why the timer was too coarse, if it was. */
  readonly timerProblems: readonly string[];
}

/** One line for the parameters of a point, the same for equal parameters. */
export function paramsKey(params: PointParams): string {
  return Object.entries(params).sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) => `${name}=${value}`).join(" ");
}

/** Gathers the observations that belong together, in the order in which they first appear. */
export function toSeries(observations: readonly Observation[]): Series[] {
  const groups = Map.groupBy(
    observations,
    ({ runtime, caseId, contender, params }) => JSON.stringify([runtime, caseId, contender, paramsKey(params)]),
  );
  return [...groups.values()].map((group) => {
    const { runtime, caseId, contender, params } = group[0] as Observation;
    const good = group.flatMap((observation) => observation.ok ? [observation] : []);
    const names = [...new Set(good.flatMap(({ metrics }) => Object.keys(metrics)))];
    const metrics = names.map((name) => {
      const values = good.flatMap((observation) => observation.metrics[name] ?? []);
      return [name, summarise(values)] as const;
    });
    return {
      runtime,
      caseId,
      contender,
      params,
      metrics: Object.fromEntries(metrics),
      errors: [...new Set(group.flatMap((observation) => observation.ok ? [] : [observation.error]))],
      timerProblems: [...new Set(good.flatMap(({ timer }) => timer?.problem ?? []))],
    };
  });
}

/** Writes a report as JSON: a line for each observation, numbers to six digits, so that a committed one stays small. */
export function serializeReport({ observations, ...rest }: Report): string {
  const round = (_: string, value: unknown) => typeof value === "number" ? Number(value.toPrecision(6)) : value;
  const lines = observations.map((observation) => `  ${JSON.stringify(observation, round)}`);
  const head = JSON.stringify(rest, null, 2).replace(/\n}$/, "");
  return `${head},\n"observations": [\n${lines.join(",\n")}\n]}\n`;
}

/** Reads a report from JSON. @throws {Error} If it is none, or of another version. */
export function parseReport(text: string): Report {
  const value = JSON.parse(text) as Partial<Report> | null;
  if (value?.reportVersion !== REPORT_VERSION || !Array.isArray(value.observations)) {
    throw new Error(`no benchmark report of version ${REPORT_VERSION}: found version ${value?.reportVersion}`);
  }
  return value as Report;
}

/** The runtimes of a report, in the order in which they are always shown. */
export function runtimesOf(report: Report): BenchRuntime[] {
  return BENCH_RUNTIMES.filter((name) => report.runtimes[name] !== undefined);
}

/** Sentences on what a reader has to know before the figures: others were using the machine, or the run was cut short. */
export function reportWarnings({ machine: { loadBefore, processors }, leftOut = 0, observations }: Report): string[] {
  const warnings: string[] = [];
  if (loadBefore !== null && loadBefore >= 0.3 * processors) {
    warnings.push(
      `The machine was busy when the run began (load ${loadBefore} on ${processors} processors): take the figures with care.`,
    );
  }
  if (leftOut > 0) {
    warnings.push(`The run was cut short: ${leftOut} of ${observations.length + leftOut} observations are missing.`);
  }
  return warnings;
}
