/**
 * The circuit breaker of an isolation group: a plugin that keeps crashing is
 * left alone for a while.
 *
 * @module
 */

import { StreamrackError } from "../core/errors.ts";

/** When a plugin is taken out of service, and for how long. */
export interface BreakerOptions {
  /** So many crashes within {@linkcode windowMs}, from 1, take it out. */
  readonly maxCrashes: number;
  /** In milliseconds, from 1. Default: 60 000. */
  readonly windowMs?: number | undefined;
  /** How long it stays out, in milliseconds, from 1. Then one more crash takes it out again. Default: 30 000. */
  readonly coolDownMs?: number | undefined;
}

/** Counts the crashes of one group. */
export class CircuitBreaker {
  readonly #group: string;
  readonly #options: Required<{ readonly [K in keyof BreakerOptions]: NonNullable<BreakerOptions[K]> }>;
  readonly #now: () => number;
  #crashesMs: number[] = [];
  #openUntilMs = -Infinity;
  /** The last crash, as the cause of what is refused. */
  #lastCrash: StreamrackError | undefined;

  /** @param now The time in milliseconds. */
  constructor(group: string, options: BreakerOptions, now: () => number = () => performance.now()) {
    const { maxCrashes, windowMs = 60_000, coolDownMs = 30_000 } = options;
    this.#group = group;
    this.#options = { maxCrashes, windowMs, coolDownMs };
    this.#now = now;
  }

  /** Notes a crash. */
  note(error: StreamrackError): void {
    const { maxCrashes, windowMs, coolDownMs } = this.#options;
    const nowMs = this.#now();
    // Crashes are kept over the time out of service, so that the next one after it counts at once.
    const oldestMs = nowMs - windowMs - (this.#openUntilMs > -Infinity ? coolDownMs : 0);
    this.#crashesMs = [...this.#crashesMs.filter((ms) => ms > oldestMs), nowMs].slice(-maxCrashes);
    this.#lastCrash = error;
    if (this.#crashesMs.length >= maxCrashes) this.#openUntilMs = nowMs + coolDownMs;
  }

  /** @throws {StreamrackError} `plugin-unavailable` while the group is out of service. */
  check(): void {
    const leftMs = this.#openUntilMs - this.#now();
    if (leftMs <= 0) return;
    const detail = `the plugins of group "${this.#group}" have crashed ${this.#options.maxCrashes} times`;
    throw new StreamrackError("plugin-unavailable", detail, {
      pluginName: this.#lastCrash?.pluginName,
      nodeId: this.#lastCrash?.nodeId,
      cause: this.#lastCrash,
      remedy: `They are left alone for another ${
        Math.ceil(leftMs / 1000)
      } s; then try again. See the cause for the last crash.`,
    });
  }
}
