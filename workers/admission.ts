/**
 * Admission: how many sessions a runtime has open at a time, and who waits.
 *
 * @module
 */

import { displayValue, StreamrackError } from "../core/errors.ts";

/** How sessions are admitted. */
export interface AdmissionOptions {
  /** Most sessions at a time. */
  readonly maxSessions: number;
  /** Most that wait for their turn. */
  readonly maxQueuedSessions: number;
}

/** How one session waits for its turn. */
export interface AdmissionRequest {
  readonly signal: AbortSignal | undefined;
  readonly queueTimeoutMs: number;
}

interface Waiting {
  admit(): void;
  reject(error: StreamrackError): void;
}

/** How many of the last sessions the estimate of `retryAfterMs` is made from. */
const DURATIONS_KEPT = 32;
/** The estimate where no session has ended yet, and its bounds, in milliseconds. */
const RETRY_DEFAULT_MS = 1_000;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 60_000;
/** Timers cannot be set beyond this: they would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Counts the sessions that are open, and keeps the others in a bounded queue, first come, first served. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #waiting = new Set<Waiting>();
  readonly #durationsMs: number[] = [];
  #open = 0;
  #failure: StreamrackError | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Sessions that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a place. Settles at the latest when its time is up.
   *
   * @returns Gives the place back. May be called more than once.
   * @throws {StreamrackError} `overloaded`, `session-cancelled`, or the error of {@linkcode Admission.close}.
   */
  async enter(request: AdmissionRequest): Promise<() => void> {
    if (this.#failure !== undefined) throw this.#failure;
    // Whoever waits was here before, also in the moment between a place that is free and its taking.
    if (this.#open < this.#options.maxSessions && this.#waiting.size === 0) this.#open += 1;
    else await this.#wait(request);
    const startMs = performance.now();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#leave(performance.now() - startMs);
    };
  }

  /** Rejects all who wait, and all who come later. */
  close(error: StreamrackError): void {
    this.#failure ??= error;
    for (const { reject } of [...this.#waiting]) reject(this.#failure);
  }

  #wait({ signal, queueTimeoutMs }: AdmissionRequest): Promise<void> {
    const { maxSessions, maxQueuedSessions } = this.#options;
    if (signal?.aborted === true) return Promise.reject(cancelled(signal.reason));
    if (this.#waiting.size >= maxQueuedSessions) {
      const queue = maxQueuedSessions === 0 ? "" : `, and ${maxQueuedSessions} wait`;
      return Promise.reject(this.#overloaded(`all ${maxSessions} sessions are open${queue}`));
    }
    return new Promise((resolve, reject) => {
      const onTimeout = () =>
        waiting.reject(this.#overloaded(`no session ended within the ${queueTimeoutMs} ms that this one waited`));
      const onAbort = () => waiting.reject(cancelled(signal?.reason));
      const settle = () => {
        this.#waiting.delete(waiting);
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiting: Waiting = {
        admit() {
          settle();
          resolve();
        },
        reject(error) {
          settle();
          reject(error);
        },
      };
      const timer = setTimeout(onTimeout, Math.min(queueTimeoutMs, TIMER_MAX_MS));
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(waiting);
    });
  }

  #leave(durationMs: number): void {
    this.#durationsMs.push(durationMs);
    if (this.#durationsMs.length > DURATIONS_KEPT) this.#durationsMs.shift();
    const [next] = this.#waiting;
    // The place goes from one to the next, so nobody can slip in between.
    if (next === undefined) this.#open -= 1;
    else next.admit();
  }

  #overloaded(detail: string): StreamrackError {
    const retryAfterMs = this.#estimateMs();
    return new StreamrackError("overloaded", detail, {
      retryAfterMs,
      remedy: `Try again in about ${retryAfterMs} ms; or raise maxSessions, maxQueuedSessions or queueTimeoutMs.`,
    });
  }

  /**
   * When a place may be free for one more: sessions as long as the last ones,
   * of which `maxSessions` run side by side, and those in the queue come first.
   */
  #estimateMs(): number {
    const known = this.#durationsMs.length;
    if (known === 0) return RETRY_DEFAULT_MS;
    const meanMs = this.#durationsMs.reduce((sum, ms) => sum + ms, 0) / known;
    const estimateMs = meanMs * (this.#waiting.size + 1) / this.#options.maxSessions;
    return Math.round(Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, estimateMs)));
  }
}

function cancelled(reason: unknown): StreamrackError {
  const why = reason instanceof Error ? reason.message : displayValue(reason);
  return new StreamrackError("session-cancelled", `the session was cancelled while it waited for its turn: ${why}`, {
    cause: reason,
  });
}
