/**
 * The timers of runners, so that tests decide when time passes.
 *
 * @module
 */

/** Timers, as the global ones are. */
export interface Clock {
  /** Milliseconds since some fixed time. */
  now(): number;
  /** Has a function called once, later. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  /** Forgets a timer. */
  clearTimeout(timer: unknown): void;
}

/** The clock of the runtime. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/** Waits. Rejects with the reason of the signal as soon as that aborts. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = () => {
      clock.clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, delayMs);
    signal.addEventListener("abort", abort, { once: true });
  });
}
