/**
 * Frames on the pipe between host and child: the length of what follows (4
 * bytes, little endian), a kind (1), the number of a port (4), and the body.
 *
 * @module
 */

import { pipeViolation } from "./codec.ts";

/** What a frame is. */
export const FRAME = { message: 1 } as const;

/** Length, kind and port. */
export const FRAME_HEADER_BYTES = 9;

/** Longest frame, in bytes, without its length. */
export const FRAME_BYTES_MAX = 256 * 1024 ** 2;

/** Called with each frame. The body lies in the memory of the pipe: it is to be read at once. */
export type OnFrame = (kind: number, port: number, body: Buffer) => void;

/** Cuts what comes through a pipe into frames. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** How many bytes are needed to go on. */
  #wanted = FRAME_HEADER_BYTES;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** @throws {StreamrackError} `protocol-violation`; nothing may be pushed any more then. */
  push(chunk: Buffer): void {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    // A long frame comes in many chunks: they are put together once.
    if (this.#pendingBytes < this.#wanted) return;
    let bytes = this.#pending.length === 1 ? chunk : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#wanted = FRAME_HEADER_BYTES;
    while (bytes.length >= FRAME_HEADER_BYTES) {
      const length = bytes.readUInt32LE(0);
      if (length < FRAME_HEADER_BYTES - 4 || length > FRAME_BYTES_MAX) {
        throw pipeViolation(`a frame of ${length} bytes, where ${FRAME_BYTES_MAX} are the most`);
      }
      if (bytes.length < 4 + length) {
        this.#wanted = 4 + length;
        break;
      }
      const [kind, port] = [bytes[4] as number, bytes.readUInt32LE(5)];
      this.#onFrame(kind, port, bytes.subarray(FRAME_HEADER_BYTES, 4 + length));
      bytes = bytes.subarray(4 + length);
    }
    this.#pending = bytes.length === 0 ? [] : [bytes];
    this.#pendingBytes = bytes.length;
  }
}
