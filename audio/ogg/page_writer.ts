/**
 * Writes the pages of an Ogg stream (RFC 3533).
 *
 * @module
 */

import { CRC_AT, pageCrc } from "./crc32.ts";

const HEAD_BYTES = 27;

/** What a page says beside its packets. */
export interface PageOptions {
  /** Position of the end of its last packet, in samples. */
  readonly granule: number;
  readonly isFirst?: boolean;
  readonly isLast?: boolean;
}

/** Writes one logical stream. */
export class PageWriter {
  readonly #serial: number;
  #sequence = 0;

  /** @param serial Tells the stream from others in one file. */
  constructor(serial: number) {
    this.#serial = serial;
  }

  /** A page of whole packets. Throws a RangeError beyond 255 pieces of 255 bytes. */
  page(packets: readonly Uint8Array[], { granule, isFirst = false, isLast = false }: PageOptions): Uint8Array {
    const lacing = packets.flatMap((packet) => [
      ...new Array<number>(Math.floor(packet.length / 255)).fill(255),
      packet.length % 255,
    ]);
    if (lacing.length > 255) throw new RangeError("the packets are too long for one page");
    const bodyAt = HEAD_BYTES + lacing.length;
    const page = new Uint8Array(bodyAt + packets.reduce((length, packet) => length + packet.length, 0));
    const view = new DataView(page.buffer);
    page.set(new TextEncoder().encode("OggS"));
    view.setUint8(5, (isFirst ? 2 : 0) | (isLast ? 4 : 0));
    view.setBigInt64(6, BigInt(granule), true);
    view.setUint32(14, this.#serial, true);
    view.setUint32(18, this.#sequence++, true);
    view.setUint8(26, lacing.length);
    page.set(lacing, HEAD_BYTES);
    let at = bodyAt;
    for (const packet of packets) {
      page.set(packet, at);
      at += packet.length;
    }
    view.setUint32(CRC_AT, pageCrc(page), true);
    return page;
  }
}

/** How many pieces a packet takes on a page. */
export function piecesOf(packet: Uint8Array): number {
  return Math.floor(packet.length / 255) + 1;
}

/** A number that two streams of one program hardly share. */
export function newSerial(): number {
  return Math.floor(Math.random() * 2 ** 32);
}
