/**
 * Finds the frames of a FLAC file. A frame says nothing of its length: it ends
 * where its checksum holds and another frame begins, or the file ends.
 *
 * @module
 */

import type { DamageLog } from "../codec/decoding.ts";
import type { ByteWindow } from "../io/byte_window.ts";
import { HEADER_MAX_BYTES, parseFrameHeader } from "./frame_header.ts";
import type { StreamInfo } from "./stream_info.ts";

/** Bytes of the checksum at the end of a frame. */
const FOOTER_BYTES = 2;

const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? crc << 1 ^ 0x8005 : crc << 1;
  return crc;
});

/** The frames whose checksums hold. */
export async function* readFrames(
  window: ByteWindow,
  info: StreamInfo,
  damage: DamageLog,
): AsyncGenerator<Uint8Array, void, void> {
  let skipped = 0;
  const noteSkipped = () => {
    if (skipped > 0) {
      damage.add(`bytes ${window.position - skipped} to ${window.position}`, "hold no frame that can be decoded");
    }
    skipped = 0;
  };
  for (;;) {
    const hasHeader = await window.fill(HEADER_MAX_BYTES);
    if (window.bytes.length < 2) break;
    const header = parseFrameHeader(window.bytes, 0, info);
    if (header !== undefined) {
      const limit = longestFrame(header.blockSize, info);
      const isMore = await window.fill(limit + HEADER_MAX_BYTES);
      const end = findEnd(window.bytes, header.headerBytes, { limit, isMore, info });
      if (end !== undefined) {
        noteSkipped();
        yield window.take(end).slice();
        continue;
      }
      if (!isMore && skipped === 0) {
        damage.cutShort(`${window.bytes.length} bytes of the last frame`, "a whole frame");
        return;
      }
    } else if (!hasHeader || skipped === 0 && isTag(window.bytes)) break;
    window.take(1);
    skipped += 1;
  }
  // Tags of other formats are put behind the last frame by some programs.
  if (isTag(window.bytes)) return noteSkipped();
  skipped += window.take(window.bytes.length).length;
  noteSkipped();
}

/** What a frame takes at most: samples as they are, one bit more for the difference of two channels. */
function longestFrame(blockSize: number, { channels, bitsPerSample }: StreamInfo): number {
  return HEADER_MAX_BYTES + FOOTER_BYTES + channels * (8 + Math.ceil(blockSize * (bitsPerSample + 1) / 8));
}

interface Search {
  readonly limit: number;
  readonly isMore: boolean;
  readonly info: StreamInfo;
}

function findEnd(bytes: Uint8Array, headerBytes: number, { limit, isMore, info }: Search): number | undefined {
  let crc = 0;
  const last = Math.min(limit, bytes.length);
  for (let i = 0; i < last; i++) {
    crc = crc << 8 & 0xffff ^ (CRC16[crc >> 8 ^ (bytes[i] as number)] as number);
    // Over a frame with its own checksum the sum is 0.
    const end = i + 1;
    if (crc !== 0 || end < headerBytes + FOOTER_BYTES) continue;
    const isAtEnd = !isMore && end === bytes.length;
    if (isAtEnd || parseFrameHeader(bytes, end, info) !== undefined || isTag(bytes.subarray(end))) return end;
  }
  return undefined;
}

function isTag(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 8));
  return text.startsWith("TAG") || text.startsWith("ID3") || text === "APETAGEX";
}
