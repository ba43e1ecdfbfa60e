/**
 * The picture of a generated sound: waveform, spectrogram, graph.
 *
 * @module
 */

import { RuntimeData } from "../../core/plugin.ts";
import type { DspGraph } from "../../synth/mod.ts";
import { Canvas } from "./canvas.ts";
import { Envelope } from "./envelope.ts";
import { drawGraph, planGraphPicture } from "./graph_picture.ts";
import { Spectrogram } from "./spectrogram.ts";
import { drawText } from "./stroke_font.ts";
import {
  AXIS_HEIGHT,
  drawTimes,
  drawWaveform,
  FAINT_INK,
  INK,
  LEFT,
  PANEL_GAP,
  PANEL_HEIGHT,
  PAPER,
  TEXT_SIZE,
  tickStep,
  TITLE_HEIGHT,
  TOP,
  WIDTH,
} from "./waveform.ts";

const SPECTROGRAM_HEIGHT = 300;
const BOTTOM = 28;

/** Gathers what a picture of a sound needs, block by block. */
export class SynthRecorder {
  readonly #envelope = new Envelope();
  readonly #spectrogram: Spectrogram;
  readonly #sampleRate: number;
  readonly #channels: number;

  constructor(sampleRate: number, channels: number) {
    this.#sampleRate = sampleRate;
    this.#channels = channels;
    this.#spectrogram = new Spectrogram(sampleRate, channels);
  }

  /** Adds a block. It is only read. */
  add(samples: Float32Array): void {
    this.#envelope.add(RuntimeData.audio({ samples, sampleRate: this.#sampleRate, channels: this.#channels }));
    this.#spectrogram.add(samples);
  }

  /** The picture, as a PNG file. */
  toPng({ title, subtitle, graph }: { title: string; subtitle: string; graph: DspGraph }): Uint8Array {
    const picture = planGraphPicture(graph);
    const waveTop = TOP + TITLE_HEIGHT;
    const spectrumTop = waveTop + PANEL_HEIGHT + PANEL_GAP;
    const axisTop = spectrumTop + SPECTROGRAM_HEIGHT;
    const graphTop = axisTop + AXIS_HEIGHT + TITLE_HEIGHT / 2;
    const canvas = new Canvas(WIDTH, graphTop + picture.height + BOTTOM, PAPER);
    const durationSeconds = Math.max(1e-3, this.#envelope.durationSeconds);
    drawWaveform(canvas, { title, subtitle, envelope: this.#envelope, tone: "after" }, waveTop, durationSeconds);
    this.#spectrogram.draw(canvas, { top: spectrumTop, height: SPECTROGRAM_HEIGHT, durationSeconds });
    drawTimes(canvas, axisTop, durationSeconds, tickStep(durationSeconds));
    const end = drawText(canvas, "graph", [LEFT, graphTop - 14], { size: TEXT_SIZE + 1, colour: INK, thickness: 2.2 });
    drawText(canvas, "sound in green, modulation in violet", [end + TEXT_SIZE, graphTop - 14], {
      size: TEXT_SIZE,
      colour: FAINT_INK,
    });
    this.#spectrogram.drawScale(canvas, graphTop - 14);
    drawGraph(canvas, picture, graphTop);
    return canvas.toPng();
  }
}
