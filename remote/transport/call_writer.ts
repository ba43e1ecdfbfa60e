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
   * Writes a message; resolves when there is room for the next one.
   *
   * @throws {Error} If the call ended, whoever ended it.
   */
  async write(message: Uint8Array): Promise<void> {
    if (this.isClosed) throw new Error("the call has ended");
    if (this.#call.write(message)) return;
    this.#isBlocked = true;
    try {
      await this.#drained();
    } finally {
      this.#isBlocked = false;
    }
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

/**
 * Sets how many messages a call reads before anybody asks for them. The
 * library says 16, for which it has no option, and a message may have
 * megabytes.
 */
export function setReadAhead(call: Readable, messages: number): void {
  const { _readableState: state } = call as { _readableState?: { highWaterMark: number } };
  if (state !== undefined) state.highWaterMark = messages;
}
