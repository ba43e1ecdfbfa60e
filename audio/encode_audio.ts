/**
 * Encodes and writes whole streams of audio.
 *
 * @module
 */

import { type AudioData, StreamrackError } from "../core/plugin.ts";
import { AudioWriter, type AudioWriterOptions } from "./audio_writer.ts";
import { FILE_FORMATS, formatOfName } from "./file_format.ts";
import { type ByteSink, MemorySink, pathText, toFile } from "./io/byte_sink.ts";

/** Chunks of audio of one rate and number of channels. */
export type AudioChunks = AsyncIterable<AudioData> | Iterable<AudioData>;

/**
 * Encodes audio as it comes. Nothing can be filled in afterwards, so WAV and
 * FLAC say "unknown" for their length, and MP3 has the padding of its end:
 * {@linkcode writeAudio} and `AudioSegment.toBytes` know better.
 *
 * @throws {StreamrackError} `invalid-data` for audio that the format cannot hold, or that changes its form.
 */
export async function* encodeAudio(
  chunks: AudioChunks,
  options: AudioWriterOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const ready: Uint8Array[] = [];
  const sink: ByteSink = {
    name: options.format ?? "wav",
    write: (bytes) => {
      // The bytes may lie in the memory of the audio, which goes on to somebody else.
      ready.push(bytes.slice());
      return Promise.resolve();
    },
    commit: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
  const writer = new AudioWriter(sink, options);
  try {
    for await (const chunk of chunks) {
      await writer.write(chunk);
      yield* ready.splice(0);
    }
    await writer.finish();
    yield* ready.splice(0);
  } finally {
    await writer.discard();
  }
}

/**
 * Writes audio to a file as it comes. The file appears under its name when all
 * has succeeded; until then, and when something fails, what was there stays.
 *
 * @param path A path or `file:` URL; its extension tells the format, where the options do not.
 * @throws {StreamrackError} `invalid-options` for an unknown extension, `invalid-data`, `file-not-found`.
 */
export async function writeAudio(
  path: string | URL,
  chunks: AudioChunks,
  options: AudioWriterOptions = {},
): Promise<void> {
  const format = options.format ?? formatOfPath(path);
  const writer = new AudioWriter(await toFile(path), { ...options, format });
  try {
    for await (const chunk of chunks) await writer.write(chunk);
    await writer.finish();
  } finally {
    await writer.discard(); // without effect after the end
  }
}

/** The whole file as bytes, with all that can be filled in. */
export async function audioToBytes(chunks: AudioChunks, options: AudioWriterOptions): Promise<Uint8Array> {
  const sink = new MemorySink(options.format ?? "wav");
  const writer = new AudioWriter(sink, options);
  try {
    for await (const chunk of chunks) await writer.write(chunk);
    await writer.finish();
  } finally {
    await writer.discard();
  }
  return sink.toBytes();
}

function formatOfPath(path: string | URL) {
  const format = formatOfName(pathText(path));
  if (format !== undefined) return format;
  throw new StreamrackError("invalid-options", `"${pathText(path)}" is of a kind that is not written`, {
    problems: [{
      path: "path",
      message: "has an unknown extension",
      expected: FILE_FORMATS.map((each) => `.${each}`).join(", "),
    }],
    remedy: "Name the format in the options, or take one of these extensions.",
  });
}
