/**
 * The header of a FLAC frame (RFC 9639, section 9.1).
 *
 * @module
 */

import type { StreamInfo } from "./stream_info.ts";

/** What a frame says of itself. */
export interface FlacFrameHeader {
  /** Bytes of the header, its checksum included. */
  readonly headerBytes: number;
  /** Samples of each channel. */
  readonly blockSize: number;
}

/** Longest header. */
export const HEADER_MAX_BYTES = 16;

const DEPTHS = [undefined, 8, 12, NaN, 16, 20, 24, 32] as const;

/**
 * Parses the header at a position; `undefined` if there is none, or one of
 * another form than the stream's.
 */
export function parseFrameHeader(bytes: Uint8Array, at: number, info: StreamInfo): FlacFrameHeader | undefined {
  if (bytes[at] !== 0xff || ((bytes[at + 1] ?? 0) & 0xfe) !== 0xf8) return undefined;
  const [sizes = 0, layout = 0, number = 0] = bytes.subarray(at + 2, at + 5);
  const assignment = layout >> 4;
  const channels = assignment < 8 ? assignment + 1 : assignment < 11 ? 2 : NaN;
  const depth = DEPTHS[layout >> 1 & 7];
  const isOfStream = channels === info.channels && (depth === undefined || depth === info.bitsPerSample);
  if (!isOfStream || (layout & 1) !== 0) return undefined;

  // Number of the frame or its first sample, in the manner of UTF-8, up to 36 bits.
  const numberBytes = number < 0x80 ? 1 : Math.clz32(~(number << 24));
  if (number >= 0x80 && (numberBytes < 2 || numberBytes > 7)) return undefined;
  let end = at + 4 + numberBytes;
  const sizeCode = sizes >> 4;
  const rateCode = sizes & 15;
  if (sizeCode === 0 || rateCode === 15) return undefined;
  const blockSize = sizeCode === 1
    ? 192
    : sizeCode < 6
    ? 144 << sizeCode
    : sizeCode === 6
    ? (bytes[end] ?? 0) + 1
    : sizeCode === 7
    ? ((bytes[end] ?? 0) << 8 | (bytes[end + 1] ?? 0)) + 1
    : 1 << sizeCode;
  end += sizeCode === 6 ? 1 : sizeCode === 7 ? 2 : 0;
  end += rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0;
  if (end >= bytes.length || bytes[end] !== crc8(bytes, at, end)) return undefined;
  return { headerBytes: end + 1 - at, blockSize };
}

/** CRC-8 with the polynomial 0x07, from 0. */
function crc8(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let i = start; i < end; i++) {
    crc ^= bytes[i] as number;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? (crc << 1 ^ 0x07) & 0xff : crc << 1;
  }
  return crc;
}
