/**
 * Files and pipes as destinations of values.
 *
 * @module
 */

import { extname } from "node:path";
import { type DataKind, type RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { AUDIO_EXTENSIONS, formatOfName } from "../../audio/file_format.ts";
import { AudioWriter, type AudioWriterOptions } from "../../audio/audio_writer.ts";
import { type ByteSink, toFile } from "../../audio/io/byte_sink.ts";
import { toStdout } from "../standard_streams.ts";
import type { PcmFormat } from "../../audio/pcm/encodings.ts";

/** A destination of values. */
export interface Output {
  readonly name: string;
  write(data: RuntimeData): Promise<void>;
  /** Completes it. `ifEmpty`: rate and channels of a WAV that no audio came for. */
  finish(ifEmpty: PcmFormat | undefined): Promise<void>;
  /** Leaves nothing behind. Without effect after `finish`, and safe to repeat. */
  discard(): Promise<void>;
}

const LINE_EXTENSIONS = [".json", ".jsonl", ".ndjson", ".txt"];

/** The kinds of data that a file may be given, from its name; `-` is audio to a pipe. */
export function outputKinds(path: string, isRaw = false): readonly DataKind[] {
  const extension = extname(path).toLowerCase();
  if (LINE_EXTENSIONS.includes(extension)) return ["json", "text"];
  if (path === "-" || path.startsWith("/dev/") || formatOfName(path) !== undefined || isRaw) return ["audio"];
  const expected = [...Object.keys(AUDIO_EXTENSIONS), ...LINE_EXTENSIONS].join(", ");
  throw new StreamrackError("invalid-options", `"${path}" is of a kind that is not written`, {
    problems: [{ path: "-o", message: "has an unknown extension", received: path, expected }],
    remedy: "Write .wav, and convert it afterwards, for example: ffmpeg -i OUTPUT.wav OUTPUT.m4a",
  });
}

/** Opens a file, whose extension tells the format of audio where it can, under a temporary name, or standard output if the path is `-`. */
export async function openOutput(path: string, options: AudioWriterOptions): Promise<Output> {
  const kinds = outputKinds(path, options.format === "raw");
  const sink = path === "-" ? toStdout() : await toFile(path, { tidy: true });
  return kinds.includes("audio")
    ? audioOutput(sink, { ...options, format: formatOfName(path) ?? options.format })
    : lineOutput(sink, extname(path).toLowerCase() === ".txt");
}

function audioOutput(sink: ByteSink, options: AudioWriterOptions): Output {
  const writer = new AudioWriter(sink, options);
  return {
    name: sink.name,
    write: (data) => data.type === "audio" ? writer.write(data) : Promise.reject(wrongKind(sink.name, "audio", data)),
    finish: (ifEmpty) => writer.finish(ifEmpty),
    discard: () => writer.discard(),
  };
}

function lineOutput(sink: ByteSink, isText: boolean): Output {
  const encoder = new TextEncoder();
  const toLine = (data: RuntimeData) => {
    if (data.type === "text") return isText ? data.text : JSON.stringify(data.text);
    if (data.type === "json") return JSON.stringify(data.value);
    throw wrongKind(sink.name, "text and json", data);
  };
  return {
    name: sink.name,
    write: async (data) => await sink.write(encoder.encode(`${toLine(data)}\n`)),
    finish: () => sink.commit(),
    discard: () => sink.discard(),
  };
}

function wrongKind(name: string, expected: string, data: RuntimeData): StreamrackError {
  return new StreamrackError("wrong-kind", `"${name}" takes ${expected}; the pipeline gave ${data.type}`, {
    remedy: "Choose the output node with -o NODE=PATH, or another file extension.",
  });
}
