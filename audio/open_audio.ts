/**
 * Opens audio of any format.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../core/errors.ts";
import type { AudioReader } from "./audio_reader.ts";
import { DamageLog, type Decoding, decodingReader } from "./codec/decoding.ts";
import { FILE_FORMATS, type FileFormat, formatOfContent, formatOfName, SNIFFED_BYTES } from "./file_format.ts";
import { type ByteSource, fromBytes, fromChunks, openFile, prefixed } from "./io/byte_source.ts";
import { notAudio } from "./pcm/media_error.ts";
import { readWav } from "./pcm/pcm_reader.ts";

/** Where audio comes from: a path or `file:` URL, its bytes, or a stream of bytes such as a web ReadableStream. */
export type AudioInput = string | URL | Uint8Array | AsyncIterable<Uint8Array>;

/** How audio is opened. */
export interface OpenAudioOptions {
  /** Default: told by the content. With a format, the content has to be of it. */
  readonly format?: FileFormat | undefined;
  /**
   * What a file that is cut short or damaged comes to: `"fail"` throws, after
   * the part that could be decoded; `"keep"` ends there, and
   * {@linkcode AudioReader.damage} tells. Default: `"fail"`.
   */
  readonly onDamage?: "fail" | "keep" | undefined;
  /** What messages call it, where it is no file. */
  readonly name?: string | undefined;
}

/**
 * Opens audio to be read in chunks: WAV, MP3, FLAC, Ogg Vorbis and Ogg Opus.
 * It is decoded as it is read, so that memory does not follow its length.
 *
 * MP3 with an Info tag and Opus have the length of their original: what the
 * encoder has put before and behind is left out. Samples are i16 or i32 where
 * the file has integers, else f32. Opus is 48 kHz.
 *
 * @throws {StreamrackError} `invalid-media`, `truncated-media`, `file-not-found`.
 *
 * @example
 * ```ts
 * import { encodeAudio, openAudio } from "@streamrack/core/audio";
 * import { RuntimeData } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const second = RuntimeData.audio({ samples: new Int16Array(44_100), sampleRate: 44_100 });
 * const reader = await openAudio(encodeAudio([second], { format: "flac" }));
 * let frames = 0;
 * for await (const chunk of reader.chunks(8192)) frames += chunk.samples.length;
 * assert.equal(frames, 44_100);
 * ```
 */
export async function openAudio(input: AudioInput, options: OpenAudioOptions = {}): Promise<AudioReader> {
  return await openAudioSource(await toSource(input, options.name), options);
}

/** Opens audio whose bytes come from a source, which is closed if it turns out to be none. */
export async function openAudioSource(source: ByteSource, options: OpenAudioOptions = {}): Promise<AudioReader> {
  const { format, onDamage = "fail" } = options;
  if (format !== undefined && !FILE_FORMATS.includes(format)) {
    await source.close();
    throw new StreamrackError("invalid-options", "audio cannot be read in this format", {
      problems: [{
        path: "format",
        message: "is not known",
        received: displayValue(format),
        expected: FILE_FORMATS.join(", "),
      }],
    });
  }
  try {
    const start = new Uint8Array(SNIFFED_BYTES);
    const there = start.subarray(0, await source.read(start));
    const whole = prefixed(there, source);
    // What begins as nothing that is known may still be what its name says, behind some junk.
    const found = format ?? formatOfContent(there) ?? formatOfName(source.name);
    if (found === undefined) throw notAudio(source.name, there);
    if (found === "wav") return await readWav(whole, onDamage);
    const damage = new DamageLog(source.name);
    return decodingReader(whole, await DECODINGS[found](whole, damage), damage, onDamage);
  } catch (error) {
    await source.close();
    throw error;
  }
}

type Open = (source: ByteSource, damage: DamageLog) => Promise<Decoding>;

const openOgg: Open = async (...args) => (await import("./ogg/read_ogg.ts")).openOgg(...args);

/** Decoders are loaded when there is something to decode. */
const DECODINGS: { readonly [F in Exclude<FileFormat, "wav">]: Open } = {
  mp3: async (...args) => (await import("./mp3/read_mp3.ts")).openMp3(...args),
  flac: async (...args) => (await import("./flac/read_flac.ts")).openFlac(...args),
  ogg: openOgg,
  opus: openOgg,
};

async function toSource(input: AudioInput, name: string | undefined): Promise<ByteSource> {
  if (typeof input === "string" || input instanceof URL) return await openFile(input);
  if (input instanceof Uint8Array) return fromBytes(input, name ?? "audio");
  return fromChunks(input, name ?? "audio");
}
