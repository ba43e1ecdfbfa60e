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
  /**
   * Counts the bytes of a chunk. Gives a promise where there is no room for
   * them; it resolves when there is, those first who came first.
   *
   * @param signal Rejects the wait with its reason.
   */
  waitForBytes(bytes: number, signal: AbortSignal): void | Promise<void>;
  /** Gives the place back, and the bytes that are still counted. May be repeated. */
  leave(): void;
}

/** Why there is no place. */
export type NoPlace = "too-many-sessions" | "too-many-bytes" | "draining";

/** Chunks up to this length never wait for each other: whoever fills the room with long ones must not stop the others' audio. */
const SHORT_BYTES = 64 * 1024;

interface Waiter {
  readonly bytes: number;
  enter(): void;
}

/** Counts what runs. */
export class Admission {
  readonly #limits: ServiceLimits;
  #sessions = 0;
  #bytes = 0;
  readonly #waiters = new Set<Waiter>();
  #isClosed = false;
  #onEmpty: (() => void) | undefined;

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
  }

  /** Takes a place, if there is one. */
  enter(bytes: number): Place | NoPlace {
    if (this.#isClosed) return "draining";
    if (this.#sessions >= this.#limits.maxSessions) return "too-many-sessions";
    if (!this.#hasRoom(bytes)) return "too-many-bytes";
    this.#sessions += 1;
    let own = 0;
    let hasLeft = false;
    const addBytes = (more: number) => {
      if (hasLeft) return;
      own += more;
      this.#bytes += more;
      if (more < 0) this.#letIn();
    };
    addBytes(bytes);
    return {
      addBytes,
      waitForBytes: (more, signal) => {
        if (more <= SHORT_BYTES || this.#waiters.size === 0 && this.#hasRoom(more)) return addBytes(more);
        return this.#wait(more, signal, addBytes);
      },
      leave: () => {
        if (hasLeft) return;
        addBytes(-own);
        hasLeft = true;
        this.#sessions -= 1;
        if (this.#sessions === 0) this.#onEmpty?.();
      },
    };
  }

  /** A value that is larger than all that may be in flight passes alone, as its size is limited by itself. */
  #hasRoom(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#limits.maxBytesInFlight;
  }

  #wait(bytes: number, signal: AbortSignal, addBytes: (bytes: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
        // It may have been in the way of a shorter one.
        this.#letIn();
      };
      const waiter: Waiter = {
        bytes,
        enter: () => {
          signal.removeEventListener("abort", onAbort);
          addBytes(bytes);
          resolve();
        },
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiters.add(waiter);
    });
  }

  #letIn(): void {
    for (const waiter of this.#waiters) {
      if (!this.#hasRoom(waiter.bytes)) return;
      this.#waiters.delete(waiter);
      waiter.enter();
    }
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
