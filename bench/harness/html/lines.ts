/**
 * A line for each contender over a parameter, both on logarithmic scales.
 *
 * @module
 */

import { CATALOG } from "../../contenders/catalog.ts";
import { metricTitle } from "../metric.ts";
import { renderNumber } from "../numbers.ts";
import type { Series } from "../report.ts";
import { element, escape } from "./markup.ts";

const WIDTH = 460;
const HEIGHT = 260;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 118, 10, 34];

/** Lines of one metric over a numeric parameter, on one runtime. */
export function lineChart(series: readonly Series[], metric: string, param: string): string {
  const points = series.flatMap((one) => {
    const summary = one.metrics[metric];
    return summary === undefined || !(summary.median > 0)
      ? []
      : [{ contender: one.contender, x: Number(one.params[param]), y: summary.median, mad: summary.mad }];
  });
  if (points.length === 0) return "";
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const toX = logScale(xs[0] as number, xs.at(-1) as number, [LEFT, WIDTH - RIGHT]);
  const lowest = 10 ** Math.floor(Math.log10(Math.min(...points.map(({ y }) => y))));
  const highest = 10 ** Math.ceil(Math.log10(Math.max(...points.map(({ y }) => y))));
  const toY = logScale(lowest, highest, [HEIGHT - BOTTOM, TOP]);
  const parts: string[] = [];
  for (let y = lowest; y <= highest * 1.001; y *= 10) {
    parts.push(element("path", { d: `M${LEFT} ${toY(y).toFixed(1)}H${WIDTH - RIGHT}`, class: "grid" }));
    parts.push(element("text", { x: LEFT - 6, y: toY(y) + 4, class: "tick end" }, renderTick(y)));
  }
  for (const x of xs) parts.push(element("text", { x: toX(x), y: HEIGHT - 18, class: "tick" }, renderTick(x)));
  parts.push(element("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 3, class: "tick" }, escape(param)));
  const lines = [...Map.groupBy(points, ({ contender }) => contender)];
  const ends = lines.map(([, own]) => toY(own.toSorted((a, b) => a.x - b.x).at(-1)?.y as number));
  const labels = spreadOut(ends, { gap: 14, limit: HEIGHT - BOTTOM });
  lines.forEach(([contender, own], i) => {
    const entry = CATALOG[contender];
    const kind = entry?.kind ?? "bare";
    const sorted = own.toSorted((a, b) => a.x - b.x);
    const path = sorted.map(({ x, y }, at) => `${at === 0 ? "M" : "L"}${toX(x).toFixed(1)} ${toY(y).toFixed(1)}`).join(
      "",
    );
    parts.push(element("path", { d: path, class: `line ${kind} ${contender}` }));
    for (const { x, y } of sorted) {
      const tip = element("title", {}, escape(`${entry?.title ?? contender}, ${param} ${x}: ${renderNumber(y)}`));
      parts.push(element("circle", { cx: toX(x), cy: toY(y), r: 3, class: `dot ${kind}` }, tip));
    }
    const last = sorted.at(-1);
    parts.push(element("text", {
      x: toX(last?.x ?? 1) + 8,
      y: (labels[i] as number) + 4,
      class: `name ${kind}`,
    }, escape(entry?.title ?? contender)));
  });
  const label = `${metricTitle(metric)} over ${param}`;
  return element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, parts.join("\n"));
}

/** Maps a range to another, logarithmically. A range of one value maps to the middle. */
export function logScale(low: number, high: number, [from, to]: readonly [number, number]): (value: number) => number {
  if (low === high) return () => (from + to) / 2;
  return (value) => from + (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) * (to - from);
}

/**
 * Moves positions apart until they are at least `gap` from each other, keeping
 * their order: forwards, and where that leads beyond the limit, backwards.
 */
export function spreadOut(
  positions: readonly number[],
  { gap, limit }: { readonly gap: number; readonly limit: number },
): number[] {
  const order = positions.map((position, index) => ({ position, index })).sort((a, b) => a.position - b.position);
  const placed = [...positions];
  let last = -Infinity;
  for (const { position, index } of order) {
    last = Math.max(position, last + gap);
    placed[index] = last;
  }
  let next = limit + gap;
  for (const { index } of order.reverse()) {
    next = Math.min(placed[index] as number, next - gap);
    placed[index] = next;
  }
  return placed;
}

/** A number for an axis, in few signs: `10k`, `1.92k`, `1M`. */
function renderTick(value: number): string {
  return value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 }).replace("K", "k");
}
