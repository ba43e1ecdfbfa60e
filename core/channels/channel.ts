/**
 * One named channel: publishers on one side, subscribers on the other.
 *
 * @module
 */

import { StreamrackError } from "../errors.ts";
import { Pacer } from "../flow/pacer.ts";
import { type ChannelKind, type ChannelValue, checkChannelValue, copyValue, valueBytes } from "./channel_value.ts";
import { duplicateSubscriber, QueuedSubscription, type SubscribeOptions } from "./subscription.ts";

/** How a channel is made, with every default filled in. */
export interface ChannelSettings {
  readonly kind: ChannelKind;
  readonly capacity: number;
  readonly maxBytes: number;
  readonly retain: number;
}

/** How a value is published. */
export interface PublishOptions {
  /** Publishes a copy, so that the value stays the publisher's. Default: `false`. */
  readonly copy?: boolean | undefined;
  /** Ends the wait for room; `publish` then rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

interface Publisher {
  readonly value: ChannelValue;
  settle(): void;
  reject(error: unknown): void;
}

/** The values of a channel on their way. */
export class Channel {
  readonly name: string;
  readonly settings: ChannelSettings;
  readonly #subscribers = new Map<string, QueuedSubscription>();
  /** Those who wait for room, in order. */
  readonly #publishers: Publisher[] = [];
  /** What was published while there was no subscriber. */
  #held: ChannelValue[] = [];
  #heldBytes = 0;
  /** The last values, for subscribers that come late. */
  readonly #retained: ChannelValue[] = [];
  readonly #pacer = new Pacer();
  #isClosed = false;
  #nextId = 1;

  constructor(name: string, settings: ChannelSettings) {
    this.name = name;
    this.settings = settings;
  }

  get subscriberIds(): string[] {
    return [...this.#subscribers.keys()];
  }

  async publish(given: unknown, { copy = false, signal }: PublishOptions): Promise<void> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw this.#closed();
    const checked = checkChannelValue(given, this.settings.kind, this.name);
    const value = copy ? copyValue(checked) : checked;
    if (this.#publishers.length === 0 && this.#hasRoom()) this.#deliver(value);
    else await this.#waitForRoom(value, signal);
    await this.#pacer.pass();
  }

  subscribe(
    subscriberId: string | undefined,
    options: Required<Omit<SubscribeOptions, "signal">>,
    signal?: AbortSignal,
  ) {
    if (this.#isClosed) throw this.#closed();
    const id = subscriberId ?? this.#newId();
    if (this.#subscribers.has(id)) throw duplicateSubscriber(this.name, id);
    const subscription = new QueuedSubscription(
      id,
      { policy: options.policy, items: options.capacity, bytes: this.settings.maxBytes },
      { room: () => this.#pump(), end: ({ subscriberId }) => this.#remove(subscriberId) },
    );
    this.#subscribers.set(id, subscription);
    this.#catchUp(subscription);
    if (signal !== undefined) subscription.listenTo(signal);
    this.#pump();
    return subscription;
  }

  /** Subscribers read what waits for them, and end; publishers that wait are refused. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const publisher of this.#publishers.splice(0)) publisher.reject(this.#closed());
    for (const subscription of [...this.#subscribers.values()]) subscription.end();
    this.#held = [];
    this.#retained.length = 0;
  }

  #hasRoom(): boolean {
    const { capacity, maxBytes } = this.settings;
    if (this.#subscribers.size === 0) return this.#held.length < capacity && this.#heldBytes < maxBytes;
    for (const { policy, hasRoom } of this.#subscribers.values()) if (policy === "block" && !hasRoom) return false;
    return true;
  }

  #waitForRoom(value: ChannelValue, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#publishers.splice(this.#publishers.indexOf(publisher), 1);
        reject(signal?.reason);
      };
      const publisher: Publisher = {
        value,
        settle: () => (signal?.removeEventListener("abort", onAbort), resolve()),
        reject: (error) => (signal?.removeEventListener("abort", onAbort), reject(error)),
      };
      this.#publishers.push(publisher);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Lets publishers in while there is room. */
  #pump(): void {
    while (this.#publishers.length > 0 && this.#hasRoom()) {
      const { value, settle, reject } = this.#publishers.shift() as Publisher;
      try {
        // Its bytes may have moved away while it waited.
        this.#deliver(checkChannelValue(value, this.settings.kind, this.name));
        settle();
      } catch (error) {
        reject(error);
      }
    }
  }

  /** Each takes a value of its own, since each may change it; the last takes the one that was published. */
  #deliver(value: ChannelValue): void {
    const isRetained = this.settings.retain > 0;
    if (isRetained) {
      this.#retained.push(copyValue(value));
      if (this.#retained.length > this.settings.retain) this.#retained.shift();
    }
    if (this.#subscribers.size === 0) {
      this.#held.push(value);
      this.#heldBytes += valueBytes(value);
      return;
    }
    let left = this.#subscribers.size;
    for (const subscription of [...this.#subscribers.values()]) {
      left -= 1;
      const isLast = left === 0;
      subscription.offer(() => isLast ? value : copyValue(value));
    }
  }

  /**
   * Gives a new subscriber what it has missed. Both lists end with the value
   * that was published last, so the longer one holds the other.
   */
  #catchUp(subscription: QueuedSubscription): void {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    if (held.length >= this.#retained.length) { for (const value of held) subscription.offer(() => value); }
    else for (const value of this.#retained) subscription.offer(() => copyValue(value));
  }

  #remove(subscriberId: string): void {
    this.#subscribers.delete(subscriberId);
    this.#pump();
  }

  #newId(): string {
    for (;;) {
      const id = `subscriber-${this.#nextId++}`;
      if (!this.#subscribers.has(id)) return id;
    }
  }

  #closed(): StreamrackError {
    return new StreamrackError("channel-closed", `the channel "${this.name}" is closed`, {
      remedy: "Publish and subscribe before it is closed, or create it anew.",
    });
  }
}
