/**
 * Files and pipes as sources of values.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { extname } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { type DataKind, type JsonValue, RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { type ByteSource, openFile } from "../../audio/io/byte_source.ts";
import { fromStdin } from "../standard_streams.ts";
import type { PcmFormat } from "../../audio/pcm/encodings.ts";
import type { AudioReader } from "../../audio/audio_reader.ts";
import { AUDIO_EXTENSIONS, type FileFormat, formatOfName } from "../../audio/file_format.ts";
import { openAudioSource } from "../../audio/open_audio.ts";
import { readRaw } from "../../audio/pcm/pcm_reader.ts";

/** A source of values. */
export interface Input {
  readonly name: string;
  /** Rate and channels, if it is audio. */
  readonly audio: PcmFormat | undefined;
  /** Length of the audio, where it is known. */
  readonly totalSeconds: number | undefined;
  /** What reading leaves out of it, in a few words. */
  readonly loss?: string | undefined;
  readonly values: AsyncIterable<RuntimeData>;
  /** Ends the use of it, also of a read that is under way. Safe to repeat. */
  close(): Promise<void>;
}

/** How audio is read. */
export interface InputOptions {
  /** The form of samples without a header, where the extension of a file says nothing else. */
  readonly raw?: PcmFormat | undefined;
  /** The format of a pipe; absent: told by its content. */
  readonly format?: FileFormat | undefined;
  /** How long a chunk is, given the rate in hertz. */
  chunkFrames(sampleRate: number): number;
}

/** What each extension holds. */
const KINDS: { readonly [extension: string]: readonly DataKind[] } = {
  ...Object.fromEntries(Object.keys(AUDIO_EXTENSIONS).map((extension) => [extension, ["audio"] as const])),
  ".txt": ["text"],
  ".json": ["json"],
  ".jsonl": ["json"],
  ".ndjson": ["json"],
};

/** The kinds of data in a file that is read, from its name; `-` is audio from a pipe. */
export function inputKinds(path: string, isRaw = false): readonly DataKind[] {
  const extension = extname(path).toLowerCase();
  const kinds = path === "-" ? KINDS[".wav"] : KINDS[extension] ?? (isRaw ? KINDS[".wav"] : undefined);
  if (kinds !== undefined) return kinds;
  throw new StreamrackError("invalid-options", `"${path}" is of a kind that is not read`, {
    problems: [{
      path: "-i",
      message: "has an unknown extension",
      received: path,
      expected: Object.keys(KINDS).join(", "),
    }],
    remedy: "Convert audio first, for example: ffmpeg -i INPUT OUTPUT.wav",
  });
}

/** Opens a file, or standard input if the path is `-`. */
export async function openInput(path: string, options: InputOptions): Promise<Input> {
  const kinds = inputKinds(path, options.raw !== undefined);
  const source = path === "-" ? fromStdin() : await openFile(path);
  if (kinds.includes("audio")) return await audioInput(source, path, options);
  const values = extname(path).toLowerCase() === ".json" ? readDocument(source) : readLines(source, kinds);
  return { name: source.name, audio: undefined, totalSeconds: undefined, values, close: () => source.close() };
}

async function audioInput(source: ByteSource, path: string, options: InputOptions): Promise<Input> {
  const { raw, chunkFrames } = options;
  const isFile = formatOfName(path) !== undefined;
  const reader: AudioReader = raw === undefined || isFile
    ? await openAudioSource(source, isFile ? {} : { format: options.format })
    : readRaw(source, raw);
  const { sampleRate } = reader.format;
  return {
    name: source.name,
    audio: reader.format,
    totalSeconds: reader.totalFrames === undefined ? undefined : reader.totalFrames / sampleRate,
    loss: reader.loss,
    values: reader.chunks(chunkFrames(sampleRate)),
    close: () => reader.close(),
  };
}

const READ_BYTES = 65_536;

async function* readText(source: ByteSource): AsyncGenerator<string, void, void> {
  const decoder = new StringDecoder("utf8");
  const buffer = Buffer.alloc(READ_BYTES);
  try {
    for (let read = READ_BYTES; read === READ_BYTES;) {
      read = await source.read(buffer);
      yield decoder.write(buffer.subarray(0, read));
    }
    yield decoder.end();
  } finally {
    await source.close();
  }
}

/** One value for each line that is not blank. */
async function* readLines(source: ByteSource, kinds: readonly DataKind[]): AsyncGenerator<RuntimeData, void, void> {
  const isText = kinds.includes("text");
  let rest = "";
  let lineNumber = 0;
  const toValue = (line: string) => {
    lineNumber += 1;
    if (line.trim() === "") return [];
    return [isText ? RuntimeData.text(line) : RuntimeData.json(parseJson(line, `${source.name}:${lineNumber}`))];
  };
  for await (const piece of readText(source)) {
    const lines = (rest + piece).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) yield* toValue(line);
  }
  yield* toValue(rest);
}

/** One value for the whole file. */
async function* readDocument(source: ByteSource): AsyncGenerator<RuntimeData, void, void> {
  let text = "";
  for await (const piece of readText(source)) text += piece;
  yield RuntimeData.json(parseJson(text, source.name));
}

function parseJson(text: string, place: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StreamrackError("invalid-media", `"${place}" is not JSON: ${(cause as Error).message}.`, {
      cause,
      remedy: "A .json file holds one value, a .jsonl file one on each line.",
    });
  }
}
