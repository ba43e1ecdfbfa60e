/**
 * The Info tag: a first frame without audio that says how long the audio is,
 * and how much of the encoder's own silence stands before and behind it.
 *
 * Xing has defined its beginning, LAME the rest (the "LAME tag", revision 1);
 * with it the decoded length is that of the original to the sample.
 *
 * @module
 */

import { type FrameHeader, HEADER_BYTES, makeFrameHeader, parseFrameHeader } from "./frame_header.ts";

/** What an Info tag says. */
export interface InfoTag {
  /** Frames that follow; absent: unknown. */
  readonly frames?: number | undefined;
  /** Samples of silence that the encoder has put before the audio, 0 to 4095. */
  readonly delay: number;
  /** Samples of silence behind the audio, 0 to 4095. */
  readonly padding: number;
}

const HAS_FRAMES = 1;
const HAS_BYTES = 2;
const HAS_TOC = 4;
const HAS_QUALITY = 8;
const TOC_BYTES = 100;
/** From the start of the LAME part to delay and padding, and its whole length. */
const DELAY_AT = 21;
const LAME_BYTES = 36;

/** Reads the tag of a frame, if it holds one. Without a LAME part nothing is known of delay and padding. */
export function readInfoTag(frame: Uint8Array, header: FrameHeader): InfoTag | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let at = HEADER_BYTES + header.sideBytes;
  if (at + 8 > frame.length) return undefined;
  const id = view.getUint32(at);
  if (id !== XING && id !== INFO) return undefined;
  const flags = view.getUint32(at + 4);
  at += 8;
  let frames: number | undefined;
  if (flags & HAS_FRAMES && at + 4 <= frame.length) frames = view.getUint32(at);
  at += (flags & HAS_FRAMES ? 4 : 0) + (flags & HAS_BYTES ? 4 : 0) + (flags & HAS_TOC ? TOC_BYTES : 0) +
    (flags & HAS_QUALITY ? 4 : 0);
  if (at + DELAY_AT + 3 > frame.length || view.getUint8(at) === 0) return { frames, delay: 0, padding: 0 };
  const [a, b, c] = frame.subarray(at + DELAY_AT, at + DELAY_AT + 3) as unknown as [number, number, number];
  return { frames, delay: a << 4 | b >> 4, padding: (b & 15) << 8 | c };
}

const XING = 0x58_69_6e_67;
const INFO = 0x49_6e_66_6f;

/** Makes the frame that holds a tag; its length depends on rate and channels alone. */
export function makeInfoFrame(
  form: { readonly sampleRate: number; readonly channels: number },
  tag: InfoTag,
): Uint8Array {
  const bytesAtLeast = HEADER_BYTES + 32 + 8 + 4 + LAME_BYTES;
  const head = makeFrameHeader(form.sampleRate, form.channels, bytesAtLeast);
  const header = parseFrameHeader(head) as FrameHeader;
  const frame = new Uint8Array(header.bytes);
  const view = new DataView(frame.buffer);
  frame.set(head);
  let at = HEADER_BYTES + header.sideBytes;
  view.setUint32(at, INFO);
  // The field of the count is always there, so that the length of the frame never changes: 0 flags hide it.
  view.setUint32(at + 4, tag.frames === undefined ? 0 : HAS_FRAMES);
  at += 8;
  if (tag.frames !== undefined) {
    view.setUint32(at, tag.frames);
    at += 4;
  }
  frame.set(new TextEncoder().encode("LAME3.100"), at);
  frame.set([tag.delay >> 4, (tag.delay & 15) << 4 | tag.padding >> 8, tag.padding & 255], at + DELAY_AT);
  view.setUint16(at + LAME_BYTES - 2, crc16(frame.subarray(0, at + LAME_BYTES - 2)));
  return frame;
}

/** CRC-16 with the polynomial 0x8005, reflected, from 0: the checksum of the LAME tag over all that stands before it. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
  }
  return crc;
}
