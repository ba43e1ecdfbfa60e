/**
 * What the tests of the audio plugin share: signals, ways to cut them into
 * chunks, and a way to join what comes out.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type AudioData, type AudioFormat, convertFormat, type Plugin, RuntimeData } from "../../core/plugin.ts";
import { StreamingNodeFactory } from "../../core/node/factory.ts";
import type { ParamsResult } from "../../core/node/factory.ts";
import type { JsonValue } from "../../core/data/types.ts";
import plugin from "../../plugins/audio/mod.ts";
import { runNode, type RunNodeOptions } from "../../testing/mod.ts";

export const FORMATS: readonly AudioFormat[] = ["f32", "i16", "i32"];
export const CHANNEL_COUNTS: readonly number[] = [1, 2, 6];

/** A node type of the plugin. */
export function nodeType(type: string): Plugin["nodes"][number] {
  const found = plugin.nodes.find((node) => node.type === type);
  assert.ok(found, `the plugin has ${type}`);
  return found;
}

/** What validation says of parameters. */
export function checkParams(type: string, params: JsonValue): Promise<ParamsResult> {
  return new StreamingNodeFactory(nodeType(type), "audio").checkParams(params, "params");
}

/** Asserts that parameters are refused, and where. */
export async function assertRefused(type: string, params: JsonValue, path: string): Promise<void> {
  const result = await checkParams(type, params);
  assert.ok(!result.ok, `${type} refuses ${JSON.stringify(params)}`);
  assert.deepEqual(result.problems.map((problem) => problem.path), [path]);
}

/** Numbers in [-1, 1) that are the same on every run. */
export function noise(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** What {@linkcode signal} makes. */
export interface SignalOptions {
  readonly frames: number;
  readonly channels?: number;
  readonly sampleRate?: number;
  readonly format?: AudioFormat;
  readonly timestampUs?: number;
  /** The sample of a frame and channel, full scale ±1. Default: noise with passages of different loudness. */
  readonly at?: (frame: number, channel: number) => number;
}

/** One long chunk. */
export function signal(options: SignalOptions): AudioData {
  const { frames, channels = 1, sampleRate = 8000, format = "f32", timestampUs, at = passages() } = options;
  const samples = new Float32Array(frames * channels);
  for (let frame = 0; frame < frames; frame++) {
    // Adding 0 turns -0 into 0, which a strict comparison tells apart.
    for (let channel = 0; channel < channels; channel++) samples[frame * channels + channel] = at(frame, channel) + 0;
  }
  return convertFormat(RuntimeData.audio({ samples, sampleRate, channels, timestampUs }), format) as AudioData;
}

/** Noise that is loud, soft and silent in turn, for 700 frames each. */
function passages(): (frame: number) => number {
  const random = noise();
  return (frame) => random() * ([0.9, 0.05, 0, 0.4][Math.floor(frame / 700) % 4] as number);
}

/** A sine of a frequency. */
export function sine(frequencyHz: number, sampleRate: number, amplitude = 0.5): (frame: number) => number {
  return (frame) => amplitude * Math.sin(2 * Math.PI * frequencyHz * frame / sampleRate);
}

/** Cuts a chunk into chunks of so many frames, each with its timestamp, with an empty one in between. */
export function cut(audio: AudioData, frames: number): AudioData[] {
  const { samples, channels, sampleRate, timestampUs } = audio;
  const step = frames * channels;
  const chunks: AudioData[] = [];
  for (let i = 0; i < samples.length; i += step) {
    const at = timestampUs === undefined ? undefined : timestampUs + i / channels / sampleRate * 1e6;
    chunks.push(RuntimeData.audio({ ...audio, samples: samples.slice(i, i + step), timestampUs: at }));
  }
  const empty = RuntimeData.audio({ ...audio, samples: samples.slice(0, 0), timestampUs: undefined });
  chunks.splice(1, 0, empty);
  return chunks;
}

/** All samples of some chunks, one after the other. */
export function joined(outputs: readonly RuntimeData[]): number[] {
  return outputs.flatMap((data) => data.type === "audio" ? [...data.samples] : []);
}

/** Runs a node of the plugin on one signal, cut into chunks of so many frames. */
export async function run(
  type: string,
  inputs: readonly AudioData[],
  params: RunNodeOptions["params"] = {},
): Promise<{ readonly audio: readonly AudioData[]; readonly [port: string]: readonly RuntimeData[] }> {
  const { outputs } = await runNode(nodeType(type), inputs, { params });
  return { ...outputs, audio: (outputs.out ?? []).filter((data) => data.type === "audio") };
}

/** A case of a property that holds for all formats and channel counts. */
export interface Shape {
  readonly format: AudioFormat;
  readonly channels: number;
}

/** Every format with every number of channels. */
export function shapes(): Shape[] {
  return FORMATS.flatMap((format) => CHANNEL_COUNTS.map((channels) => ({ format, channels })));
}

/** Decibels of a signal relative to the difference between it and a reference. */
export function snrDb(samples: readonly number[], reference: (index: number) => number, from = 0): number {
  let power = 0;
  let error = 0;
  for (let i = from; i < samples.length - from; i++) {
    power += reference(i) ** 2;
    error += ((samples[i] as number) - reference(i)) ** 2;
  }
  return 10 * Math.log10(power / error);
}
