/**
 * Draws a DSP graph as boxes and lines.
 *
 * @module
 */

import { type DspGraph, type GraphLayout, layoutGraph, type PlacedNode } from "../../synth/mod.ts";
import type { Canvas, Colour, Point } from "./canvas.ts";
import { drawText, textWidth } from "./stroke_font.ts";
import { FAINT_INK, FIELD, INK, LEFT, RIGHT, TONES, WIDTH } from "./waveform.ts";

const ROW_HEIGHT = 62;
const BOX_HEIGHT = 46;
const GAP = 22;
const SOUND: Colour = TONES.after.body;
/** Colour of what modulates. */
export const MODULATION: Colour = [154, 107, 208];
const BOX: Colour = FIELD;
/** Colour of the box of what modulates. */
export const MODULATOR_BOX: Colour = [245, 239, 252];
/** Colour of the borders of boxes. */
export const BORDER: Colour = [92, 116, 152];
const UNUSED_BORDER: Colour = [200, 206, 215];
const UNUSED_BOX: Colour = [255, 255, 255];

/** A graph that is ready to be drawn, and how high that is. */
export interface GraphPicture {
  readonly layout: GraphLayout;
  readonly height: number;
}

/** Lays a graph out. */
export function planGraphPicture(graph: DspGraph): GraphPicture {
  const layout = layoutGraph(graph);
  return { layout, height: layout.rows * ROW_HEIGHT };
}

/** Draws a graph over the width of the picture. */
export function drawGraph(canvas: Canvas, { layout }: GraphPicture, top: number): void {
  const columnWidth = (WIDTH - RIGHT - LEFT + GAP) / layout.columns;
  const boxWidth = Math.min(190, columnWidth - GAP);
  const place = new Map(
    layout.nodes.map((node) => [node.id, [LEFT + node.column * columnWidth, top + node.row * ROW_HEIGHT] as const]),
  );
  for (const { from, to, param } of layout.edges) {
    const [startX, startY] = place.get(from) as Point;
    const [endX, endY] = place.get(to) as Point;
    const start: Point = [startX + boxWidth, startY + BOX_HEIGHT / 2];
    const end: Point = [endX, endY + BOX_HEIGHT / 2 + (param === undefined ? 0 : 8)];
    canvas.strokeLine(curve(start, end), param === undefined ? 2 : 1.2, param === undefined ? SOUND : MODULATION);
  }
  for (const node of layout.nodes) drawBox(canvas, node, place.get(node.id) as Point, boxWidth);
}

function curve([x1, y1]: Point, [x2, y2]: Point): Point[] {
  return Array.from({ length: 17 }, (_, i): Point => {
    const t = i / 16;
    const ease = t * t * (3 - 2 * t);
    return [x1 + (x2 - x1) * t, y1 + (y2 - y1) * ease];
  });
}

function drawBox(canvas: Canvas, node: PlacedNode, [x, y]: Point, width: number): void {
  const [border, fill] = node.isUnused
    ? [UNUSED_BORDER, UNUSED_BOX]
    : node.isModulator
    ? [MODULATION, MODULATOR_BOX]
    : [BORDER, BOX];
  canvas.fillRect(x - 1, y - 1, x + width + 1, y + BOX_HEIGHT + 1, border);
  canvas.fillRect(x, y, x + width, y + BOX_HEIGHT, fill);
  const colour = node.isUnused ? FAINT_INK : INK;
  drawFitting(canvas, node.id, [x + 8, y + 18], { width: width - 14, size: 12, colour });
  drawFitting(canvas, node.title, [x + 8, y + 36], { width: width - 14, size: 10, colour: FAINT_INK });
}

function drawFitting(
  canvas: Canvas,
  text: string,
  at: Point,
  { width, size, colour }: { width: number; size: number; colour: Colour },
): void {
  let kept = text;
  while (kept !== "" && textWidth(kept, size) > width) kept = kept.slice(0, -1);
  drawText(canvas, kept, at, { size, colour });
}
