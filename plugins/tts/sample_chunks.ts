/**
 * From bytes as a network brings them to pieces of audio.
 *
 * @module
 */

/** Cuts little-endian 16-bit samples into pieces of one size. Holds back at least one sample, so that a last piece is left. */
export class SampleChunks {
  readonly #bytes: number;
  #held = new Uint8Array(0);

  /** @param samples Length of a piece, from 1. */
  constructor(samples: number) {
    this.#bytes = 2 * samples;
  }

  /** Takes bytes; gives the pieces that are complete and not the last. */
  *push(bytes: Uint8Array): Generator<Int16Array<ArrayBuffer>> {
    const all = new Uint8Array(this.#held.length + bytes.length);
    all.set(this.#held);
    all.set(bytes, this.#held.length);
    let at = 0;
    for (; all.length - at >= this.#bytes + 2; at += this.#bytes) yield toSamples(all.slice(at, at + this.#bytes));
    this.#held = all.slice(at);
  }

  /** Gives what is left. A last byte that is half of a sample is dropped. */
  flush(): Int16Array<ArrayBuffer> {
    const rest = toSamples(this.#held.slice(0, this.#held.length & ~1));
    this.#held = new Uint8Array(0);
    return rest;
  }
}

function toSamples(bytes: Uint8Array<ArrayBuffer>): Int16Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer);
  return Int16Array.from({ length: bytes.length / 2 }, (_, i) => view.getInt16(2 * i, true));
}
