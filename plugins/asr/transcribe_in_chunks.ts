/**
 * Writes down audio of any length by a program, part by part.
 *
 * @module
 */

import type { AudioData, JsonValue, Metadata } from "../../core/plugin.ts";
import { runnerError, type RunnerOutput } from "../../runners/mod.ts";
import { SPEECH_RATE_HZ } from "./program/program.ts";
import type { Recognizer } from "./program/recognizer.ts";
import { findQuietCut, toSpeechSamples } from "./speech_audio.ts";
import { confidenceOf, joinTranscripts, NO_TRANSCRIPT, type Transcript } from "./transcript.ts";

/** What {@linkcode transcribeInChunks} needs. */
export interface ChunkOptions {
  readonly recognizer: Recognizer;
  /** For errors. */
  readonly nodeType: string;
  /** Longest part, in milliseconds. */
  readonly chunkMs: number;
  /** Whether each word is a partial result. */
  readonly wordByWord: boolean;
  readonly signal: AbortSignal;
}

/**
 * Yields what was said so far after each part but the last, and with
 * `wordByWord` after each word; returns all.
 */
export async function* transcribeInChunks(
  audio: AudioData | undefined,
  { recognizer, nodeType, chunkMs, wordByWord, signal }: ChunkOptions,
): AsyncGenerator<RunnerOutput, RunnerOutput, void> {
  if (audio === undefined) throw runnerError("E400", `${nodeType} takes audio`);
  const samples = toSpeechSamples(audio, nodeType);
  const maxSamples = toSamples(chunkMs);
  const chunksTotal = Math.max(1, Math.ceil(samples.length / maxSamples));
  let transcript = NO_TRANSCRIPT;
  let [at, chunksProcessed] = [0, 0];
  for (;;) {
    const rest = samples.subarray(at);
    const length = rest.length > maxSamples ? findQuietCut(rest, maxSamples) : rest.length;
    const part = length === 0 ? NO_TRANSCRIPT : await recognizer.transcribe(rest.slice(0, length), signal);
    const before = transcript;
    transcript = joinTranscripts(transcript, part, toMs(at));
    at += length;
    chunksProcessed += 1;
    const isLast = at >= samples.length;
    const metadata: Metadata = {
      audioDurationMs: Math.round(toMs(at)),
      chunkIndex: chunksProcessed - 1,
      chunksProcessed,
      // Chunks are cut where it is quiet, so that there may be more of them.
      chunksTotal: isLast ? chunksProcessed : Math.max(chunksTotal, chunksProcessed + 1),
    };
    if (wordByWord) yield* spell(before, transcript, metadata);
    const output = toOutput(transcript, metadata);
    if (isLast) return output;
    yield { ...output, progress: { progressPercent: 100 * at / samples.length } };
  }
}

/** The words that a part added, one after the other. */
function* spell(before: Transcript, after: Transcript, metadata: Metadata): Generator<RunnerOutput> {
  const added = after.words.slice(before.words.length);
  for (const [i, { word, startMs, endMs, confidence }] of added.entries()) {
    const words = after.words.slice(0, before.words.length + i + 1);
    const text = words.map(({ word }) => word).join(" ");
    const current = {
      currentWord: word,
      wordStartMs: startMs,
      wordEndMs: endMs,
      ...confidence === undefined ? {} : { wordConfidence: confidence },
    };
    yield { outputs: { text }, metadata: { ...metadata, ...current, wordsRecognized: words.length } };
  }
}

/** A transcript as a result. */
export function toOutput(transcript: Transcript, metadata: Metadata): RunnerOutput {
  const confidence = confidenceOf(transcript);
  const words = transcript.words as unknown as JsonValue;
  return {
    outputs: { text: transcript.text },
    metadata: { ...metadata, words, ...confidence === undefined ? {} : { confidence } },
  };
}

function toSamples(ms: number): number {
  return Math.round(ms * SPEECH_RATE_HZ / 1000);
}

function toMs(samples: number): number {
  return samples * 1000 / SPEECH_RATE_HZ;
}
