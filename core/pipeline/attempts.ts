/**
 * Attempts at one input: within a deadline, again after a failure, and what
 * follows when all have failed.
 *
 * @module
 */

import { StreamrackError } from "../errors.ts";
import { delayMs } from "../flow/backoff.ts";
import { settledWithin } from "../flow/settled_within.ts";
import type { NodePolicy } from "./policy.ts";

/** How long a node that has passed its deadline may take to return, in milliseconds. */
export const DEADLINE_GRACE_MS = 1_000;

/** What {@linkcode Attempts} needs of the node that it watches. */
export interface AttemptsOptions {
  readonly policy: NodePolicy;
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
  /** How long the step in progress has taken, without waits for room, in milliseconds. */
  elapsedMs(): number;
  /** Aborts the signal of the step in progress and asks its answer to return. */
  interrupt(error: StreamrackError): void;
  /** Told of each failure, and of what follows. */
  onFailure(error: StreamrackError, next: "retry" | "skip" | "fail"): void;
}

/** Carries a node's policy out, input by input. */
export class Attempts {
  readonly #options: AttemptsOptions;
  #wake: () => void = () => {};

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /**
   * Steps until it succeeds, or the policy says that it is enough.
   *
   * @param failed How often the input was given to a node before whose thread has died of it.
   * @param step One attempt, with its number, from 1, and whether another may follow.
   */
  async run(failed: number, step: (attempt: number, isLast: boolean) => void | Promise<void>): Promise<void> {
    const { policy: { retry, onError }, signal, onFailure } = this.#options;
    if (failed >= retry.maxAttempts && failed > 0 && onError === "skip") {
      return onFailure(new StreamrackError("worker-crashed", `the input was there at ${failed} crashes`), "skip");
    }
    for (let attempt = failed + 1;; attempt++) {
      const isLast = attempt >= retry.maxAttempts;
      try {
        return await this.#withinDeadline(() => step(attempt, isLast));
      } catch (thrown) {
        const error = StreamrackError.from(thrown);
        if (signal.aborted || error instanceof StuckError) throw error;
        onFailure(error, isLast ? onError : "retry");
        if (isLast && onError === "skip") return;
        if (isLast) throw error;
        await this.#pause(delayMs(retry, attempt));
        if (signal.aborted) throw error;
      }
    }
  }

  /** Ends a pause between two attempts: the session has ended, or the input was flushed. */
  interrupt(): void {
    this.#wake();
  }

  async #pause(ms: number): Promise<void> {
    if (this.#options.signal.aborted) return;
    await settledWithin(new Promise<void>((resolve) => this.#wake = resolve), ms);
  }

  async #withinDeadline(step: () => void | Promise<void>): Promise<void> {
    const { policy: { deadlineMs }, elapsedMs, interrupt } = this.#options;
    if (deadlineMs === undefined) return await step();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let expired: StreamrackError | undefined;
    const stuck = new Promise<never>((_, reject) => {
      const look = () => {
        const leftMs = deadlineMs - elapsedMs();
        if (leftMs > 0) {
          timer = setTimeout(look, Math.ceil(leftMs));
          return;
        }
        expired = new StreamrackError("deadline-exceeded", `it took longer than ${deadlineMs} ms for one input`, {
          remedy: "Raise deadline_ms of the node, or let it watch the signal of the input.",
        });
        interrupt(expired);
        timer = setTimeout(() => reject(new StuckError(deadlineMs)), DEADLINE_GRACE_MS);
      };
      timer = setTimeout(look, deadlineMs);
    });
    try {
      await Promise.race([step(), stuck]);
    } catch (thrown) {
      throw thrown instanceof StuckError ? thrown : expired ?? thrown;
    } finally {
      clearTimeout(timer);
    }
    if (expired !== undefined) throw expired;
  }
}

/** A node that does not return although it was asked to. It cannot be given anything any more. */
class StuckError extends StreamrackError {
  constructor(deadlineMs: number) {
    super(
      "node-stuck",
      `it took longer than ${deadlineMs} ms for one input, and did not return when it was asked to`,
      { remedy: "Let the node pass the signal of the input to whatever it waits for." },
    );
  }
}
