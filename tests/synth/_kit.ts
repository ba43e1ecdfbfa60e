/** What the tests of the synth share: short ways to render a graph, and measures of what comes out. */

import assert from "node:assert/strict";
import FFT from "fft.js";
import { planGraph } from "../../plugins/synth/graph/plan.ts";
import type { AnyGraphNode, DspGraph } from "../../plugins/synth/graph/schema.ts";
import { Renderer, type RendererEvent } from "../../plugins/synth/engine/renderer.ts";

export const RATE = 44_100;

/** A graph of nodes whose last one is heard. */
export function graphOf(...nodes: AnyGraphNode[]): DspGraph {
  return { version: 1, nodes: nodes as unknown as DspGraph["nodes"], output: nodes.at(-1)?.id as string };
}

interface RenderOptions {
  readonly frames: number;
  readonly events?: readonly RendererEvent[];
  readonly channels?: 1 | 2;
  readonly sampleRate?: number;
  readonly seed?: number;
  readonly gain?: number;
  /** Frames that are asked for at a time. Default: all. */
  readonly blockFrames?: number;
}

/** Renders a graph; frame 0 of the result is frame 0 of the events. */
export function render(graph: DspGraph, options: RenderOptions): Float32Array {
  const { frames, events = [], channels = 1, sampleRate = RATE, seed = 1, blockFrames = frames, gain } = options;
  const renderer = new Renderer(planGraph(graph), { sampleRate, channels, seed, gain });
  for (const event of events) renderer.schedule(event);
  renderer.render(new Float32Array(renderer.latencyFrames * channels));
  const out = new Float32Array(frames * channels);
  for (let at = 0; at < frames; at += blockFrames) {
    renderer.render(out.subarray(at * channels, Math.min(frames, at + blockFrames) * channels));
  }
  return out;
}

/** A note from one frame to another. */
export function noteEvents(note: number, from = 0, to = Number.MAX_SAFE_INTEGER): RendererEvent[] {
  return [
    { kind: "note-on", frame: from, note, velocity: 1 },
    ...Number.isFinite(to) ? [{ kind: "note-off", frame: to, note } as const] : [],
  ];
}

/** The magnitudes of a spectrum, with a window whose side lobes are below -92 dB. */
export function spectrum(samples: Float32Array, size = 32_768): Float64Array {
  const fft = new FFT(size);
  const input = Array.from({ length: size }, (_, i) => {
    const x = 2 * Math.PI * i / size;
    const window = 0.35875 - 0.48829 * Math.cos(x) + 0.14128 * Math.cos(2 * x) - 0.01168 * Math.cos(3 * x);
    return (samples[i] ?? 0) * window;
  });
  const output: number[] = fft.createComplexArray();
  fft.realTransform(output, input);
  return Float64Array.from(
    { length: size / 2 },
    (_, bin) => Math.hypot(output[2 * bin] as number, output[2 * bin + 1] as number),
  );
}

/** The power of a spectrum, summed over windows that overlap by half. */
export function powerSpectrum(samples: Float32Array, size: number): Float64Array {
  const sum = new Float64Array(size / 2);
  for (let at = 0; at + size <= samples.length; at += size / 2) {
    spectrum(samples.subarray(at, at + size), size).forEach((magnitude, bin) => sum[bin]! += magnitude ** 2);
  }
  return sum;
}

/** Frequency of the strongest part of a sound near a frequency, in hertz, from its phase between two windows. */
export function frequencyNear(samples: Float32Array, hz: number, sampleRate = RATE): number {
  // The mean of the phase advance over hops of a one-bin transform.
  const size = 8192;
  const hop = 512;
  const phaseAt = (start: number): number => {
    let [re, im] = [0, 0];
    for (let i = 0; i < size; i++) {
      const window = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / size);
      const angle = 2 * Math.PI * hz * (start + i) / sampleRate;
      re += (samples[start + i] as number) * window * Math.cos(angle);
      im -= (samples[start + i] as number) * window * Math.sin(angle);
    }
    return Math.atan2(im, re);
  };
  const hops = Math.floor((samples.length - size) / hop);
  let turned = 0;
  let last = phaseAt(0);
  for (let i = 1; i <= hops; i++) {
    const now = phaseAt(i * hop);
    const difference = now - last;
    turned += difference - 2 * Math.PI * Math.round(difference / (2 * Math.PI));
    last = now;
  }
  return hz + turned / (2 * Math.PI) * sampleRate / (hops * hop);
}

/** A hash of the bits of samples. */
export function hashOf(samples: Float32Array): number {
  let hash = 0x811c_9dc5;
  for (const word of new Uint32Array(samples.buffer, samples.byteOffset, samples.length)) {
    hash = Math.imul(hash ^ word, 16_777_619);
  }
  return hash >>> 0;
}

export function peakOf(samples: Float32Array): number {
  return samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
}

/** Decibels of an amplitude ratio. */
export const dbOf = (ratio: number) => 20 * Math.log10(ratio);

/** Asserts that a value is within a tolerance. */
export function assertNear(value: number, wanted: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(value - wanted) <= tolerance, `${what}: ${value}, not ${wanted}`);
}

/** A sine of a fixed frequency, played by one held note, and what comes after it. */
export function sineThrough(hz: number, level: number, ...after: Omit<AnyGraphNode, "inputs">[]): DspGraph {
  const nodes: AnyGraphNode[] = [
    { id: "osc", type: "oscillator", choices: { shape: "sine" }, numbers: { frequencyHz: hz, level } },
    { id: "voices", type: "voices", inputs: [{ from: "osc" }] },
  ];
  for (const node of after) nodes.push({ ...node, inputs: [{ from: nodes.at(-1)?.id as string }] });
  return graphOf(...nodes);
}

/** What a graph gives for one note that is held. */
export const played = (graph: DspGraph, frames: number, channels: 1 | 2 = 1) =>
  render(graph, { frames, channels, events: noteEvents(69) });
/** One side of stereo samples. */
export const side = (samples: Float32Array, channel: 0 | 1) => samples.filter((_, i) => i % 2 === channel);
/** The magnitude at a frequency, where a sine of level 1 has 1. */
export function levelAt(samples: Float32Array, hz: number, size = 32_768): number {
  const bin = Math.round(hz * size / RATE);
  const whole = spectrum(samples, size).subarray(bin - 4, bin + 5).reduce((sum, value) => sum + value ** 2, 0);
  const one = spectrum(Float32Array.from({ length: size }, (_, i) => Math.sin(2 * Math.PI * hz * i / RATE)), size)
    .subarray(bin - 4, bin + 5).reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(whole / one);
}
