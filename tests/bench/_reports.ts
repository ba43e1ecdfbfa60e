/** Reports for tests. */

import type { PointParams } from "../../bench/harness/case.ts";
import type { Observation, Report } from "../../bench/harness/report.ts";

/** One observation that went well, on Node unless said otherwise. */
export function observed(
  contender: string,
  round: number,
  metrics: Readonly<Record<string, number>>,
  more: { readonly caseId?: string; readonly params?: PointParams; readonly runtime?: "deno" | "bun" | "node" } = {},
): Observation {
  const { caseId = "throughput", params = { window: 16 }, runtime = "node" } = more;
  return { runtime, caseId, contender, params, round, ok: true, metrics };
}

/** One that failed. */
export function failed(contender: string, error: string, params: PointParams = { window: 16 }): Observation {
  return { runtime: "node", caseId: "throughput", contender, params, round: 0, ok: false, error };
}

/** A report of observations. */
export function reportOf(observations: readonly Observation[], more: Partial<Report> = {}): Report {
  return {
    reportVersion: 1,
    mode: "full",
    startedAt: "2026-01-02T03:04:05.000Z",
    elapsedS: 600,
    commit: "0123456789ab",
    machine: { cpu: "Some <CPU>", processors: 2, memoryGb: 8, system: "Linux 6, x64", loadBefore: 0.1 },
    runtimes: { node: "26.10.0" },
    packages: { tinybench: "6.2.4" },
    observations,
    ...more,
  };
}
