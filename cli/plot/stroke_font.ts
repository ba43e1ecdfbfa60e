/**
 * A font of pen strokes: no font file, any size, smooth edges.
 *
 * A glyph is a list of strokes with `|` between them. A stroke is a list of
 * points, each two digits (base 36): x from the left, y from the top of the
 * capitals at 0 over the base line at c (12) to the descenders at g (16). A
 * stroke that begins with `~` is a curve which the points pull towards them.
 *
 * @module
 */

import type { Canvas, Colour, Point } from "./canvas.ts";

const GLYPHS: { readonly [character: string]: string } = {
  "0": "~00707c0c00",
  "1": "13404c",
  "2": "~030070750c|0c7c",
  "3": "~0200707636|~36767c0c0a",
  "4": "500878|505c",
  "5": "601005|~05737c0c0a",
  "6": "~600009|~05757c0c05",
  "7": "00702c",
  "8": "~1060661610|~06767c0c06",
  "9": "~0070770700|~737c1c",
  A: "0c408c|1878",
  B: "000c|~004070764606|~0646868c4c0c",
  C: "~8370000c7c89",
  D: "000c|~0030808c3c0c",
  E: "70000c7c|0666",
  F: "70000c|0666",
  G: "~8370000c8c87|8757",
  H: "000c|808c|0686",
  I: "000c",
  J: "~50585c0c09",
  K: "000c|7007|347c",
  L: "000c7c",
  M: "0c0048808c",
  N: "0c008c80",
  O: "~00808c0c00",
  P: "000c|~004080874707",
  Q: "~00808c0c00|588d",
  R: "000c|~004080864606|467c",
  S: "~72700006767c0c0a",
  T: "0080|404c",
  U: "~00080c8c8880",
  V: "004c80",
  W: "003c629cc0",
  X: "008c|800c",
  Y: "004680|464c",
  Z: "00800c8c",
  a: "~04646c0c04|646c",
  b: "000c|~04646c0c04",
  c: "~6654040c5c6a",
  d: "606c|~04646c0c04",
  e: "0868|~6864040c5c6a",
  f: "~502025|252c|0454",
  g: "~04646c0c04|~646c6g0g0e",
  h: "000c|~080464686c",
  i: "040c|01",
  j: "~242d2g0g|21",
  k: "000c|5409|276c",
  l: "000c",
  m: "040c|~080454585c|~5854a4a8ac",
  n: "040c|~080464686c",
  o: "~04646c0c04",
  p: "040g|~04646c0c04",
  q: "646g|~04646c0c04",
  r: "040c|~080444",
  s: "~55540408585c0c0b",
  t: "~21292c5c|0454",
  u: "~04080c6c6864|646c",
  v: "043c64",
  w: "042c456c84",
  x: "046c|640c",
  y: "043c|641g",
  z: "04640c6c",
  ".": "0c",
  ",": "1b0e",
  ":": "06|0c",
  "-": "0848",
  "−": "0868",
  "+": "0868|353b",
  "=": "0666|0a6a",
  "/": "0e60",
  "%": "~0030340400|~58888c5c58|800c",
  "(": "~3004093d",
  ")": "~0034390d",
  _: "0d7d",
  "'": "0003",
  "·": "08",
  "×": "065b|560b",
};

/** What stands for a character that the font does not have. */
const UNKNOWN = "00606c0c00";
const CAP_UNITS = 12;
const SPACE_UNITS = 5;
const GAP_UNITS = 3.4;

/** How text is drawn. */
export interface TextStyle {
  /** Height of capitals in pixels. */
  readonly size: number;
  readonly colour: Colour;
  /** Thickness of the pen in pixels. Default: an eighth of the size. */
  readonly thickness?: number;
  /** Which point of the text `x` is. Default: `"left"`. */
  readonly align?: "left" | "center" | "right";
}

/** Width of a text in pixels. */
export function textWidth(text: string, size: number): number {
  const units = [...text].reduce((sum, character) => sum + advanceUnits(character), 0);
  return Math.max(0, units - GAP_UNITS) * size / CAP_UNITS;
}

/** Draws text with its base line at `y`; returns where it ends. */
export function drawText(canvas: Canvas, text: string, [x, y]: Point, style: TextStyle): number {
  const { size, colour, thickness = size / 8, align = "left" } = style;
  const scale = size / CAP_UNITS;
  const width = textWidth(text, size);
  let left = align === "left" ? x : align === "right" ? x - width : x - width / 2;
  for (const character of text) {
    for (const stroke of strokesOf(character)) {
      const toPixels = ([unitX, unitY]: Point): Point => [left + unitX * scale, y + (unitY - CAP_UNITS) * scale];
      canvas.strokeLine(stroke.map(toPixels), thickness, colour);
    }
    left += advanceUnits(character) * scale;
  }
  return left;
}

function advanceUnits(character: string): number {
  if (character === " ") return SPACE_UNITS + GAP_UNITS / 2;
  return Math.max(...strokesOf(character).flat().map(([x]) => x)) + GAP_UNITS;
}

const parsed = new Map<string, Point[][]>();

function strokesOf(character: string): Point[][] {
  if (character === " ") return [];
  let strokes = parsed.get(character);
  if (strokes === undefined) {
    strokes = (GLYPHS[character] ?? UNKNOWN).split("|").map(parseStroke);
    parsed.set(character, strokes);
  }
  return strokes;
}

function parseStroke(text: string): Point[] {
  const pairs = text.replace("~", "").match(/../g) ?? [];
  const points = pairs.map((pair): Point => [parseInt(pair[0] as string, 36), parseInt(pair[1] as string, 36)]);
  return text.startsWith("~") ? smooth(smooth(smooth(points))) : points;
}

/** Cuts every corner (Chaikin): repeated, it makes a quadratic B-spline of the polygon. */
function smooth(points: Point[]): Point[] {
  const between = ([ax, ay]: Point, [bx, by]: Point, share: number): Point => [
    ax + (bx - ax) * share,
    ay + (by - ay) * share,
  ];
  const cut = points.slice(1).flatMap((end, i) => {
    const start = points[i] as Point;
    return [between(start, end, 0.25), between(start, end, 0.75)];
  });
  const [first, last] = [points[0] as Point, points.at(-1) as Point];
  const isClosed = first[0] === last[0] && first[1] === last[1];
  return isClosed ? [...cut, cut[0] as Point] : [first, ...cut.slice(1, -1), last];
}
