/**
 * Verdicts in words.
 *
 * @module
 */

import { renderNumber } from "./numbers.ts";
import type { Verdict } from "./ratios.ts";

/** What was promised, such as `at least 5×`. */
export function renderFigure({ budget, figure }: Verdict): string {
  const unit = budget.unit === undefined ? "×" : ` ${budget.unit}`;
  return `${budget.atLeast === undefined ? "at most" : "at least"} ${renderNumber(figure)}${unit}`;
}

/** What was measured, with its spread, such as `5.31× ±0.12`. */
export function renderMeasured({ budget, measured, error }: Verdict): string {
  if (measured === undefined) return error ?? "–";
  const unit = budget.unit === undefined ? "×" : ` ${budget.unit}`;
  const spread = measured.count < 2 ? "" : ` ±${renderNumber(measured.mad)}`;
  return `${renderNumber(measured.median)}${unit}${spread}`;
}

/** One line for a terminal. */
export function renderVerdict(verdict: Verdict): string {
  const { standing, runtime, budget, rival } = verdict;
  const than = rival === undefined ? "" : ` of ${rival}`;
  return `${standing.padEnd(12)}  ${runtime.padEnd(4)}  ${budget.title}: ${renderMeasured(verdict)}${than} (${
    renderFigure(verdict)
  })`;
}
