/**
 * Counts the frames of an MP3 stream that is known to hold nothing else.
 *
 * @module
 */

import { HEADER_BYTES, parseFrameHeader } from "./frame_header.ts";

/** Walks from header to header, however the bytes are cut. */
export class FrameWalker {
  /** Frames that have begun. */
  frames = 0;
  /** Samples of each channel in them. */
  samples = 0;
  #skip = 0;
  #rest: Uint8Array = new Uint8Array(0);

  push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#rest.length + bytes.length);
    joined.set(this.#rest);
    joined.set(bytes, this.#rest.length);
    let at = this.#skip;
    while (at + HEADER_BYTES <= joined.length) {
      const header = parseFrameHeader(joined, at);
      if (header !== undefined) {
        this.frames += 1;
        this.samples += header.samplesPerFrame;
      }
      at += header?.bytes ?? 1;
    }
    this.#skip = Math.max(0, at - joined.length);
    this.#rest = joined.slice(Math.min(at, joined.length));
  }
}
