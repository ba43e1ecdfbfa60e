/**
 * What goes into a synth and what comes out.
 *
 * @module
 */

import type { Runtime } from "../mod.ts";
import type { DspGraph, NormalPreset, PlayReport, Preset, PresetRequest } from "../plugins/synth/api.ts";

/** How `createSynth` sets up a synth. */
export interface SynthOptions {
  /** Runs the engines. Default: one of its own, which is closed with the synth. */
  readonly runtime?: Runtime | undefined;
  /** Most requests at a time, each with an engine in a thread of its own where there are as many, from 1. Default: 1. */
  readonly threads?: number | undefined;
  /** URL or package of a module whose default export has `embed(texts)`: a model of meaning for the search. Default: words alone. */
  readonly embedder?: string | URL | undefined;
}

/** What may accompany each call. */
export interface CallOptions {
  /** Ends the call with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/** Audio with everything that led to it. */
export interface GeneratedAudio {
  /** Interleaved, -1 to 1; moved from the engine, not copied. */
  readonly samples: Float32Array;
  /** In hertz. */
  readonly sampleRate: number;
  /** 1 or 2. */
  readonly channels: number;
  readonly report: PlayReport;
}

/** Audio as it is rendered. */
export interface AudioBlocks extends AsyncIterable<Float32Array> {
  /** Settles after the last block. */
  readonly report: Promise<PlayReport>;
}

/** A preset as it was written, in base units, and as a graph. */
export interface LoadedPreset {
  readonly preset: Preset;
  readonly normal: NormalPreset;
  readonly graph: DspGraph;
}

/** How a preset is played: see {@linkcode PresetRequest}. */
export type PresetOptions = Omit<PresetRequest, "preset" | "blockFrames">;
