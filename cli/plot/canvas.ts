/**
 * A small drawing surface: smooth lines and rectangles on RGB pixels.
 *
 * @module
 */

import { encode } from "fast-png";

/** Red, green, blue, each 0 to 255. */
export type Colour = readonly [number, number, number];

/** A point in pixels; pixel centres lie at halves. */
export type Point = readonly [x: number, y: number];

/** An RGB picture that is drawn on with anti-aliasing. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #pixels: Uint8ClampedArray;

  constructor(width: number, height: number, background: Colour) {
    this.width = width;
    this.height = height;
    this.#pixels = new Uint8ClampedArray(width * height * 3);
    for (let at = 0; at < this.#pixels.length; at += 3) this.#pixels.set(background, at);
  }

  /** Fills a rectangle; an edge within a pixel covers it in part. */
  fillRect(left: number, top: number, right: number, bottom: number, colour: Colour): void {
    for (let y = Math.floor(top); y < bottom; y++) {
      const rows = Math.min(bottom, y + 1) - Math.max(top, y);
      for (let x = Math.floor(left); x < right; x++) {
        this.#blend(x, y, colour, rows * (Math.min(right, x + 1) - Math.max(left, x)));
      }
    }
  }

  /** Draws a line through the points, with round ends. One point is a dot. */
  strokeLine(points: readonly Point[], thickness: number, colour: Colour): void {
    const reach = thickness / 2 + 1;
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    for (let y = Math.floor(Math.min(...ys) - reach); y < Math.max(...ys) + reach; y++) {
      for (let x = Math.floor(Math.min(...xs) - reach); x < Math.max(...xs) + reach; x++) {
        const distance = distanceToLine([x + 0.5, y + 0.5], points);
        this.#blend(x, y, colour, thickness / 2 + 0.5 - distance);
      }
    }
  }

  /** The picture as a PNG file. */
  toPng(): Uint8Array {
    const data = new Uint8Array(this.#pixels.buffer);
    return encode({ width: this.width, height: this.height, data, channels: 3, depth: 8 });
  }

  #blend(x: number, y: number, colour: Colour, coverage: number): void {
    if (coverage <= 0 || x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const share = Math.min(1, coverage);
    const at = (y * this.width + x) * 3;
    for (let i = 0; i < 3; i++) {
      const below = this.#pixels[at + i] as number;
      this.#pixels[at + i] = below + ((colour[i] as number) - below) * share;
    }
  }
}

function distanceToLine(from: Point, points: readonly Point[]): number {
  let nearest = Infinity;
  points.forEach((end, i) => {
    nearest = Math.min(nearest, distanceToSegment(from, points[Math.max(0, i - 1)] as Point, end));
  });
  return nearest;
}

function distanceToSegment([x, y]: Point, [startX, startY]: Point, [endX, endY]: Point): number {
  const [alongX, alongY] = [endX - startX, endY - startY];
  const lengthSquared = alongX ** 2 + alongY ** 2;
  const projected = ((x - startX) * alongX + (y - startY) * alongY) / lengthSquared;
  const share = lengthSquared === 0 ? 0 : Math.max(0, Math.min(1, projected));
  return Math.hypot(x - startX - share * alongX, y - startY - share * alongY);
}
