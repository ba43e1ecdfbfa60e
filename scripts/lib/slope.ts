/**
 * The slope of a line through measured points.
 *
 * @module
 */

/** A straight line's slope, and how far off it may be. Both in units of y per unit of x. */
export interface Slope {
  readonly slope: number;
  /** Infinite for fewer than three points. */
  readonly standardError: number;
}

/** Fits a line by least squares. @param points At least two, with different x. */
export function fitSlope(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const sxx = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const sxy = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const slope = sxy / sxx;
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, standardError: n > 2 ? Math.sqrt(residual / (n - 2) / sxx) : Infinity };
}
