/**
 * A bar for each contender, with its spread.
 *
 * @module
 */

import { CATALOG } from "../../contenders/catalog.ts";
import { isHigherBetter, metricTitle } from "../metric.ts";
import { renderNumber } from "../numbers.ts";
import type { Series } from "../report.ts";
import { element, escape } from "./markup.ts";

const WIDTH = 460;
const ROW = 24;
const LABEL = 138;
const VALUE = 70;

/** Bars of one metric at one point on one runtime, the best at the top; who failed stands below with its error. */
export function barChart(series: readonly Series[], metric: string): string {
  const sign = isHigherBetter(metric) ? -1 : 1;
  const valueOf = (one: Series) => one.metrics[metric]?.median;
  const measured = series.filter((one) => valueOf(one) !== undefined)
    .sort((a, b) => sign * ((valueOf(a) as number) - (valueOf(b) as number)));
  const failed = series.filter((one) => valueOf(one) === undefined);
  // What has no thread to go to would make all other bars unreadably short: its bar is cut.
  const others = measured.filter(({ contender }) => contender !== "main" || measured.length === 1);
  const most = Math.max(
    ...others.map((one) => (one.metrics[metric]?.median ?? 0) + (one.metrics[metric]?.mad ?? 0)),
    0,
  );
  const rows = [
    ...measured.map((one, i) => barRow(one, metric, { y: i * ROW, most })),
    ...failed.map((one, i) => failedRow(one, (measured.length + i) * ROW)),
  ];
  const height = rows.length * ROW + 2;
  return element("svg", {
    viewBox: `0 0 ${WIDTH} ${height}`,
    role: "img",
    "aria-label": `${metricTitle(metric)}: ${
      measured.map((one) => `${title(one)} ${renderNumber(valueOf(one) as number)}`).join(", ")
    }`,
  }, rows.join("\n"));
}

function barRow(one: Series, metric: string, { y, most }: { readonly y: number; readonly most: number }): string {
  const { median, mad } = one.metrics[metric] as { median: number; mad: number };
  const space = WIDTH - LABEL - VALUE;
  const scale = (value: number) => most > 0 ? Math.max(0, value) / most * space : 0;
  const isCut = median > most;
  const width = Math.max(1, isCut ? space : scale(median));
  const middle = y + ROW / 2;
  const kind = CATALOG[one.contender]?.kind ?? "bare";
  const whisker = isCut || mad === 0 ? "" : element("path", {
    d: `M${(LABEL + scale(median - mad)).toFixed(1)} ${middle}H${(LABEL + scale(median + mad)).toFixed(1)}`,
    class: "spread",
  });
  const cut = isCut
    ? element("path", { d: `M${LABEL + space - 14} ${y + 3}l-5 ${ROW - 6}m5 0l5 ${6 - ROW}`, class: "cut" })
    : "";
  const tip = element("title", {}, escape(`${title(one)}: ${renderNumber(median)} ± ${renderNumber(mad)}`));
  return element(
    "g",
    {},
    [
      tip,
      element("text", { x: LABEL - 8, y: middle + 4, class: `label ${kind}` }, escape(title(one))),
      element("rect", { x: LABEL, y: y + 4, width, height: ROW - 8, rx: 2, class: `bar ${kind}` }),
      whisker,
      cut,
      element("text", {
        x: LABEL + (isCut ? space : Math.max(width, scale(median + mad))) + 6,
        y: middle + 4,
        class: "value",
      }, renderNumber(median)),
    ].join(""),
  );
}

function failedRow(one: Series, y: number): string {
  const error = one.errors[0] ?? "not measured";
  return element(
    "g",
    {},
    [
      element("title", {}, escape(error)),
      element("text", { x: LABEL - 8, y: y + ROW / 2 + 4, class: "label failed" }, escape(title(one))),
      element("text", { x: LABEL, y: y + ROW / 2 + 4, class: "value failed" }, escape(shorten(`cannot: ${error}`, 50))),
    ].join(""),
  );
}

function title({ contender }: Series): string {
  return CATALOG[contender]?.title ?? contender;
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
