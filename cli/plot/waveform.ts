/**
 * Draws waveforms above each other on one axis of time.
 *
 * @module
 */

import { Canvas, type Colour } from "./canvas.ts";
import type { Envelope } from "./envelope.ts";
import { drawText, textWidth } from "./stroke_font.ts";

/** One waveform. */
export interface Panel {
  /** What it is, such as `"before"`. */
  readonly title: string;
  /** Where it is from, such as the name of a file. */
  readonly subtitle: string;
  readonly envelope: Envelope;
  readonly tone: keyof typeof TONES;
}

/** Measures of a picture whose panels stand above each other on one axis of time, in pixels. */
export const WIDTH = 1600;
/** Where panels begin. */
export const LEFT = 84;
/** What is left free at the right of panels. */
export const RIGHT = 36;
/** What is left free at the top of a picture. */
export const TOP = 22;
/** Room for the title of a panel. */
export const TITLE_HEIGHT = 44;
/** Height of a waveform. */
export const PANEL_HEIGHT = 232;
/** Between two panels. */
export const PANEL_GAP = 14;
/** Room for the axis of time. */
export const AXIS_HEIGHT = 56;
/** Size of text. */
export const TEXT_SIZE = 13;
const TITLE_SIZE = 16;
const TICKS_MAX = 10;

/** Colour of the paper. */
export const PAPER: Colour = [255, 255, 255];
/** Colour of the field of a waveform. */
export const FIELD: Colour = [246, 248, 251];
/** Colour of its grid. */
export const GRID: Colour = [226, 231, 239];
/** Colour of the line of silence. */
export const ZERO: Colour = [203, 211, 223];
/** Colour of titles. */
export const INK: Colour = [31, 41, 55];
/** Colour of everything else that is written. */
export const FAINT_INK: Colour = [107, 119, 138];
const CLIPPING: Colour = [220, 68, 55];
/** Colours of waveforms. */
export const TONES = {
  before: { peak: [168, 184, 208], body: [92, 116, 152] },
  after: { peak: [112, 201, 190], body: [16, 132, 122] },
} as const satisfies { readonly [tone: string]: { peak: Colour; body: Colour } };

/** Draws the panels, and what else there is below them; returns a PNG file. */
export function drawWaveforms(panels: readonly Panel[], below?: Below): Uint8Array {
  const ownHeight = TOP + panels.length * (TITLE_HEIGHT + PANEL_HEIGHT + PANEL_GAP) - PANEL_GAP + AXIS_HEIGHT;
  const canvas = new Canvas(WIDTH, ownHeight + (below?.height ?? 0), PAPER);
  const durationSeconds = Math.max(1e-3, ...panels.map(({ envelope }) => envelope.durationSeconds));
  const stepSeconds = tickStep(durationSeconds);
  panels.forEach((panel, i) => {
    drawWaveform(canvas, panel, TOP + TITLE_HEIGHT + i * (TITLE_HEIGHT + PANEL_HEIGHT + PANEL_GAP), durationSeconds);
  });
  drawTimes(canvas, ownHeight - AXIS_HEIGHT, durationSeconds, stepSeconds);
  below?.draw(canvas, ownHeight);
  return canvas.toPng();
}

/** What is drawn below the waveforms. */
export interface Below {
  /** In pixels. */
  readonly height: number;
  draw(canvas: Canvas, top: number): void;
}

/** Draws one waveform whose field begins at `top`, with its title above. */
export function drawWaveform(canvas: Canvas, panel: Panel, top: number, durationSeconds: number): void {
  drawTitle(canvas, panel, top - 17);
  drawField(canvas, top, durationSeconds, tickStep(durationSeconds));
  drawEnvelope(canvas, panel, top, durationSeconds);
}

function drawTitle(canvas: Canvas, { title, subtitle, envelope }: Panel, y: number): void {
  const end = drawText(canvas, title, [LEFT, y], { size: TITLE_SIZE, colour: INK, thickness: 2.6 });
  const facts = describe(envelope);
  const room = WIDTH - RIGHT - textWidth(facts, TEXT_SIZE) - end - 3 * TEXT_SIZE;
  drawText(canvas, shorten(subtitle, room), [end + TEXT_SIZE, y], { size: TEXT_SIZE, colour: FAINT_INK });
  drawText(canvas, facts, [WIDTH - RIGHT, y], { size: TEXT_SIZE, colour: FAINT_INK, align: "right" });
}

/** The end of a text, as much of it as there is room for. */
export function shorten(text: string, widthPixels: number): string {
  if (textWidth(text, TEXT_SIZE) <= widthPixels) return text;
  let kept = text;
  while (kept !== "" && textWidth(`...${kept}`, TEXT_SIZE) > widthPixels) kept = kept.slice(1);
  return `...${kept}`;
}

