/**
 * Finds the frames of an MP3 file among tags, junk and damage. The decoder is
 * given nothing but whole frames, so that it need not search.
 *
 * @module
 */

import type { DamageLog } from "../codec/decoding.ts";
import type { ByteWindow } from "../io/byte_window.ts";
import { type FrameHeader, HEADER_BYTES, parseFrameHeader } from "./frame_header.ts";

/** One frame of a stream. */
export interface Mp3Frame {
  readonly header: FrameHeader;
  readonly bytes: Uint8Array;
}

/** How far into a file its first frame is looked for. */
const JUNK_MAX_BYTES = 131_072;
const ID3_HEAD_BYTES = 10;

/**
 * The frames of one form (version, rate, channels). The form is that of the
 * first frame that another follows.
 */
export async function* readFrames(window: ByteWindow, damage: DamageLog): AsyncGenerator<Mp3Frame, void, void> {
  let form: FrameHeader | undefined;
  let skipped = 0;
  const noteSkipped = () => {
    // What stands before the first frame is no damage.
    if (skipped > 0 && form !== undefined) {
      damage.add(`bytes ${window.position - skipped} to ${window.position}`, "hold no frame that can be decoded");
    }
    skipped = 0;
  };
  for (;;) {
    if (!await window.fill(HEADER_BYTES)) break;
    if (isId3(window.bytes)) {
      await window.fill(ID3_HEAD_BYTES);
      await window.skip(id3Bytes(window.bytes));
      continue;
    }
    const header = parseFrameHeader(window.bytes);
    if (header !== undefined && (form === undefined || isSameForm(header, form))) {
      const isWhole = await window.fill(header.bytes);
      if (!isWhole && form !== undefined && skipped === 0) {
        damage.cutShort(`${window.bytes.length} bytes of the last frame`, `${header.bytes} bytes`);
        return;
      }
      // In sync a header is believed; elsewhere any two bytes may look like one, so the next must follow.
      const isSure = form !== undefined && skipped === 0 || isWhole && await isFollowed(window, header);
      if (isSure) {
        noteSkipped();
        form ??= header;
        yield { header, bytes: window.take(header.bytes) };
        continue;
      }
    }
    if (form !== undefined && skipped === 0 && await isTrailer(window)) return;
    window.take(1);
    skipped += 1;
    if (form === undefined && skipped > JUNK_MAX_BYTES) return;
  }
  skipped += window.take(window.bytes.length).length;
  noteSkipped();
}

function isSameForm(a: FrameHeader, b: FrameHeader): boolean {
  return a.version === b.version && a.sampleRate === b.sampleRate && a.channels === b.channels;
}

async function isFollowed(window: ByteWindow, header: FrameHeader): Promise<boolean> {
  // A single frame at the end of the file has none behind it.
  if (!await window.fill(header.bytes + HEADER_BYTES)) return window.bytes.length === header.bytes;
  const next = parseFrameHeader(window.bytes, header.bytes);
  return next !== undefined && isSameForm(next, header) || isTag(window.bytes.subarray(header.bytes));
}

/** Whether what is left is one of the tags that stand at the end of files. */
async function isTrailer(window: ByteWindow): Promise<boolean> {
  await window.fill(16);
  return isTag(window.bytes);
}

function isTag(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes.subarray(0, 11));
  return text.startsWith("TAG") || text.startsWith("APETAGEX") || text.startsWith("LYRICSBEGIN") || isId3(bytes);
}

function isId3(bytes: Uint8Array): boolean {
  return bytes[0] === 0x49 && bytes[1] === 0x44 && bytes[2] === 0x33;
}

/** Length of an ID3v2 tag: four times seven bits, head and perhaps a footer on top. */
function id3Bytes(bytes: Uint8Array): number {
  let size = 0;
  for (const byte of bytes.subarray(6, 10)) size = size << 7 | byte & 0x7f;
  const footer = ((bytes[5] ?? 0) & 0x10) === 0 ? 0 : ID3_HEAD_BYTES;
  return ID3_HEAD_BYTES + size + footer;
}
