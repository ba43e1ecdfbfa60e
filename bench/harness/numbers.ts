/**
 * Numbers for readers.
 *
 * @module
 */

import type { Summary } from "./stats.ts";

/** Three significant digits, in groups of thousands. */
export function renderNumber(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const digits = size === 0 ? 0 : Math.min(4, Math.max(0, 2 - Math.floor(Math.log10(size))));
  const rounded = size >= 1000 ? Number(value.toPrecision(3)) : value;
  const text = rounded.toLocaleString("en", { maximumFractionDigits: digits });
  return text === "-0" ? "0" : text;
}

/** A median and its spread in percent of it; nothing is said of the spread of a single value. */
export function renderSummary({ median, mad, count }: Summary): string {
  if (count < 2 || median === 0) return renderNumber(median);
  return `${renderNumber(median)} ±${Math.round(Math.abs(mad / median) * 100)}%`;
}