function describe(envelope: Envelope): string {
  if (envelope.durationSeconds === 0) return "no audio";
  const { min, max, rms } = envelope.total;
  const channels = ["", "mono", "stereo"][envelope.channels] ?? `${envelope.channels} channels`;
  const rate = `${envelope.sampleRate / 1000} kHz`;
  return [
    `${envelope.durationSeconds.toFixed(2)} s`,
    `${rate} ${channels}`,
    `peak ${decibels(Math.max(-min, max))}`,
    `rms ${decibels(rms)}`,
  ].join("  ·  ");
}

function decibels(level: number): string {
  return level > 0 ? `${(20 * Math.log10(level)).toFixed(1).replace("-", "−")} dBFS` : "silent";
}

function drawField(canvas: Canvas, top: number, durationSeconds: number, stepSeconds: number): void {
  const right = WIDTH - RIGHT;
  canvas.fillRect(LEFT, top, right, top + PANEL_HEIGHT, FIELD);
  for (let time = stepSeconds; time < durationSeconds; time += stepSeconds) {
    const x = Math.round(timeToX(time, durationSeconds));
    canvas.fillRect(x, top, x + 1, top + PANEL_HEIGHT, GRID);
  }
  for (const level of [1, 0.5, 0, -0.5, -1]) {
    const y = Math.round(levelToY(level, top));
    canvas.fillRect(LEFT, y, right, y + 1, level === 0 ? ZERO : GRID);
    const label = `${level}`.replace("-", "−");
    drawText(canvas, label, [LEFT - 12, y + TEXT_SIZE / 2], { size: TEXT_SIZE - 1, colour: FAINT_INK, align: "right" });
  }
}

function drawEnvelope(canvas: Canvas, { envelope, tone }: Panel, top: number, durationSeconds: number): void {
  const { peak, body } = TONES[tone];
  const pixels = WIDTH - RIGHT - LEFT;
  const end = Math.min(WIDTH - RIGHT, Math.ceil(timeToX(envelope.durationSeconds, durationSeconds)));
  if (envelope.durationSeconds === 0) return;
  for (let x = LEFT; x < end; x++) {
    const start = (x - LEFT) / pixels * durationSeconds;
    const { min, max, rms } = envelope.between(start, start + durationSeconds / pixels);
    const bar = (low: number, high: number, colour: Colour) => {
      // A line of silence stays visible: at least one pixel.
      const [upper, lower] = [levelToY(Math.min(1, high), top), levelToY(Math.max(-1, low), top)];
      const thin = Math.max(0, 1 - (lower - upper)) / 2;
      canvas.fillRect(x, upper - thin + 0.5, x + 1, lower + thin + 0.5, colour);
    };
    bar(min, max, peak);
    bar(Math.max(min, -rms), Math.min(max, rms), body);
    if (max > 1) canvas.fillRect(x, top, x + 1, top + 4, CLIPPING);
    if (min < -1) canvas.fillRect(x, top + PANEL_HEIGHT - 4, x + 1, top + PANEL_HEIGHT, CLIPPING);
  }
}

/** Draws the axis of time, from `left` to where panels end. */
export function drawTimes(
  canvas: Canvas,
  top: number,
  durationSeconds: number,
  stepSeconds: number,
  left: number = LEFT,
): void {
  for (let tick = 0; tick * stepSeconds <= durationSeconds; tick++) {
    const time = tick * stepSeconds;
    const x = Math.round(left + time / durationSeconds * (WIDTH - RIGHT - left));
    canvas.fillRect(x, top, x + 1, top + 6, ZERO);
    const label = timeLabel(time, stepSeconds);
    drawText(canvas, label, [x, top + 28], { size: TEXT_SIZE, colour: FAINT_INK, align: "center" });
  }
}

function timeToX(seconds: number, durationSeconds: number): number {
  return LEFT + seconds / durationSeconds * (WIDTH - RIGHT - LEFT);
}

/** The field is a little higher than full scale, so that its lines are within it. */
function levelToY(level: number, top: number): number {
  return top + PANEL_HEIGHT / 2 - level * (PANEL_HEIGHT / 2 - 10);
}

const STEPS_OF_MINUTES = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 36_000];

/** The smallest round step that gives no more than ten ticks. */
export function tickStep(durationSeconds: number): number {
  const decades = [-4, -3, -2, -1, 0].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
  const steps = [...decades, 10, ...STEPS_OF_MINUTES];
  return steps.find((step) => durationSeconds / step <= TICKS_MAX) ?? Math.ceil(durationSeconds / TICKS_MAX);
}

/** A time as precise as its step: `0.25 s`, `12 s`, `2:30` or `1:15:00`. */
export function timeLabel(seconds: number, stepSeconds: number): string {
  if (stepSeconds < 10) {
    const decimals = Math.max(0, -Math.floor(Math.log10(stepSeconds) + 1e-9));
    return `${seconds.toFixed(decimals)} s`;
  }
  const whole = Math.round(seconds);
  const two = (value: number) => `${value}`.padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return whole < 3600
    ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
