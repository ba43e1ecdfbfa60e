/**
 * The early end of a one-shot run. An AbortController would do, but takes
 * longer than all else that a call needs of its kind.
 *
 * @module
 */

/** May end a run before its time, once. */
export class Stop {
  #isCalled = false;
  #reason: unknown;
  #onStop: ((reason: unknown) => void) | undefined;

  /** Whether the run was ended. */
  get isCalled(): boolean {
    return this.#isCalled;
  }

  /** Why. */
  get reason(): unknown {
    return this.#reason;
  }

  /** Ends the run. The first reason counts. */
  call(reason: unknown): void {
    if (this.#isCalled) return;
    this.#isCalled = true;
    this.#reason = reason;
    this.#onStop?.(reason);
  }

  /** What is to be done, in place of what was to be done; at once if it was called already. */
  set onStop(onStop: (reason: unknown) => void) {
    this.#onStop = onStop;
    if (this.#isCalled) onStop(this.#reason);
  }
}
