/**
 * The reading side of a channel.
 *
 * @module
 */

import { StreamrackError } from "../errors.ts";
import { type ChannelValue, valueBytes } from "./channel_value.ts";

/**
 * What happens to a value that a subscriber has no room for: `"block"` makes
 * publishers wait, `"drop-oldest"` drops the value that waits longest,
 * `"drop-newest"` the one that came.
 */
export type SubscriberPolicy = "block" | "drop-oldest" | "drop-newest";

export const POLICIES: readonly SubscriberPolicy[] = ["block", "drop-oldest", "drop-newest"];

/** How a subscriber takes values. */
export interface SubscribeOptions {
  /** Default: `"block"`. */
  readonly policy?: SubscriberPolicy | undefined;
  /** Values that may wait for this subscriber: 1 to 65 536. Default: 16. */
  readonly capacity?: number | undefined;
  /** Ends the subscription; the waiting read rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A running subscription: read it with `for await`. Leaving the loop ends it. */
export interface Subscription<T> extends AsyncIterableIterator<T> {
  /** Names the subscriber among those of its channel. */
  readonly subscriberId: string;
  /** Values that its policy has dropped so far. */
  readonly dropped: number;
  /** The next value; waits for it. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Ends the subscription; what waits is dropped. Safe to repeat. */
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How much may wait for one subscriber. */
export interface SubscriberLimits {
  readonly policy: SubscriberPolicy;
  readonly items: number;
  readonly bytes: number;
}

interface Waiter {
  resolve(result: IteratorResult<ChannelValue, undefined>): void;
  reject(error: unknown): void;
}

const DONE = { done: true, value: undefined } as const;

/** A bounded queue between a channel and one reader. */
export class QueuedSubscription implements Subscription<ChannelValue> {
  readonly subscriberId: string;
  readonly policy: SubscriberPolicy;
  readonly #limits: SubscriberLimits;
  readonly #onRoom: () => void;
  readonly #onEnd: (subscription: QueuedSubscription) => void;
  readonly #queue: { readonly value: ChannelValue; readonly bytes: number }[] = [];
  readonly #readers: Waiter[] = [];
  #bytes = 0;
  #dropped = 0;
  #hasEnded = false;
  #failure: { readonly error: unknown } | undefined;
  #stopListening: () => void = () => {};

  constructor(
    subscriberId: string,
    limits: SubscriberLimits,
    on: { room(): void; end(subscription: QueuedSubscription): void },
  ) {
    this.subscriberId = subscriberId;
    this.policy = limits.policy;
    this.#limits = limits;
    this.#onRoom = on.room;
    this.#onEnd = on.end;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Whether a value can be taken now without dropping one. */
  get hasRoom(): boolean {
    return this.#readers.length > 0 || this.#queue.length < this.#limits.items && this.#bytes < this.#limits.bytes;
  }

  /** Ends the subscription when the signal aborts. */
  listenTo(signal: AbortSignal): void {
    const onAbort = () => this.fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#stopListening = () => signal.removeEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  }

  /** Takes a value, which `make` gives only if it is not dropped. */
  offer(make: () => ChannelValue): void {
    if (this.#hasEnded) return;
    if (!this.hasRoom) {
      if (this.policy === "drop-newest") return void (this.#dropped += 1);
      while (this.policy === "drop-oldest" && !this.hasRoom) {
        this.#take();
        this.#dropped += 1;
      }
    }
    const value = make();
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader.resolve({ done: false, value });
    const bytes = valueBytes(value);
    this.#queue.push({ value, bytes });
    this.#bytes += bytes;
  }

  /** No more values will come; what waits is still read. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopListening();
    for (const reader of this.#readers.splice(0)) reader.resolve(DONE);
    this.#onEnd(this);
  }

  /** Drops what waits; the next read rejects. */
  fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#clear();
    const [reader] = this.#readers.splice(0, 1);
    if (reader === undefined) this.#failure = { error };
    else reader.reject(error);
    this.end();
  }

  next(): Promise<IteratorResult<ChannelValue, undefined>> {
    if (this.#queue.length > 0) {
      const value = this.#take();
      this.#onRoom();
      return Promise.resolve({ done: false, value });
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) return Promise.reject(failure.error);
    if (this.#hasEnded) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#onRoom();
    });
  }

  return(): Promise<IteratorResult<ChannelValue, undefined>> {
    this.#clear();
    this.#failure = undefined;
    this.end();
    return Promise.resolve(DONE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): ChannelValue {
    const { value, bytes } = this.#queue.shift() as { value: ChannelValue; bytes: number };
    this.#bytes -= bytes;
    return value;
  }

  #clear(): void {
    this.#queue.length = 0;
    this.#bytes = 0;
  }
}

/** The error of a second subscriber of one name. */
export function duplicateSubscriber(channel: string, subscriberId: string): StreamrackError {
  return new StreamrackError("duplicate-subscriber", `the channel "${channel}" has a subscriber "${subscriberId}"`, {
    remedy: "Give each subscriber of a channel a name of its own, or leave it out.",
  });
}
