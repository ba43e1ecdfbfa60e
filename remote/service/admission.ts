/**
 * How many pipelines may run, and how much may be in work for them.
 *
 * @module
 */

import type { ServiceLimits } from "./options.ts";

/** A place among the pipelines that run. */
export interface Place {
  /** Counts bytes that are worked on now; a negative number takes them back. */
  addBytes(bytes: number): void;
  /** Gives the place back, and the bytes that are still counted. May be repeated. */
  leave(): void;
}

/** Why there is no place. */
export type NoPlace = "too-many-sessions" | "too-many-bytes" | "draining";

/** Counts what runs. */
export class Admission {
  readonly #limits: ServiceLimits;
  #sessions = 0;
  #bytes = 0;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
  }

  /** Takes a place, if there is one. */
  enter(bytes: number): Place | NoPlace {
    if (this.#isClosed) return "draining";
    if (this.#sessions >= this.#limits.maxSessions) return "too-many-sessions";
    // A request that is larger than all that may be in flight passes alone, as its size is limited by itself.
    if (this.#bytes > 0 && this.#bytes + bytes > this.#limits.maxBytesInFlight) return "too-many-bytes";
    this.#sessions += 1;
    let own = 0;
    let hasLeft = false;
    const addBytes = (more: number) => {
      if (hasLeft) return;
      own += more;
      this.#bytes += more;
    };
    addBytes(bytes);
    return {
      addBytes,
      leave: () => {
        if (hasLeft) return;
        addBytes(-own);
        hasLeft = true;
        this.#sessions -= 1;
        if (this.#sessions === 0) this.#onEmpty?.();
      },
    };
  }

  /** Lets nobody in from now on; resolves when everybody has left. */
  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#sessions === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Pipelines that run now. */
  get sessionCount(): number {
    return this.#sessions;
  }
}
