/**
 * Draws who worked when: a row for each node, a bar for each stretch of work.
 *
 * @module
 */

import type { NodeMetrics, SessionMetrics } from "../../mod.ts";
import type { Canvas, Colour } from "./canvas.ts";
import { drawText, textWidth } from "./stroke_font.ts";
import {
  AXIS_HEIGHT,
  drawTimes,
  FAINT_INK,
  INK,
  LEFT,
  RIGHT,
  shorten,
  TEXT_SIZE,
  tickStep,
  WIDTH,
} from "./waveform.ts";

const TITLE_HEIGHT = 52;
const ROW_HEIGHT = 30;
const BAR_HEIGHT = 18;
const TITLE_SIZE = 16;
const NAME_WIDTH_MAX = 320;
const ROWS: readonly Colour[] = [[246, 248, 251], [255, 255, 255]];
const BARS: readonly Colour[] = [
  ...[[16, 132, 122], [92, 116, 152], [196, 118, 42], [132, 92, 168], [176, 72, 92]] as const,
  ...[[104, 140, 44], [52, 152, 208], [140, 108, 84], [216, 148, 172], [96, 96, 96]] as const,
];

/** The work of one node. */
export interface TimelineRow {
  readonly nodeId: string;
  readonly pluginName: string;
  /** In seconds since the first node began to work. */
  readonly spans: readonly (readonly [startSeconds: number, endSeconds: number])[];
}

/** The rows of a session that was opened with `recordActivity`. */
export function timelineOf({ nodes }: SessionMetrics): TimelineRow[] {
  const all = Object.values(nodes);
  const startMs = Math.min(...all.flatMap(({ activity = [] }) => activity.map(([startMs]) => startMs)));
  const toSpans = ({ activity = [] }: NodeMetrics) =>
    activity.map(([from, to]) => [(from - startMs) / 1000, (to - startMs) / 1000] as const);
  return all.map((node) => ({ nodeId: node.nodeId, pluginName: node.pluginName, spans: toSpans(node) }));
}

/** Height of the rows with their title and axis, in pixels. */
export function timelineHeight(rows: readonly TimelineRow[]): number {
  return TITLE_HEIGHT + rows.length * ROW_HEIGHT + AXIS_HEIGHT;
}

/** Draws the rows below `top`. */
export function drawTimeline(canvas: Canvas, rows: readonly TimelineRow[], top: number): void {
  const durationSeconds = Math.max(1e-3, ...rows.flatMap(({ spans }) => spans.map(([, end]) => end)));
  const title = [LEFT, top + TITLE_HEIGHT - 17] as const;
  const end = drawText(canvas, "who worked when", title, { size: TITLE_SIZE, colour: INK, thickness: 2.6 });
  drawText(canvas, "time of the clock, not of the audio", [end + TEXT_SIZE, title[1]], {
    size: TEXT_SIZE,
    colour: FAINT_INK,
  });
  const names = rows.map(({ nodeId }) => shorten(nodeId, NAME_WIDTH_MAX));
  const left = LEFT / 2 + Math.max(0, ...names.map((name) => textWidth(name, TEXT_SIZE)));
  const toX = (seconds: number) => left + seconds / durationSeconds * (WIDTH - RIGHT - left);
  const plugins = [...new Set(rows.map(({ pluginName }) => pluginName))];
  rows.forEach(({ pluginName, spans }, i) => {
    const y = top + TITLE_HEIGHT + i * ROW_HEIGHT;
    canvas.fillRect(left, y, WIDTH - RIGHT, y + ROW_HEIGHT, ROWS[i % 2] as Colour);
    drawText(canvas, names[i] as string, [left - 12, y + ROW_HEIGHT / 2 + TEXT_SIZE / 2], {
      size: TEXT_SIZE,
      colour: INK,
      align: "right",
    });
    const colour = BARS[plugins.indexOf(pluginName) % BARS.length] as Colour;
    const barTop = y + (ROW_HEIGHT - BAR_HEIGHT) / 2;
    // The shortest work stays visible.
    for (const [from, to] of spans) {
      canvas.fillRect(toX(from), barTop, Math.max(toX(from) + 1, toX(to)), barTop + BAR_HEIGHT, colour);
    }
  });
  drawTimes(canvas, top + TITLE_HEIGHT + rows.length * ROW_HEIGHT, durationSeconds, tickStep(durationSeconds), left);
}
