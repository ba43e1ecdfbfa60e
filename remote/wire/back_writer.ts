/**
 * Writes a protobuf message from its end to its beginning.
 *
 * In front of each message within a message stands its length, which is known
 * only once it is written. Backwards it is there in time, so that the whole is
 * written once, into one buffer.
 *
 * @module
 */

import { WireType } from "@bufbuild/protobuf/wire";

const encoder = new TextEncoder();

/** A message that grows towards its beginning. Fields are written in falling order. */
export class BackWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #start: number;

  /** @param capacity At least as many bytes as will be written. What is not needed stays unused in front. */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.#start = capacity;
  }

  /** How much was written; two of them tell the length of what lies between. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  /** What was written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(this.#start);
  }

  bytes(number: number, value: Uint8Array): void {
    this.raw(value);
    this.delimited(number, value.length);
  }

  /** Writes fields that are encoded already. */
  raw(fields: Uint8Array): void {
    this.#start -= fields.length;
    this.#bytes.set(fields, this.#start);
  }

  text(number: number, value: string): void {
    const end = this.#start;
    let at = end;
    for (let i = value.length - 1; i >= 0; i--) {
      const code = value.charCodeAt(i);
      // Names are mostly plain ASCII, and short: too short for a call of the encoder to pay.
      if (code > 127) return this.bytes(number, encoder.encode(value));
      this.#bytes[--at] = code;
    }
    this.#start = at;
    this.delimited(number, end - at);
  }

  double(number: number, value: number): void {
    this.#start -= 8;
    this.#view.setFloat64(this.#start, value, true);
    this.#tag(number, WireType.Bit64);
  }

  /** @param value A whole number from 0. */
  uint(number: number, value: number | bigint): void {
    if (typeof value === "number") this.#varint(value);
    else if (value <= Number.MAX_SAFE_INTEGER) this.#varint(Number(value));
    else this.#largeVarint(value);
    this.#tag(number, WireType.Varint);
  }

  /** Tag and length of a field whose contents were written just before. */
  delimited(number: number, length: number): void {
    this.#varint(length);
    this.#tag(number, WireType.LengthDelimited);
  }

  #tag(number: number, type: WireType): void {
    this.#varint(number * 8 + type);
  }

  #varint(value: number): void {
    let length = 1;
    for (let limit = 128; value >= limit; limit *= 128) length++;
    let at = this.#start -= length;
    let rest = value;
    while (rest >= 128) {
      this.#bytes[at++] = rest % 128 + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[at] = rest;
  }

  #largeVarint(value: bigint): void {
    const groups: number[] = [];
    for (let rest = value; rest > 0n; rest >>= 7n) groups.push(Number(rest & 127n) + 128);
    groups[groups.length - 1] = (groups.at(-1) as number) - 128;
    this.#start -= groups.length;
    this.#bytes.set(groups, this.#start);
  }
}
