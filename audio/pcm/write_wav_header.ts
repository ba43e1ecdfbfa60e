/**
 * Writes the header of a WAV file.
 *
 * @module
 */

import { frameBytes, type PcmFormat, sampleBytes } from "./encodings.ts";
import { SIZE_UNKNOWN, TAG_FLOAT, TAG_PCM } from "./read_wav_header.ts";

/** What {@linkcode writeWavHeader} takes beside the format. */
export interface WavHeaderOptions {
  /** Bytes of samples; absent: unknown, as in a pipe. */
  readonly dataBytes?: number;
  /** Leaves room to turn the file into RF64 when it has grown beyond 4 GiB. */
  readonly canGrowLarge?: boolean;
}

/** The bytes before the first sample. Their number depends on nothing but `canGrowLarge` and the encoding. */
export function writeWavHeader(format: PcmFormat, options: WavHeaderOptions = {}): Uint8Array<ArrayBuffer> {
  const { dataBytes, canGrowLarge = false } = options;
  const isFloat = format.encoding === "f32";
  const bytesPerFrame = frameBytes(format);
  const formatBytes = isFloat ? 18 : 16;
  const headerBytes = 12 + (canGrowLarge ? 36 : 0) + 8 + formatBytes + (isFloat ? 12 : 0) + 8;
  const riffBytes = dataBytes === undefined ? SIZE_UNKNOWN : headerBytes - 8 + dataBytes + (dataBytes & 1);
  const isLarge = canGrowLarge && riffBytes >= SIZE_UNKNOWN;
  const frames = dataBytes === undefined ? SIZE_UNKNOWN : dataBytes / bytesPerFrame;
  const size32 = (size: number | undefined) => isLarge || size === undefined ? SIZE_UNKNOWN : size;

  const view = new DataView(new ArrayBuffer(headerBytes));
  let at = 0;
  const text = (four: string) => {
    for (const letter of four) view.setUint8(at++, letter.charCodeAt(0));
  };
  const u16 = (value: number) => (view.setUint16(at, value, true), at += 2);
  const u32 = (value: number) => (view.setUint32(at, value, true), at += 4);
  const u64 = (value: number) => (view.setBigUint64(at, BigInt(value), true), at += 8);

  text(isLarge ? "RF64" : "RIFF");
  u32(size32(riffBytes));
  text("WAVE");
  if (canGrowLarge) {
    text(isLarge ? "ds64" : "JUNK");
    u32(28);
    if (isLarge) [riffBytes, dataBytes ?? 0, frames].forEach(u64);
    else at += 24;
    u32(0);
  }
  text("fmt ");
  u32(formatBytes);
  u16(isFloat ? TAG_FLOAT : TAG_PCM);
  u16(format.channels);
  u32(format.sampleRate);
  u32(format.sampleRate * bytesPerFrame);
  u16(bytesPerFrame);
  u16(8 * sampleBytes(format.encoding));
  if (isFloat) {
    u16(0);
    text("fact");
    u32(4);
    u32(Math.min(frames, SIZE_UNKNOWN));
  }
  text("data");
  u32(size32(dataBytes));
  return new Uint8Array(view.buffer);
}
