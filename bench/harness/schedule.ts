/**
 * The order of a run.
 *
 * @module
 */

import type { BenchMode, BenchRuntime, Case, Point, PointParams } from "./case.ts";

/** One observation that is to be made. */
export interface Planned {
  readonly runtime: BenchRuntime;
  readonly caseId: string;
  readonly contender: string;
  readonly params: PointParams;
  readonly round: number;
}

/** What is to be observed. */
export interface ScheduleOptions {
  readonly mode: BenchMode;
  readonly runtimes: readonly BenchRuntime[];
  /** Names of the contenders that take part; absent: all. */
  readonly contenders?: readonly string[] | undefined;
  /** Observations of each contender at each point; absent: as the case says. */
  readonly rounds?: number | undefined;
}

/**
 * Plans all observations. The contenders of a point take turns, round by
 * round, and every second round goes backwards: what changes slowly, such as the
 * temperature of the machine, meets all of them alike. A round of everything
 * comes before the next round of anything, so that a run that is cut short has
 * seen each point.
 */
export function schedule(cases: readonly Case[], options: ScheduleOptions): Planned[] {
  const { mode, runtimes } = options;
  const planned = runtimes.flatMap((runtime) =>
    cases.flatMap(({ id, points }) =>
      points(mode).flatMap((point) =>
        turns(point, options).map((turn) => ({ runtime, caseId: id, params: point.params, ...turn }))
      )
    )
  );
  // Sorting is stable.
  return planned.sort((a, b) => a.round - b.round);
}

function turns(point: Point, { contenders, rounds }: ScheduleOptions): { contender: string; round: number }[] {
  const names = point.contenders.filter((name) => contenders === undefined || contenders.includes(name));
  return Array.from({ length: rounds ?? point.rounds }, (_, round) => {
    const order = round % 2 === 0 ? names : names.toReversed();
    return order.map((contender) => ({ contender, round }));
  }).flat();
}
