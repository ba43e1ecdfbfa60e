/**
 * One value of several: an answer has one for each node, and a node may give
 * many.
 *
 * @module
 */

import { type AudioData, RuntimeData, StreamrackError, type TextData } from "../../core/plugin.ts";

/**
 * Joins what a node gave: audio of one form end to end, texts end to end, JSON
 * values to an array. A single value stays as it is.
 *
 * @throws {StreamrackError} `limit-exceeded` for several values that cannot be joined.
 */
export function joinValues(nodeId: string, values: readonly RuntimeData[]): RuntimeData {
  const [first] = values as readonly [RuntimeData, ...RuntimeData[]];
  if (values.length === 1) return first;
  if (values.every(RuntimeData.isAudio) && values.every((value) => isAlike(value, first as AudioData))) {
    return joinAudio(values);
  }
  if (values.every(RuntimeData.isText)) {
    return RuntimeData.text((values as readonly TextData[]).map(({ text }) => text).join(""), {
      language: (first as TextData).language,
    });
  }
  if (values.every(RuntimeData.isJson)) return RuntimeData.json(values.map(({ value }) => value));
  const kinds = [...new Set(values.map(({ type }) => type))].join(" and ");
  throw new StreamrackError(
    "limit-exceeded",
    `the node gave ${values.length} values (${kinds}); an answer has room for one`,
    {
      nodeId,
      retryable: false,
      remedy: "Use StreamPipeline, which gives them one by one.",
    },
  );
}

function isAlike(audio: AudioData, other: AudioData): boolean {
  return audio.sampleRate === other.sampleRate && audio.channels === other.channels && audio.format === other.format;
}

function joinAudio(chunks: readonly AudioData[]): AudioData {
  const [first] = chunks as readonly [AudioData, ...AudioData[]];
  const length = chunks.reduce((sum, { samples }) => sum + samples.length, 0);
  const Samples = first.samples.constructor as new (length: number) => AudioData["samples"];
  const samples = new Samples(length);
  let at = 0;
  for (const chunk of chunks) {
    samples.set(chunk.samples, at);
    at += chunk.samples.length;
  }
  const { sampleRate, channels, timestampUs, metadata } = first;
  return RuntimeData.audio({ samples, sampleRate, channels, timestampUs, metadata });
}
