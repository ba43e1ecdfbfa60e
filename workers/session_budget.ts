/**
 * The limit of a session as a whole: how many bytes may be in flight on all
 * its edges together.
 *
 * @module
 */

import { StreamrackError } from "../core/errors.ts";

/** What `send` does when the bytes in flight of its session are at their limit. */
export type WhenExhausted = "wait" | "reject";

/** How much a session may have in flight. */
export interface BudgetOptions {
  /** The value that is let in last may exceed it. */
  readonly maxBytesInFlight: number;
  readonly whenExhausted: WhenExhausted;
}

interface Waiting {
  /** Writes the value. Called in the turn in which room was found, so that whoever comes next finds it counted. */
  readonly admit: () => void | Promise<void>;
  /** Whether it needs room; what only keeps its place in the order does not. */
  readonly needsRoom: boolean;
  resolve(written: void | Promise<void>): void;
  reject(error: unknown): void;
}

/**
 * How often the bytes in flight are looked at while somebody waits, in
 * milliseconds. They fall in other threads, by a store to shared memory: a
 * message for each would cost every value of every session, while this timer
 * runs only in a session that is at its limit.
 */
const POLL_MS = 4;

/** Holds the values back that a session sends while too much of it is in flight. In order. */
export class SessionBudget {
  readonly #options: BudgetOptions;
  readonly #measure: () => number | Promise<number>;
  readonly #waiting: Waiting[] = [];
  #isPumping = false;
  #failure: StreamrackError | undefined;

  /** @param measure Tells the bytes in flight: at once where memory is shared, else after a question to the threads. */
  constructor(options: BudgetOptions, measure: () => number | Promise<number>) {
    this.#options = options;
    this.#measure = measure;
  }

  /**
   * Calls `admit` as soon as there is room, at once if there is.
   *
   * @throws {StreamrackError} `resource-exhausted` where it should not wait; or the error of an abort.
   */
  enter(admit: () => void | Promise<void>): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting.length > 0) return this.#queue(admit, true);
    const bytes = this.#measure();
    if (typeof bytes === "number" && bytes < this.#options.maxBytesInFlight) return admit();
    return this.#queue(admit, true, bytes);
  }

  /** Calls `action` when everything before it has entered; at once if nothing waits. Not after an abort. */
  after(action: () => void): void {
    if (this.#failure !== undefined) return;
    if (this.#waiting.length === 0) return action();
    this.#queue(action, false).catch(() => {});
  }

  /** Rejects those who wait, and everyone who comes later. */
  abort(error: StreamrackError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #queue(admit: Waiting["admit"], needsRoom: boolean, measured?: number | Promise<number>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ admit, needsRoom, resolve, reject });
      // Where others wait already, nothing was measured, and the pump runs.
      if (!this.#isPumping) void this.#pump(measured);
    });
  }

  /** Settles what waits, until nothing does. @param measured The bytes in flight, if they were just looked at. */
  async #pump(measured: number | Promise<number> | undefined): Promise<void> {
    this.#isPumping = true;
    for (let seen = measured; this.#waiting.length > 0; seen = undefined) {
      const told = seen ?? this.#measure();
      // Threads that do not answer are no reason to wait for ever: each edge has its own window.
      const bytes = typeof told === "number" ? told : await told.catch(() => 0);
      const [first] = this.#waiting;
      if (first === undefined) break; // all were rejected meanwhile
      const isRefused = first.needsRoom && bytes >= this.#options.maxBytesInFlight;
      if (isRefused && this.#options.whenExhausted === "wait") {
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        continue;
      }
      this.#waiting.shift();
      if (isRefused) first.reject(this.#exhausted(bytes));
      else settle(first);
    }
    this.#isPumping = false;
  }

  #exhausted(bytes: number): StreamrackError {
    const { maxBytesInFlight } = this.#options;
    return new StreamrackError("resource-exhausted", "too many bytes of the session are in flight", {
      problems: [{
        path: "options.maxSessionBytesInFlight",
        message: "is reached",
        received: `${bytes} bytes in flight`,
        expected: `less than ${maxBytesInFlight}`,
      }],
      remedy: 'Read the outputs faster, send slower, or raise the limit; with whenExhausted: "wait", send() waits.',
    });
  }
}

function settle({ admit, resolve, reject }: Waiting): void {
  try {
    resolve(admit());
  } catch (thrown) {
    reject(thrown);
  }
}
