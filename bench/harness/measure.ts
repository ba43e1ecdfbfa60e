/**
 * Timing, on tinybench.
 *
 * @module
 */

import { Bench, type Statistics } from "tinybench";
import type { TimerCheck } from "./case.ts";

/** What is timed, and for how long. */
export interface TimedTask {
  /** One iteration. */
  run(): Promise<void>;
  /** Before and after each iteration, not timed. */
  before?(): Promise<void>;
  after?(): Promise<void>;
  /** Time of all timed iterations together, in milliseconds. */
  readonly timeMs: number;
  /** Iterations that there are at least. */
  readonly iterations: number;
  /** Time of iterations that are not counted, in milliseconds. 0: the first iteration counts. */
  readonly warmupMs: number;
}

/** Times of a task's iterations, in milliseconds. */
export interface Timing {
  readonly latency: Statistics;
  readonly timer: TimerCheck;
}

/** A task should take as many steps of the clock as this, so that a step is at most 1 % of it. */
const STEPS_AT_LEAST = 100;

/**
 * Times a task, one iteration after the other.
 *
 * @throws What the task throws.
 */
export async function timeTask(task: TimedTask): Promise<Timing> {
  const { timeMs, iterations, warmupMs } = task;
  const bench = new Bench({
    time: timeMs,
    iterations,
    warmup: warmupMs > 0,
    warmupTime: warmupMs,
    warmupIterations: warmupMs > 0 ? 1 : 0,
    throws: true,
  });
  bench.add("task", () => task.run(), {
    async: true,
    ...(task.before === undefined ? {} : { beforeEach: () => task.before?.() }),
    ...(task.after === undefined ? {} : { afterEach: () => task.after?.() }),
  });
  let saturation: string | undefined;
  bench.addEventListener("warning", ({ reason }) => saturation = reason);
  await bench.run();
  const result = bench.getTask("task")?.result;
  if (result?.state !== "completed") throw new Error(`tinybench did not complete the task: ${result?.state}`);
  return { latency: result.latency, timer: checkTimer(result.latency.p50, clockStepMs(), saturation) };
}

/** Judges whether the clock is fine enough for a task. */
export function checkTimer(taskMs: number, stepMs: number, saturation?: string): TimerCheck {
  const resolutionUs = stepMs * 1000;
  const taskUs = taskMs * 1000;
  const steps = taskMs / stepMs;
  if (saturation === undefined && steps >= STEPS_AT_LEAST) return { resolutionUs, taskUs };
  const problem = saturation === undefined
    ? `the task takes only ${steps.toFixed(1)} steps of the clock`
    : `tinybench finds the samples ${saturation}`;
  return { resolutionUs, taskUs, problem };
}

/** The smallest step of `performance.now()` among a few thousand, in milliseconds. */
export function clockStepMs(now: () => number = () => performance.now()): number {
  let smallest = Infinity;
  for (let i = 0, last = now(); i < 5000; i++) {
    const current = now();
    if (current > last) smallest = Math.min(smallest, current - last);
    last = current;
  }
  return smallest;
}
