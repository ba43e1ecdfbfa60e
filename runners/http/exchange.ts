/**
 * One HTTP exchange that always ends: by its end, an abort, or a time limit.
 *
 * @module
 */

import type { StreamrackError } from "../../core/plugin.ts";
import type { Clock } from "../clock.ts";
import { runnerError } from "../errors.ts";
import { isDenied, notPermitted } from "../permission.ts";
import type { HttpLimits } from "./limits.ts";

/** What an exchange needs. */
export interface ExchangeOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly limits: HttpLimits;
}

/** Owns the request until {@linkcode Exchange.close}, which closes the connection unless the answer was read to its end. */
export class Exchange {
  readonly #controller = new AbortController();
  readonly #options: ExchangeOptions;
  readonly #onAbort: () => void;
  #timer: unknown;
  #expired: StreamrackError | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#onAbort = () => this.#stop(options.signal.reason);
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal.aborted) this.#onAbort();
  }

  /**
   * Sends the request, and waits for the head of the answer.
   *
   * @throws {StreamrackError} `service-unavailable` (E501); `unauthenticated` (E401) where the plugin may not connect.
   */
  async fetch(url: URL, init: RequestInit): Promise<Response> {
    this.#watch(this.#options.limits.responseTimeoutMs, "did not begin to answer");
    try {
      // A redirect could carry the key to another host.
      return await fetch(url, { ...init, redirect: "error", signal: this.#controller.signal });
    } catch (cause) {
      throw this.#reason() ?? unreachable(url, cause);
    } finally {
      this.#unwatch();
    }
  }

  /**
   * The bytes of an answer as they come.
   *
   * @throws {StreamrackError} `stream-broken` (E102), or `resource-exhausted` (E504) where it is longer than allowed.
   */
  async *read(response: Response): AsyncGenerator<Uint8Array, void, void> {
    const { idleTimeoutMs, answerMaxBytes } = this.#options.limits;
    if (response.body === null) return;
    const reader = this.#reader = response.body.getReader();
    let bytes = 0;
    for (;;) {
      const reason = this.#reason();
      if (reason !== undefined) throw reason;
      this.#watch(idleTimeoutMs, "paused in its answer");
      let step: ReadableStreamReadResult<Uint8Array>;
      try {
        step = await reader.read();
      } catch (cause) {
        throw this.#reason() ?? runnerError("E102", "the connection broke in the middle of an answer", {
          cause: withoutRequest(cause),
        });
      } finally {
        this.#unwatch();
      }
      // A stream that was cancelled ends as if it were done.
      const stopped = this.#reason();
      if (stopped !== undefined) throw stopped;
      if (step.done) return;
      bytes += step.value.byteLength;
      if (bytes > answerMaxBytes) {
        throw runnerError("E504", `the answer is longer than ${answerMaxBytes} bytes`, { retryable: false });
      }
      yield step.value;
    }
  }

  /** Ends the exchange. To be called once, whatever happened. */
  close(): void {
    this.#unwatch();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#stop(undefined);
  }

  #stop(reason: unknown): void {
    this.#controller.abort(reason);
    // Not every runtime ends a read that waits when the signal of its request aborts.
    this.#reader?.cancel(reason).catch(() => {});
  }

  #reason(): unknown {
    return this.#options.signal.aborted ? this.#options.signal.reason : this.#expired;
  }

  #watch(timeoutMs: number, what: string): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#expired = runnerError("E501", `the service ${what} for ${timeoutMs} ms`);
      this.#stop(this.#expired);
    }, timeoutMs);
  }

  #unwatch(): void {
    this.#options.clock.clearTimeout(this.#timer);
  }
}

function unreachable(url: URL, thrown: unknown): StreamrackError {
  const cause = withoutRequest(thrown);
  const below = thrown instanceof Error ? thrown.cause : undefined;
  if (isDenied(thrown) || isDenied(below)) return notPermitted(`connect to ${url.host}`, cause);
  return runnerError("E501", `${url.origin} cannot be reached`, {
    cause,
    remedy: "Look whether the service runs, and whether baseUrl is right.",
  });
}

/** The name and message of a network error: its other fields may hold the request, and with it the key. */
function withoutRequest(cause: unknown): Error {
  const { name = "Error", message = String(cause) } = cause instanceof Error ? cause : {};
  const below = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : "";
  const plain = new Error(`${message}${below}`);
  plain.name = name;
  return plain;
}
