/**
 * Reads the pages of an Ogg file (RFC 3533), and the packets in them. A page
 * whose checksum does not hold is left out, and the next one looked for.
 *
 * @module
 */

import type { DamageLog } from "../codec/decoding.ts";
import type { ByteWindow } from "../io/byte_window.ts";
import { CRC_AT, pageCrc } from "./crc32.ts";

/** One page. */
export interface OggPage {
  /** The whole page. */
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
  /** Lengths of the pieces of the body; a packet ends with a piece that is shorter than 255. */
  readonly lacing: Uint8Array;
  readonly serial: number;
  readonly sequence: number;
  /** Position of its last whole packet, in samples; -1 if no packet ends in it. */
  readonly granule: number;
  readonly isContinued: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

const HEAD_BYTES = 27;
const PAGE_MAX_BYTES = HEAD_BYTES + 255 + 255 * 255;

/** Whether bytes begin as a page does. */
export function isOgg(bytes: Uint8Array): boolean {
  return bytes[0] === 0x4f && bytes[1] === 0x67 && bytes[2] === 0x67 && bytes[3] === 0x53;
}

/** The pages whose checksum holds, of all streams of the file. */
export async function* readPages(window: ByteWindow, damage: DamageLog): AsyncGenerator<OggPage, void, void> {
  let skipped = 0;
  const noteSkipped = () => {
    if (skipped === 0) return;
    damage.add(`bytes ${window.position - skipped} to ${window.position}`, "hold no whole page");
    skipped = 0;
  };
  while (await window.fill(HEAD_BYTES)) {
    if (isOgg(window.bytes) && window.bytes[4] === 0) {
      const page = await readPage(window);
      if (page !== undefined) {
        noteSkipped();
        yield page;
        continue;
      }
      if (window.bytes.length < PAGE_MAX_BYTES && skipped === 0 && await isCutShort(window)) {
        damage.cutShort(`${window.bytes.length} bytes of the last page`, "a whole page");
        return;
      }
    }
    window.take(1);
    skipped += 1;
  }
  skipped += window.take(window.bytes.length).length;
  noteSkipped();
}

async function lengthOf(window: ByteWindow): Promise<number> {
  const headBytes = HEAD_BYTES + (window.bytes[26] as number);
  if (!await window.fill(headBytes)) return headBytes;
  return window.bytes.subarray(HEAD_BYTES, headBytes).reduce((sum, piece) => sum + piece, headBytes);
}

async function isCutShort(window: ByteWindow): Promise<boolean> {
  return !await window.fill(await lengthOf(window));
}

async function readPage(window: ByteWindow): Promise<OggPage | undefined> {
  const length = await lengthOf(window);
  if (!await window.fill(length)) return undefined;
  const bytes = window.bytes.slice(0, length);
  const view = new DataView(bytes.buffer);
  if (view.getUint32(CRC_AT, true) !== pageCrc(bytes)) return undefined;
  window.take(length);
  const flags = view.getUint8(5);
  const headBytes = HEAD_BYTES + view.getUint8(26);
  return {
    bytes,
    body: bytes.subarray(headBytes),
    lacing: bytes.subarray(HEAD_BYTES, headBytes),
    granule: Number(view.getBigInt64(6, true)),
    serial: view.getUint32(14, true),
    sequence: view.getUint32(18, true),
    isContinued: (flags & 1) !== 0,
    isFirst: (flags & 2) !== 0,
    isLast: (flags & 4) !== 0,
  };
}

/** A packet, and whether a page ends with it. */
export interface OggPacket {
  readonly bytes: Uint8Array;
  readonly isLastOfPage: boolean;
}

/** Longest packet that is put together; those of audio are far shorter. */
const PACKET_MAX_BYTES = 1 << 20;

/** Puts packets together that go over several pages. */
export class PacketReader {
  #parts: Uint8Array[] = [];
  #partBytes = 0;

  /** The packets that end in a page. After a gap the rest of one that has begun before it is left out. */
  packets(page: OggPage, isGap: boolean): OggPacket[] {
    if (isGap || !page.isContinued) this.#forget();
    let isOrphan = page.isContinued && this.#parts.length === 0;
    const packets: Uint8Array[] = [];
    let start = 0;
    let end = 0;
    for (const piece of page.lacing) {
      end += piece;
      if (piece === 255) continue;
      if (!isOrphan) packets.push(this.#complete(page.body.subarray(start, end)));
      isOrphan = false;
      start = end;
    }
    if (end > start && !isOrphan) this.#keep(page.body.subarray(start, end));
    return packets.map((bytes, index) => ({ bytes, isLastOfPage: index === packets.length - 1 }));
  }

  #keep(part: Uint8Array): void {
    this.#partBytes += part.length;
    if (this.#partBytes > PACKET_MAX_BYTES) this.#forget();
    else this.#parts.push(part);
  }

  #complete(rest: Uint8Array): Uint8Array {
    if (this.#parts.length === 0) return rest;
    const packet = new Uint8Array(this.#partBytes + rest.length);
    let at = 0;
    for (const part of [...this.#parts, rest]) {
      packet.set(part, at);
      at += part.length;
    }
    this.#forget();
    return packet;
  }

  #forget(): void {
    this.#parts = [];
    this.#partBytes = 0;
  }
}
