/**
 * What a case of the benchmark is: which points it has, who takes part, and how
 * one observation is made.
 *
 * @module
 */

/** How thorough a run is. */
export type BenchMode = "quick" | "full";

/** Runtimes that the benchmark can run on. */
export const BENCH_RUNTIMES = ["deno", "bun", "node"] as const;

/** One of {@linkcode BENCH_RUNTIMES}. */
export type BenchRuntime = (typeof BENCH_RUNTIMES)[number];

/** Values that set one point of a case apart, such as the window. */
export type PointParams = Readonly<Record<string, number | string>>;

/** One point of a case: a setting at which contenders are compared. */
export interface Point {
  readonly params: PointParams;
  /** Who takes part, by name. */
  readonly contenders: readonly string[];
  /** Observations of each, in processes of their own. Contenders take turns. */
  readonly rounds: number;
}

/** What an observation found, by name; the unit is in the name. */
export type Metrics = Readonly<Record<string, number>>;

/** What may make the figures of an observation doubtful. */
export interface TimerCheck {
  /** Smallest step of the clock that was seen, in microseconds. */
  readonly resolutionUs: number;
  /** Median of the timed task, in microseconds. */
  readonly taskUs: number;
  /** Why the clock is too coarse for the task; absent if it is not. */
  readonly problem?: string | undefined;
}

/** What a case's `observe` gives. */
export interface Measured {
  readonly metrics: Metrics;
  /** Absent where nothing was timed. */
  readonly timer?: TimerCheck | undefined;
}

/** What `observe` is to do. */
export interface ObserveOptions {
  readonly mode: BenchMode;
  readonly contender: string;
  readonly params: PointParams;
}

/** One case. Modules in `bench/cases/` export one as their default. */
export interface Case {
  /** Name in results and on the command line; the file has the same. */
  readonly id: string;
  /** Title for readers. */
  readonly title: string;
  /** What is measured and how, in a few sentences for readers. */
  readonly description: string;
  /** The points of a run, in the order in which they run. */
  points(mode: BenchMode): readonly Point[];
  /** Makes one observation, in a fresh process. Throws if the contender cannot, or gives wrong results. */
  observe(options: ObserveOptions): Promise<Measured>;
}
