/**
 * Samples that are posted together: a message costs more than what is in it.
 *
 * @module
 */

import { ringSoon } from "../../core/flow/doorbells.ts";
import type { AudioData } from "../../core/data/types.ts";
import { MEMORY_COSTS } from "../adapters/memory_costs.ts";

/** Moves memory to a buffer of its own, which leaves the old one detached. Node 20 cannot do that within a thread. */
type Transfer = { transfer?(): ArrayBuffer };

/** The samples of one writer that are still to be posted. */
export class Parcel {
  readonly #post: (buffers: ArrayBuffer[]) => void;
  #buffers: ArrayBuffer[] = [];

  /** @param post Posts buffers, the oldest first, and moves them. */
  constructor(post: (buffers: ArrayBuffer[]) => void) {
    this.#post = post;
  }

  /** Takes the samples of a value, which are detached from here on; posts them with others, before this thread waits. */
  add({ samples }: AudioData): void {
    const buffer = samples.buffer as ArrayBuffer & Transfer;
    const mayWait = MEMORY_COSTS.postedTogetherMax > 1 && buffer.transfer !== undefined;
    const length = this.#buffers.push(mayWait ? buffer.transfer() : buffer);
    if (!mayWait || length === MEMORY_COSTS.postedTogetherMax) this.send();
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
}
