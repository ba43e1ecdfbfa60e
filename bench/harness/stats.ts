/**
 * Medians and their spread.
 *
 * @module
 */

/** A median with its spread. */
export interface Summary {
  readonly median: number;
  /** Median absolute deviation from the median. */
  readonly mad: number;
  readonly count: number;
}

/** The median of some values; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)] as number
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** Median and median absolute deviation of some values. */
export function summarise(values: readonly number[]): Summary {
  const middle = median(values);
  return { median: middle, mad: median(values.map((value) => Math.abs(value - middle))), count: values.length };
}

/** The slope of a line through points: the median of the slopes of all pairs, which single outliers do not move (Theil and Sen). */
export function slope(xs: readonly number[], ys: readonly number[]): number {
  const slopes: number[] = [];
  for (let i = 0; i < xs.length; i++) {
    for (let j = i + 1; j < xs.length; j++) {
      slopes.push(((ys[j] as number) - (ys[i] as number)) / ((xs[j] as number) - (xs[i] as number)));
    }
  }
  return median(slopes);
}
