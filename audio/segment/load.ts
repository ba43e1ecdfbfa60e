/**
 * Reads a whole file into memory.
 *
 * @module
 */

import { type AudioFormat, convertFormat, StreamrackError } from "../../core/plugin.ts";
import type { AudioReader } from "../audio_reader.ts";
import { joinFloats } from "../dsp/join_floats.ts";

/** Everything that a file holds. */
export interface LoadedAudio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly channels: number;
  /** The format of the samples in the file. */
  readonly sampleFormat: AudioFormat;
  /** What was wrong with it, if it was opened so that damage is kept. */
  readonly damage: StreamrackError | undefined;
}

const CHUNK_FRAMES = 65_536;

/** @throws {StreamrackError} with code `resource-exhausted` if it decodes to more than `maxBytes`. */
export async function loadAudio(reader: AudioReader, maxBytes: number): Promise<LoadedAudio> {
  const { sampleRate, channels } = reader.format;
  const parts: Float32Array[] = [];
  let bytes = 0;
  let sampleFormat: AudioFormat | undefined;
  for await (const chunk of reader.chunks(CHUNK_FRAMES)) {
    sampleFormat = chunk.format;
    const { samples } = convertFormat(chunk, "f32");
    bytes += samples.byteLength;
    // Leaving the loop closes the reader.
    if (bytes > maxBytes) throw tooLong(maxBytes);
    parts.push(samples);
  }
  const { encoding } = reader.format;
  sampleFormat ??= encoding === "s16" ? "i16" : encoding === "s24" || encoding === "s32" ? "i32" : "f32";
  return { samples: joinFloats(parts), sampleRate, channels, sampleFormat, damage: reader.damage };
}

function tooLong(maxBytes: number): StreamrackError {
  return new StreamrackError("invalid-media", `the file decodes to more than ${maxBytes} bytes`, {
    code: "resource-exhausted",
    retryable: false,
    remedy: "Read it in chunks with openAudio, or raise maxBytes.",
  });
}
