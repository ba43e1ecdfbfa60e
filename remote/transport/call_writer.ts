/**
 * Writing to a call at the pace of its reader, and reading at our own.
 *
 * @module
 */

import type { Readable, Writable } from "node:stream";

/** Writes messages one after the other. When the peer does not read, `write` waits. */
export class CallWriter {
  readonly #call: Writable;
  #isBlocked = false;

  constructor(call: Writable) {
    this.#call = call;
  }

  /** Whether a write waits for the peer. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Whether nothing can be written any more. */
  get isClosed(): boolean {
    return this.#call.destroyed || this.#call.writableEnded;
  }

  /**
   * Writes a message. Gives a promise where there is no room for the next one;
   * it resolves when there is.
   *
   * @throws {Error} If the call ended, whoever ended it; the promise rejects for the same reason.
   */
  write(message: Uint8Array): void | Promise<void> {
    if (this.isClosed) throw new Error("the call has ended");
    if (this.#call.write(message)) return;
    this.#isBlocked = true;
    return this.#drained().finally(() => this.#isBlocked = false);
  }

  /** Ends the call well, after all that was written. */
  end(): void {
    this.#call.end();
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => () => {
        this.#call.removeListener("drain", onDrain);
        this.#call.removeListener("close", onClose);
        act();
      };
      const onDrain = settle(resolve);
      const onClose = settle(() => reject(new Error("the call has ended")));
      this.#call.once("drain", onDrain);
      this.#call.once("close", onClose);
      if (this.#call.destroyed) onClose();
    });
  }
}

/** Bytes that are read ahead or written together, beside one message: as many as an HTTP/2 stream sends unasked. */
const GATHERED_BYTES = 64 * 1024;
/** Messages that are read ahead at most, as the library has it. */
const READ_AHEAD_MESSAGES = 16;

/**
 * Limits what a call reads before anybody asks for it. The library reads 16
 * messages ahead, for which it has no option, and a message may have megabytes.
 * So each message that comes says how many of its length may wait.
 */
export function limitReadAhead(call: Readable): void {
  const { _readableState: state } = call as { _readableState?: { highWaterMark: number } };
  if (state === undefined) return;
  state.highWaterMark = 1;
  const push = call.push.bind(call);
  call.push = (message: Uint8Array | null, encoding) => {
    const messages = message === null ? 1 : Math.floor(GATHERED_BYTES / Math.max(1, message.length));
    state.highWaterMark = Math.max(1, Math.min(READ_AHEAD_MESSAGES, messages));
    return push(message, encoding);
  };
}

/**
 * Lets a call of the service hand on together what has gathered while a
 * message was written. The library waits for each message to be written before
 * it writes the next, which takes a turn of the event loop for each.
 */
export function writeTogether(call: Writable): void {
  const { call: inner } = call as { call?: { sendMessage?(message: unknown, written: () => void): void } };
  if (typeof inner?.sendMessage !== "function") return;
  call._writev = (messages, written) => {
    let next = 0;
    const writeSome = () => {
      let bytes = 0;
      for (let isLast = false; !isLast;) {
        const { length } = messages[next]?.chunk as Uint8Array;
        bytes += length;
        const following = messages[next + 1]?.chunk as Uint8Array | undefined;
        isLast = following === undefined || bytes + following.length > GATHERED_BYTES;
        const onWritten = !isLast ? ignore : following === undefined ? written : writeSome;
        inner.sendMessage?.(messages[next++]?.chunk, onWritten);
      }
    };
    writeSome();
  };
}

function ignore(): void {}
