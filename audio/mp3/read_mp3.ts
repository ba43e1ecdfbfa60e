/**
 * Decodes MP3 by mpg123.
 *
 * @module
 */

import { callDecoder, type DamageLog, type Decoding, type Planes, unreadable } from "../codec/decoding.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { ByteWindow } from "../io/byte_window.ts";
import { readInfoTag } from "./info_tag.ts";
import { type Mp3Frame, readFrames } from "./read_frames.ts";

/** @throws {StreamrackError} `invalid-media` if there is no frame. */
export async function openMp3(source: ByteSource, damage: DamageLog): Promise<Decoding> {
  const frames = readFrames(new ByteWindow(source), damage);
  const first = await frames.next();
  if (first.done === true) {
    throw unreadable(source.name, "an MP3 file", {
      path: "data",
      message: "holds no frame of MPEG audio, layer III",
      expected: "two frames of one form, one behind the other",
    });
  }
  const { header, bytes } = first.value;
  const tag = readInfoTag(bytes, header);
  const { sampleRate, channels, samplesPerFrame } = header;
  const totalFrames = tag?.frames === undefined
    ? undefined
    : Math.max(0, tag.frames * samplesPerFrame - tag.delay - tag.padding);
  const { MPEGDecoder } = await import("mpg123-decoder");
  const decoder = new MPEGDecoder();
  await decoder.ready;

  /** The decoder gives two channels always, of mono both the same. */
  const decode = ({ bytes }: Mp3Frame): Planes => {
    const { channelData, errors } = callDecoder(() => decoder.decode(bytes));
    for (const { message } of errors) damage.add("data", `cannot be decoded (${message})`);
    return channelData.slice(0, channels);
  };
  return {
    format: { encoding: "f32", sampleRate, channels },
    totalFrames,
    async *pieces() {
      yield decode(first.value);
      for await (const frame of frames) yield decode(frame);
    },
    free: () => decoder.free(),
  };
}
