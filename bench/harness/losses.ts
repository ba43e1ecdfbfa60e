/**
 * Where Streamrack is not the best.
 *
 * @module
 */

import type { BenchRuntime, PointParams } from "./case.ts";
import { isHigherBetter } from "./metric.ts";
import { paramsKey, type Series } from "./report.ts";

/** Somebody who did better at a point. */
export interface Loss {
  readonly runtime: BenchRuntime;
  readonly caseId: string;
  readonly params: PointParams;
  readonly metric: string;
  /** Who did better. */
  readonly contender: string;
  /** How many times better. */
  readonly factor: number;
}

/** Every contender that did better than Streamrack in the first metric of a point; the greatest loss of each point first. */
export function findLosses(series: readonly Series[]): Loss[] {
  const points = Map.groupBy(series, ({ runtime, caseId, params }) => `${runtime} ${caseId} ${paramsKey(params)}`);
  return [...points.values()].flatMap((group) => {
    const ours = group.find(({ contender }) => contender === "streamrack");
    const metric = Object.keys(ours?.metrics ?? {})[0];
    const own = metric === undefined ? undefined : ours?.metrics[metric]?.median;
    if (metric === undefined || own === undefined) return [];
    const losses = group.flatMap(({ runtime, caseId, params, contender, metrics }): Loss[] => {
      const other = metrics[metric]?.median;
      // Against itself Streamrack does not lose.
      if (other === undefined || contender.startsWith("streamrack")) return [];
      const factor = isHigherBetter(metric) ? other / own : own / other;
      return factor > 1 ? [{ runtime, caseId, params, metric, contender, factor }] : [];
    });
    return losses.sort((a, b) => b.factor - a.factor);
  });
}
