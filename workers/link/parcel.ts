/**
 * Samples that are posted together: a message costs more than what is in it.
 *
 * @module
 */

import { ringSoon } from "../../core/flow/doorbells.ts";
import type { AudioData } from "../../core/data/types.ts";

/**
 * How many buffers wait for each other, at most: a quarter of the usual window, so that both threads are at work. Node 20
 * cannot move memory within a thread, which a buffer that waits has to be.
 */
export const POSTED_TOGETHER_MAX: number = "transfer" in ArrayBuffer.prototype ? 4 : 1;

/** The samples of one writer that are still to be posted. */
export class Parcel {
  readonly #post: (buffers: ArrayBuffer[]) => void;
  #buffers: ArrayBuffer[] = [];

  /** @param post Posts buffers, the oldest first, and moves them if it can; else throws, and moves none. */
  constructor(post: (buffers: ArrayBuffer[]) => void) {
    this.#post = post;
  }

  /** Takes the samples of a value, which are detached from here on; posts them with others, before this thread waits. */
  add({ samples }: AudioData): void {
    const buffer = samples.buffer as ArrayBuffer;
    if (POSTED_TOGETHER_MAX === 1) return this.#postAlone(buffer);
    const length = this.#buffers.push(moved(buffer));
    if (length === POSTED_TOGETHER_MAX) this.send();
    else if (length === 1) ringSoon(this.send);
  }

  /** Posts what is there. */
  readonly send = (): void => {
    if (this.#buffers.length === 0) return;
    const buffers = this.#buffers;
    this.#buffers = [];
    this.#post(buffers);
  };

  /** Lets go of what is there. */
  drop(): void {
    this.#buffers = [];
  }

  #postAlone(buffer: ArrayBuffer): void {
    try {
      this.#post([buffer]);
    } catch {
      this.#post([copyOf(buffer)]);
    }
  }
}

/** The same memory in a buffer of its own; the old one is detached. */
function moved(buffer: ArrayBuffer & { transfer?(): ArrayBuffer }): ArrayBuffer {
  try {
    return buffer.transfer?.() as ArrayBuffer;
  } catch {
    return copyOf(buffer);
  }
}

/** For memory that looks as if it could be moved and refuses, as that of WebAssembly does. */
function copyOf(buffer: ArrayBuffer): ArrayBuffer {
  return buffer.slice(0);
}
