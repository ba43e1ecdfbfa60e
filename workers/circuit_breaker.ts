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
  #crashes: { readonly ms: number; readonly pluginName: string | undefined }[] = [];
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
    const crash = { ms: nowMs, pluginName: error.pluginName };
    this.#crashes = [...this.#crashes.filter(({ ms }) => ms > oldestMs), crash].slice(-maxCrashes);
    this.#lastCrash = error;
    if (this.#crashes.length >= maxCrashes) this.#openUntilMs = nowMs + coolDownMs;
  }

  /** @throws {StreamrackError} `plugin-unavailable` while the group is out of service. */
  check(): void {
    const leftMs = this.#openUntilMs - this.#now();
    if (leftMs <= 0) return;
    const detail =
      `the plugins of group "${this.#group}" have crashed ${this.#options.maxCrashes} times: ${this.#culprits}`;
    throw new StreamrackError("plugin-unavailable", detail, {
      pluginName: this.#lastCrash?.pluginName,
      nodeId: this.#lastCrash?.nodeId,
      cause: this.#lastCrash,
      remedy: `They are left alone for another ${
        Math.ceil(leftMs / 1000)
      } s; then try again. See the cause for the last crash.`,
    });
  }

  /** Which plugins have crashed, and how often. */
  get #culprits(): string {
    const times = new Map<string, number>();
    for (const { pluginName } of this.#crashes) {
      const name = pluginName === undefined ? "one of several" : `"${pluginName}"`;
      times.set(name, (times.get(name) ?? 0) + 1);
    }
    return [...times].map(([name, count]) => `${name} ${count === 1 ? "once" : `${count} times`}`).join(", ");
  }
}
