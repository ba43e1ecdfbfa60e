/**
 * The figures that Streamrack promises, and whether a report keeps them.
 *
 * `bench/budgets.json` holds them: each is a ratio of two metrics of one run, or
 * one metric by itself.
 *
 * @module
 */

import type { BenchRuntime, PointParams } from "./case.ts";
import { isHigherBetter } from "./metric.ts";
import type { Observation, Report } from "./report.ts";
import { median, summarise, type Summary } from "./stats.ts";

/** Which observations a figure is made from. */
export interface Selector {
  readonly case: string;
  /** Parameters that the point must have; it may have others. */
  readonly params: PointParams;
  readonly metric: string;
  /** The best of these counts, by its median. */
  readonly contenders: readonly string[];
}

type Figures = Readonly<Partial<Record<BenchRuntime, number>>>;

/** One promise. */
export interface Budget {
  readonly id: string;
  readonly title: string;
  /** Absent: a ratio. */
  readonly unit?: string;
  readonly value: Selector;
  /** What the value is divided by. Absent: the value itself is judged. */
  readonly against?: Selector;
  /** Figure for each runtime for which one is promised. Either this or `atMost`. */
  readonly atLeast?: Figures;
  readonly atMost?: Figures;
  /** By how much a quick run may miss the figure, in the unit of the figure. */
  readonly noise: number;
}

/**
 * How a promise stands:
 *
 * - `met`: the median keeps the figure;
 * - `within noise`: it misses it by no more than the noise of a quick run;
 * - `short`: it misses it;
 * - `failed`: something that it needs could not be observed;
 * - `not measured`: the report has nothing on it.
 */
export type Standing = "met" | "within noise" | "short" | "failed" | "not measured";

/** A promise on one runtime. */
export interface Verdict {
  readonly budget: Budget;
  readonly runtime: BenchRuntime;
  readonly figure: number;
  readonly standing: Standing;
  /** What was measured, over the rounds. */
  readonly measured?: Summary | undefined;
  /** Who the value was compared with, as the best of the others. */
  readonly rival?: string | undefined;
  /** Why it failed. */
  readonly error?: string | undefined;
}

/** Judges every promise on every runtime of a report. */
export function judgeReport(report: Report, budgets: readonly Budget[]): Verdict[] {
  const runtimes = Object.keys(report.runtimes) as BenchRuntime[];
  return budgets.flatMap((budget) =>
    runtimes.flatMap((runtime) => {
      const figure = (budget.atLeast ?? budget.atMost)?.[runtime];
      if (figure === undefined) return [];
      const mine = report.observations.filter((observation) => observation.runtime === runtime);
      return [judge(budget, { runtime, figure, observations: mine })];
    })
  );
}

interface Evidence {
  readonly runtime: BenchRuntime;
  readonly figure: number;
  readonly observations: readonly Observation[];
}

function judge(budget: Budget, { runtime, figure, observations }: Evidence): Verdict {
  const place = { budget, runtime, figure };
  const value = select(observations, budget.value);
  const against = budget.against === undefined ? undefined : select(observations, budget.against);
  for (const selection of [value, against]) {
    if (selection === undefined || selection.best !== undefined) continue;
    const [error] = selection.errors;
    return error === undefined ? { ...place, standing: "not measured" } : { ...place, standing: "failed", error };
  }
  const values = value.best?.byRound ?? new Map<number, number>();
  const divisors = against?.best?.byRound;
  const measured = summarise([...values].flatMap(([round, one]) => {
    if (divisors === undefined) return [one];
    const divisor = divisors.get(round);
    return divisor === undefined ? [] : [one / divisor];
  }));
  if (measured.count === 0) return { ...place, standing: "not measured" };
  const missing = budget.atLeast === undefined ? measured.median - figure : figure - measured.median;
  const standing = missing <= 0 ? "met" : missing <= budget.noise ? "within noise" : "short";
  // The same contender at another point is no rival.
  const rival = against?.best?.contender === value.best?.contender ? undefined : against?.best?.contender;
  return { ...place, standing, measured, rival };
}

interface Selection {
  readonly best: { readonly contender: string; readonly byRound: ReadonlyMap<number, number> } | undefined;
  readonly errors: readonly string[];
}

function select(observations: readonly Observation[], selector: Selector): Selection {
  const found = observations.filter(({ caseId, contender, params }) =>
    caseId === selector.case && selector.contenders.includes(contender) &&
    Object.entries(selector.params).every(([name, value]) => params[name] === value)
  );
  const candidates = [...Map.groupBy(found, ({ contender }) => contender)].flatMap(([contender, group]) => {
    const byRound = new Map(
      group.flatMap((one) =>
        one.ok && one.metrics[selector.metric] !== undefined
          ? [[one.round, one.metrics[selector.metric] as number] as const]
          : []
      ),
    );
    return byRound.size === 0 ? [] : [{ contender, byRound, median: median([...byRound.values()]) }];
  });
  const sign = isHigherBetter(selector.metric) ? -1 : 1;
  const [best] = candidates.sort((a, b) => sign * (a.median - b.median));
  return { best, errors: found.flatMap((one) => one.ok ? [] : [`${one.contender}: ${one.error}`]) };
}
