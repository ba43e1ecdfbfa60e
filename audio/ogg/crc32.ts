/**
 * The checksum of Ogg pages (RFC 3533): CRC-32 with the polynomial
 * 0x04c11db7, not reflected, from 0.
 *
 * @module
 */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? crc << 1 ^ 0x04c1_1db7 : crc << 1;
  return crc;
});

/** Where the checksum stands in a page; it is counted as 0. */
export const CRC_AT = 22;

/** The checksum of a page. */
export function pageCrc(page: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= CRC_AT && i < CRC_AT + 4 ? 0 : page[i] as number;
    crc = crc << 8 ^ (TABLE[crc >>> 24 ^ byte] as number);
  }
  return crc >>> 0;
}
