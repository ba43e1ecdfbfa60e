/**
 * A window that moves over a source: bytes are looked at before they are
 * taken.
 *
 * @module
 */

import type { ByteSource } from "./byte_source.ts";

const READ_BYTES = 65_536;

/** The unread bytes at the front of a source. */
export class ByteWindow {
  readonly #source: ByteSource;
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #ended = false;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** How many bytes were passed. */
  get position(): number {
    return this.#position;
  }

  /** The bytes at hand; valid until the next call of a method. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Brings at least so many bytes to hand; tells whether there are as many. */
  async fill(length: number): Promise<boolean> {
    while (this.#bytes.length < length && !this.#ended) {
      const wanted = Math.max(READ_BYTES, length - this.#bytes.length);
      const joined = new Uint8Array(this.#bytes.length + wanted);
      joined.set(this.#bytes);
      const read = await this.#source.read(joined.subarray(this.#bytes.length));
      this.#ended = read < wanted;
      this.#bytes = joined.subarray(0, this.#bytes.length + read);
    }
    return this.#bytes.length >= length;
  }

  /** Passes bytes that are at hand, and gives them. */
  take(length: number): Uint8Array {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    this.#position += taken.length;
    return taken;
  }

  /** Passes bytes without keeping them; tells whether there were as many. */
  async skip(length: number): Promise<boolean> {
    for (let left = length; left > 0;) {
      if (!await this.fill(1)) return false;
      left -= this.take(Math.min(left, this.#bytes.length)).length;
    }
    return true;
  }
}
