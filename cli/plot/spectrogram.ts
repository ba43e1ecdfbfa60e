/**
 * The spectrum of a stream of audio over time, in constant memory.
 *
 * @module
 */

import FFT from "fft.js";
import type { Canvas, Colour } from "./canvas.ts";
import { drawText, textWidth } from "./stroke_font.ts";
import { FAINT_INK, LEFT, RIGHT, TEXT_SIZE, WIDTH } from "./waveform.ts";

const FFT_SIZE = 2048;
const ROWS = 240;
const COLUMNS = 2048;
const LOWEST_HZ = 30;
/** What is quieter is as dark as silence. */
export const FLOOR_DB = -84;
/** What is louder is as light as this. */
export const TOP_DB = -6;
/** Of the bar that shows which colour is which level, in pixels. */
const SCALE_WIDTH = 200;

/** Collects spectra in columns. When they are used up, each two become one, twice as long. */
export class Spectrogram {
  readonly #sampleRate: number;
  readonly #channels: number;
  readonly #fft = new FFT(FFT_SIZE);
  readonly #window = Float64Array.from(
    { length: FFT_SIZE },
    (_, i) => 0.5 - 0.5 * Math.cos(2 * Math.PI * i / FFT_SIZE),
  );
  readonly #recent = new Float64Array(FFT_SIZE);
  readonly #input = new Array<number>(FFT_SIZE).fill(0);
  readonly #output: number[];
  /** Decibels of each row, column by column. */
  readonly #levels = new Float32Array(ROWS * COLUMNS);
  #columns = 0;
  #hop = FFT_SIZE / 4;
  #at = 0;
  #untilNext = FFT_SIZE / 4;
  #frames = 0;

  constructor(sampleRate: number, channels: number) {
    this.#sampleRate = sampleRate;
    this.#channels = channels;
    this.#output = this.#fft.createComplexArray();
  }

  /** Adds interleaved samples. */
  add(samples: Float32Array): void {
    for (let i = 0; i < samples.length; i += this.#channels) {
      let sum = 0;
      for (let c = 0; c < this.#channels; c++) sum += samples[i + c] as number;
      this.#recent[this.#at] = sum / this.#channels;
      this.#at = (this.#at + 1) % FFT_SIZE;
      this.#frames += 1;
      if (--this.#untilNext === 0) this.#addColumn();
    }
  }

  /** Draws it with the lowest frequency at the bottom, on a logarithmic axis, up to `durationSeconds`. */
  draw(
    canvas: Canvas,
    { top, height, durationSeconds }: { top: number; height: number; durationSeconds: number },
  ): void {
    const right = WIDTH - RIGHT;
    canvas.fillRect(LEFT, top, right, top + height, colourOf(FLOOR_DB));
    const columnSeconds = this.#hop / this.#sampleRate;
    const pixelSeconds = durationSeconds / (right - LEFT);
    for (let x = LEFT; x < right; x++) {
      const column = Math.floor((x - LEFT) * pixelSeconds / columnSeconds);
      if (column >= this.#columns) break;
      for (let y = 0; y < height; y++) {
        const row = Math.min(ROWS - 1, Math.floor((height - 1 - y) / height * ROWS));
        const level = this.#levels[column * ROWS + row] as number;
        if (level > FLOOR_DB) canvas.fillRect(x, top + y, x + 1, top + y + 1, colourOf(level));
      }
    }
    for (const hz of [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000]) {
      if (hz > this.#sampleRate / 2) break;
      const share = Math.log(hz / LOWEST_HZ) / Math.log(this.#sampleRate / 2 / LOWEST_HZ);
      const y = Math.round(top + height * (1 - share));
      const label = hz < 1000 ? `${hz} Hz` : `${hz / 1000} kHz`;
      canvas.fillRect(LEFT - 6, y, LEFT, y + 1, FAINT_INK);
      drawText(canvas, label, [LEFT - 12, y + TEXT_SIZE / 2], {
        size: TEXT_SIZE - 1,
        colour: FAINT_INK,
        align: "right",
      });
    }
  }

  /** Draws which colour is which level, right-aligned on a line of text. */
  drawScale(canvas: Canvas, y: number): void {
    const write = (text: string, x: number) =>
      drawText(canvas, text, [x, y], { size: TEXT_SIZE, colour: FAINT_INK, align: "right" });
    const right = WIDTH - RIGHT - textWidth(levelText(TOP_DB), TEXT_SIZE) - TEXT_SIZE;
    write(levelText(TOP_DB), WIDTH - RIGHT);
    for (let x = 0; x < SCALE_WIDTH; x++) {
      const colour = colourOf(FLOOR_DB + (TOP_DB - FLOOR_DB) * x / SCALE_WIDTH);
      canvas.fillRect(right - SCALE_WIDTH + x, y - TEXT_SIZE, right - SCALE_WIDTH + x + 1, y, colour);
    }
    write(levelText(FLOOR_DB), right - SCALE_WIDTH - TEXT_SIZE);
  }

  #addColumn(): void {
    if (this.#columns === COLUMNS) this.#halve();
    this.#untilNext = this.#hop;
    for (let i = 0; i < FFT_SIZE; i++) {
      this.#input[i] = (this.#recent[(this.#at + i) % FFT_SIZE] as number) * (this.#window[i] as number);
    }
    this.#fft.realTransform(this.#output, this.#input);
    const nyquist = this.#sampleRate / 2;
    const start = this.#columns * ROWS;
    for (let row = 0; row < ROWS; row++) {
      const hz = LOWEST_HZ * (nyquist / LOWEST_HZ) ** (row / (ROWS - 1));
      const next = LOWEST_HZ * (nyquist / LOWEST_HZ) ** ((row + 1) / (ROWS - 1));
      const first = Math.min(FFT_SIZE / 2 - 1, Math.floor(hz / nyquist * FFT_SIZE / 2));
      const last = Math.min(FFT_SIZE / 2 - 1, Math.max(first, Math.floor(next / nyquist * FFT_SIZE / 2) - 1));
      let power = 0;
      for (let bin = first; bin <= last; bin++) {
        const re = this.#output[2 * bin] as number;
        const im = this.#output[2 * bin + 1] as number;
        power = Math.max(power, re * re + im * im);
      }
      // A full-scale sine is 0 dB: the window halves it, and each side has half.
      this.#levels[start + row] = power > 0 ? 10 * Math.log10(power) - 20 * Math.log10(FFT_SIZE / 4) : FLOOR_DB;
    }
    this.#columns += 1;
  }

  #halve(): void {
    this.#columns /= 2;
    this.#hop *= 2;
    for (let column = 0; column < this.#columns; column++) {
      for (let row = 0; row < ROWS; row++) {
        const left = this.#levels[2 * column * ROWS + row] as number;
        const right = this.#levels[(2 * column + 1) * ROWS + row] as number;
        this.#levels[column * ROWS + row] = Math.max(left, right);
      }
    }
  }
}

function levelText(db: number): string {
  return `${db} dBFS`.replace("-", "−");
}

/** From the dark of silence through teal to light. */
const STOPS: readonly Colour[] = [[16, 20, 36], [22, 52, 86], [16, 112, 122], [74, 176, 140], [206, 224, 130], [
  255,
  250,
  222,
]];

/** The colour of a level. */
export function colourOf(db: number): Colour {
  const share = Math.min(1, Math.max(0, (db - FLOOR_DB) / (TOP_DB - FLOOR_DB))) * (STOPS.length - 1);
  const at = Math.min(STOPS.length - 2, Math.floor(share));
  const [low, high] = [STOPS[at] as Colour, STOPS[at + 1] as Colour];
  const mix = (i: 0 | 1 | 2) => low[i] + (high[i] - low[i]) * (share - at);
  return [mix(0), mix(1), mix(2)];
}
