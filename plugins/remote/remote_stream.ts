/**
 * One stream to a service, driven value by value.
 *
 * A node answers one value at a time, while a stream answers when it likes.
 * So results are read into a small buffer as they come. What is there when a
 * value is sent comes with it, and the rest while the node waits for input.
 *
 * @module
 */

import { type RuntimeData, StreamrackError } from "../../core/plugin.ts";
import type { ChunkInput, ChunkResult, ExecutionMetrics } from "../../remote/mod.ts";

/** Results that are read before somebody takes them. */
const BUFFERED = 16;

type Results = AsyncGenerator<ChunkResult, ExecutionMetrics | undefined, undefined>;

/** A stream that values are sent into one after the other. */
export class RemoteStream {
  readonly #results: Results;
  readonly #input: string | undefined;
  readonly #buffer: ChunkResult[] = [];
  #next: RuntimeData | undefined;
  #hasEnded = false;
  #isFinished = false;
  #isCancelled = false;
  #failure: { readonly thrown: unknown } | undefined;
  #sent = 0;
  #answered = -1;
  // One waiter at most on each side. Callbacks, since a promise that lives as long as the stream, raced for each
  // value, would keep them all.
  #wakeNode: (() => void) | undefined;
  #wakeSource: (() => void) | undefined;
  #wakeReader: (() => void) | undefined;

  /**
   * Opens a stream.
   *
   * @param open Starts it over the chunks that it is given.
   * @param input The node that takes the values.
   */
  constructor(open: (chunks: AsyncIterable<ChunkInput>) => Results, input: string | undefined) {
    this.#input = input;
    this.#results = open(this.#source());
    void this.#read();
  }

  /**
   * Sends a value and gives what comes, until its answer has come or nothing
   * came for a while.
   *
   * @param options.waitMs How long its answer is waited for, from when the service took it.
   * @param options.signal Ends the wait.
   * @throws What the stream failed with, or the reason of the signal.
   */
  async *exchange(
    data: RuntimeData,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
  ): AsyncGenerator<ChunkResult, void, undefined> {
    const sequence = this.#sent++;
    this.#next = data;
    this.#wakeSource?.();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isLate = false;
    const onAbort = () => this.#wakeNode?.();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      for (;;) {
        yield* this.#take();
        signal.throwIfAborted();
        if (this.#hasEnded) throw ended();
        // While the stream has no room for the value, its results are still taken: they may be what is in the way.
        if (this.#next === undefined) {
          if (this.#answered >= sequence || isLate || waitMs === 0) return;
          timer ??= setTimeout(() => {
            isLate = true;
            this.#wakeNode?.();
          }, waitMs);
        }
        await this.#woken();
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Gives what comes while there is nothing to send.
   *
   * @param signal Ends that, when there is a value to send.
   * @throws What the stream failed with.
   */
  async *arrivals(signal: AbortSignal): AsyncGenerator<ChunkResult, void, undefined> {
    const onAbort = () => this.#wakeNode?.();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal.aborted) {
        yield* this.#take();
        if (this.#hasEnded) throw ended();
        if (!signal.aborted) await this.#woken();
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Ends the input, and gives everything that still comes.
   *
   * @throws As {@linkcode RemoteStream.exchange}.
   */
  async *finish(signal: AbortSignal): AsyncGenerator<ChunkResult, void, undefined> {
    this.#isFinished = true;
    this.#wakeSource?.();
    const onAbort = () => this.#wakeNode?.();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      for (;;) {
        yield* this.#take();
        signal.throwIfAborted();
        if (this.#hasEnded) return;
        await this.#woken();
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Ends the stream at once; what was not taken is dropped. */
  cancel(): void {
    this.#isCancelled = true;
    this.#isFinished = true;
    this.#wakeSource?.();
    this.#wakeReader?.();
    // A generator that waits for the service queues this; the client ends the call when it is disconnected.
    void this.#results.return(undefined).catch(() => {});
  }

  *#take(): Generator<ChunkResult, void, undefined> {
    for (let result = this.#buffer.shift(); result !== undefined; result = this.#buffer.shift()) {
      this.#wakeReader?.();
      this.#answered = Math.max(this.#answered, result.sequence);
      yield result;
    }
    if (this.#failure !== undefined) throw this.#failure.thrown;
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeNode = () => {
        this.#wakeNode = undefined;
        resolve();
      };
    });
  }

  async *#source(): AsyncGenerator<ChunkInput, void, undefined> {
    for (;;) {
      if (this.#next !== undefined) {
        const data = this.#next;
        this.#next = undefined;
        this.#wakeNode?.();
        yield this.#input === undefined ? data : { data, to: this.#input };
      } else if (this.#isFinished) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeSource = () => {
            this.#wakeSource = undefined;
            resolve();
          };
        });
      }
    }
  }

  async #read(): Promise<void> {
    try {
      for await (const result of this.#results) {
        if (this.#isCancelled) return;
        this.#buffer.push(result);
        this.#wakeNode?.();
        while (this.#buffer.length >= BUFFERED && !this.#isCancelled) {
          await new Promise<void>((resolve) => {
            this.#wakeReader = () => {
              this.#wakeReader = undefined;
              resolve();
            };
          });
        }
      }
    } catch (thrown) {
      this.#failure = { thrown };
    } finally {
      this.#hasEnded = true;
      this.#wakeNode?.();
    }
  }
}

function ended(): StreamrackError {
  return new StreamrackError("connection-failed", "the service ended the stream");
}
