/**
 * Reads a whole file into memory.
 *
 * @module
 */

import { type AudioFormat, convertFormat, StreamrackError } from "../../core/plugin.ts";
import type { AudioReader } from "../audio_reader.ts";
import { LOSS_OF_INTEGERS } from "../codec/decoding.ts";
import { joinFloats } from "../dsp/join_floats.ts";
import { formatOf } from "../pcm/encodings.ts";

/** Everything that a file holds. */
export interface LoadedAudio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
  readonly channels: number;
  /** The format of the samples in the file. */
  readonly sampleFormat: AudioFormat;
  /** What was wrong with it, if it was opened so that damage is kept. */
  readonly damage: StreamrackError | undefined;
  /** What floats cannot hold of it. */
  readonly loss: string | undefined;
}

const CHUNK_FRAMES = 65_536;

/** @throws {StreamrackError} with code `resource-exhausted` if it decodes to more than `maxBytes`. */
export async function loadAudio(reader: AudioReader, maxBytes: number): Promise<LoadedAudio> {
  const { sampleRate, channels, encoding } = reader.format;
  const parts: Float32Array[] = [];
  let bytes = 0;
  for await (const chunk of reader.chunks(CHUNK_FRAMES)) {
    const { samples } = convertFormat(chunk, "f32");
    bytes += samples.byteLength;
    // Leaving the loop closes the reader.
    if (bytes > maxBytes) throw tooLong(maxBytes);
    parts.push(samples);
  }
  const { damage, loss = encoding === "s32" ? LOSS_OF_INTEGERS : undefined } = reader;
  return { samples: joinFloats(parts), sampleRate, channels, sampleFormat: formatOf(encoding), damage, loss };
}

function tooLong(maxBytes: number): StreamrackError {
  return new StreamrackError("invalid-media", `the file decodes to more than ${maxBytes} bytes`, {
    code: "resource-exhausted",
    retryable: false,
    remedy: "Read it in chunks with openAudio, or raise maxBytes.",
  });
}
