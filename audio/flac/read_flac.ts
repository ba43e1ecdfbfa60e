/**
 * Decodes FLAC by libFLAC.
 *
 * @module
 */

import { callDecoder, type DamageLog, type Decoding, unreadable } from "../codec/decoding.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { ByteWindow } from "../io/byte_window.ts";
import { readFrames } from "./read_frames.ts";
import { parseStreamInfo, type StreamInfo, STREAMINFO_BYTES } from "./stream_info.ts";

const BLOCK_HEAD_BYTES = 4;

/** @throws {StreamrackError} `invalid-media` or `truncated-media` if it does not begin as FLAC does. */
export async function openFlac(source: ByteSource, damage: DamageLog): Promise<Decoding> {
  const window = new ByteWindow(source);
  const { info, block } = await readHeader(source.name, window);
  const { FLACDecoder } = await import("@wasm-audio-decoders/flac");
  const decoder = new FLACDecoder();
  await decoder.ready;

  // The body of decodeFrames() runs before it returns its promise, so what it prints can be hidden.
  const decode = async (bytes: Uint8Array) => {
    const { channelData, errors } = await callDecoder(() => decoder.decodeFrames([bytes]));
    for (const { message } of errors) damage.add("data", `cannot be decoded (${message})`);
    return channelData;
  };
  return {
    format: {
      encoding: info.bitsPerSample <= 16 ? "s16" : info.bitsPerSample <= 24 ? "s24" : "s32",
      sampleRate: info.sampleRate,
      channels: info.channels,
    },
    totalFrames: info.totalFrames,
    async *pieces() {
      await decode(block);
      for await (const frame of readFrames(window, info, damage)) yield checkForm(await decode(frame), info, damage);
    },
    free: () => decoder.free(),
  };
}

/**
 * The package divides integers by the highest one, where ours are divided by
 * their full scale; rounding in between gives each back as it was.
 */
function rescaled(planes: Float32Array[], bits: number): Float32Array[] {
  const fullScale = 2 ** (bits - 1);
  return planes.map((plane) => plane.map((sample) => Math.round(sample * (fullScale - 1)) / fullScale));
}

/** A frame of another form is the work of a flipped bit; it has no place in the stream. */
function checkForm(
  planes: Float32Array[],
  { channels, bitsPerSample }: StreamInfo,
  damage: DamageLog,
): Float32Array[] {
  const isEmpty = (planes[0]?.length ?? 0) === 0;
  if (!isEmpty && planes.length === channels) return rescaled(planes, bitsPerSample);
  if (!isEmpty) damage.add("data", "has frames of another form", { received: `${planes.length} channels` });
  return Array.from({ length: channels }, () => new Float32Array(0));
}

/** Reads up to the first frame; gives the stream's form, and the header that has nothing else. */
async function readHeader(name: string, window: ByteWindow): Promise<{ info: StreamInfo; block: Uint8Array }> {
  const start = 4 + BLOCK_HEAD_BYTES + STREAMINFO_BYTES;
  const isWhole = await window.fill(start);
  const [, , , , type = 0, , , size] = window.bytes;
  if (!isWhole || (type & 0x7f) !== 0 || size !== STREAMINFO_BYTES) {
    throw unreadable(name, "a FLAC file", {
      path: "header",
      message: "does not begin with the form of the stream",
      received: `${window.bytes.length} bytes`,
      expected: `"fLaC" and a STREAMINFO block, ${start} bytes`,
    });
  }
  const block = window.take(start).slice();
  const info = parseStreamInfo(name, block.subarray(4 + BLOCK_HEAD_BYTES));
  let isLast = (type & 0x80) !== 0;
  while (!isLast) {
    if (!await window.fill(BLOCK_HEAD_BYTES)) break;
    const [flags = 0, high = 0, middle = 0, low = 0] = window.take(BLOCK_HEAD_BYTES);
    isLast = (flags & 0x80) !== 0;
    await window.skip(high << 16 | middle << 8 | low);
  }
  block[4] = 0x80; // now it is the last block
  return { info, block };
}
