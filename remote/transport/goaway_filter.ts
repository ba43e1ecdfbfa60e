/**
 * A socket whose reader never sees an HTTP/2 GOAWAY frame.
 *
 * Deno 2.9 aborts the whole process when its HTTP/2 layer reads one
 * (denoland/deno#36788), and nothing in JavaScript can catch that. So on Deno
 * this stands between the socket and HTTP/2, on both sides of a connection.
 *
 * @module
 */

import type { Socket } from "node:net";
import { Duplex } from "node:stream";

const FRAME_HEADER_BYTES = 9;
const GOAWAY = 0x7;

/** How a {@linkcode GoawayFilter} reads its socket. */
export interface GoawayFilterOptions {
  /** Bytes before the first frame: 24 on the server, whose clients open with a preface; else 0. */
  readonly prefaceBytes: number;
  /** Called for each frame that was dropped: the peer wants no new streams. */
  readonly onGoaway?: (() => void) | undefined;
}

/** Hands everything on in both directions, but for GOAWAY frames of the peer. */
export class GoawayFilter extends Duplex {
  readonly #socket: Socket;
  readonly #onGoaway: (() => void) | undefined;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerLength = 0;
  #passing: number;
  #dropping = 0;

  constructor(socket: Socket, options: GoawayFilterOptions) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#passing = options.prefaceBytes;
    this.#onGoaway = options.onGoaway;
    socket.on("data", (chunk: Uint8Array) => this.#read(chunk));
    socket.on("end", () => this.push(null));
    socket.on("close", () => this.destroy());
    socket.on("error", (error) => this.destroy(error));
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  /** As a socket has it: HTTP/2 lets an idle connection of a client not keep the process. */
  ref(): this {
    this.#socket.ref();
    return this;
  }

  /** The opposite of {@linkcode GoawayFilter.ref}. */
  unref(): this {
    this.#socket.unref();
    return this;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  /** What HTTP/2 writes in one go is sent in one go. */
  override _writev(chunks: { readonly chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.#socket.cork();
    chunks.forEach(({ chunk }, i) => this.#socket.write(chunk, i === chunks.length - 1 ? done : undefined));
    this.#socket.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #read(chunk: Uint8Array): void {
    let hasRoom = true;
    for (let at = 0; at < chunk.length;) {
      if (this.#passing > 0) {
        const end = Math.min(chunk.length, at + this.#passing);
        this.#passing -= end - at;
        hasRoom = this.push(chunk.subarray(at, end));
        at = end;
      } else if (this.#dropping > 0) {
        const end = Math.min(chunk.length, at + this.#dropping);
        this.#dropping -= end - at;
        at = end;
      } else {
        const end = this.#skipWholeFrames(chunk, at);
        if (end > at) {
          hasRoom = this.push(chunk.subarray(at, end));
          at = end;
        } else {
          at = this.#readHeader(chunk, at);
        }
      }
    }
    if (!hasRoom) this.#socket.pause();
  }

  /** Where the run of whole frames that begins here ends: most chunks are handed on in one piece. */
  #skipWholeFrames(chunk: Uint8Array, from: number): number {
    if (this.#headerLength > 0) return from;
    let at = from;
    while (at + FRAME_HEADER_BYTES <= chunk.length && chunk[at + 3] !== GOAWAY) {
      const next = at + FRAME_HEADER_BYTES + payloadBytes(chunk, at);
      if (next > chunk.length) break;
      at = next;
    }
    return at;
  }

  /** Gathers one frame header, which chunks may cut anywhere, and decides about its frame. */
  #readHeader(chunk: Uint8Array, from: number): number {
    const part = chunk.subarray(from, from + FRAME_HEADER_BYTES - this.#headerLength);
    this.#header.set(part, this.#headerLength);
    this.#headerLength += part.length;
    if (this.#headerLength === FRAME_HEADER_BYTES) {
      this.#headerLength = 0;
      const length = payloadBytes(this.#header, 0);
      if (this.#header[3] === GOAWAY) {
        this.#dropping = length;
        this.#onGoaway?.();
      } else {
        this.#passing = length;
        this.push(this.#header.slice());
      }
    }
    return from + part.length;
  }
}

function payloadBytes(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}
