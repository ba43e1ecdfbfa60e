/**
 * ChannelManager: named, typed channels between the parts of an application.
 *
 * @module
 */

import { displayValue, type Problem, StreamrackError } from "../errors.ts";
import { Channel, type ChannelSettings, type PublishOptions } from "./channel.ts";
import { CHANNEL_KINDS, type ChannelKind, type ChannelValue } from "./channel_value.ts";
import { POLICIES, type SubscribeOptions, type Subscription } from "./subscription.ts";

/** How a channel is made. */
export interface ChannelOptions<K extends ChannelKind = ChannelKind> {
  /** What the channel carries. */
  readonly kind: K;
  /** Values that are held while there is no subscriber, before `publish` waits: 1 to 65 536. Default: 16. */
  readonly capacity?: number | undefined;
  /** Bytes that may wait for each subscriber; the last value may exceed it. At least 1. Default: 4 MiB. */
  readonly maxBytes?: number | undefined;
  /** How many of the last values a subscriber that comes late is given first: 0 to 65 536. Default: 0. */
  readonly retain?: number | undefined;
}

/** What is known of a channel. */
export interface ChannelInfo {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly subscriberIds: readonly string[];
}

/** A channel by its typed end. */
export interface ChannelHandle<K extends ChannelKind = ChannelKind> {
  readonly name: string;
  readonly kind: K;
  /** As {@linkcode Channels.publish}. */
  publish(value: ChannelValue<K>, options?: PublishOptions): Promise<void>;
  /** As {@linkcode Channels.subscribe}. */
  subscribe(subscriberId?: string, options?: SubscribeOptions): Subscription<ChannelValue<K>>;
  /** As {@linkcode Channels.close}. */
  close(): Promise<void>;
}

/** What can be done with channels, in the thread of their manager and in any other that is connected to it. */
export interface Channels {
  /**
   * Makes a channel.
   *
   * @throws {StreamrackError} `duplicate-channel` if there is one of that name; `invalid-options`.
   */
  createChannel<K extends ChannelKind>(name: string, options: ChannelOptions<K>): Promise<ChannelHandle<K>>;
  /**
   * Publishes a value. It belongs to the channel from then on, unless `copy`
   * is set. Resolves when each subscriber has it or has dropped it; waits
   * while a subscriber with policy `"block"` is full. Without a subscriber
   * values are held, up to the capacity of the channel.
   *
   * @throws {StreamrackError} `wrong-kind`, `invalid-data`, `detached-data`, `channel-not-found`, `channel-closed`.
   */
  publish(name: string, value: ChannelValue, options?: PublishOptions): Promise<void>;
  /**
   * Subscribes, from this call on; from another thread, from when the message
   * has arrived, which is before what that thread publishes next. Values that were held for want of a
   * subscriber, or are retained, come first. Every subscriber gets every
   * value, as its own; publishers of one channel are heard in one order.
   *
   * @param subscriberId Default: one that is free.
   * @throws {StreamrackError} `channel-not-found`, `duplicate-subscriber`, `invalid-options`: here, or from another
   * thread at the first read.
   */
  subscribe<T extends ChannelValue = ChannelValue>(
    name: string,
    subscriberId?: string,
    options?: SubscribeOptions,
  ): Subscription<T>;
  /** Closes a channel, or all: subscribers read what waits for them, and end. Safe to repeat. */
  close(name?: string): Promise<void>;
}

const COUNT_MAX = 65_536;
const DEFAULT_CAPACITY = 16;
const DEFAULT_MAX_BYTES = 4 * 1024 * 1024;

/**
 * Named channels, each of one kind. Bounded everywhere: a slow subscriber
 * holds publishers back, or drops, as its policy says.
 *
 * Other threads reach the channels over a port: see {@linkcode serveChannels}.
 *
 * @example
 * ```ts
 * import { AudioStream, ChannelManager } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * await using manager = new ChannelManager();
 * const channel = await manager.createChannel("microphone", { kind: "audio_stream" });
 *
 * const reading = (async () => {
 *   let seconds = 0;
 *   for await (const stream of channel.subscribe("meter")) seconds += stream.durationSeconds();
 *   return seconds;
 * })();
 * for (let i = 0; i < 10; i++) {
 *   await channel.publish(AudioStream.fromSamples(new Int16Array(800), { sampleRate: 8000 }));
 * }
 * await channel.close();
 * assert.equal((await reading).toFixed(3), "1.000");
 * ```
 */
export class ChannelManager implements Channels {
  readonly #channels = new Map<string, Channel>();

  /** Makes a channel; see {@linkcode Channels.createChannel}. */
  // deno-lint-ignore require-await -- as in other threads, every refusal is a rejection
  async createChannel<K extends ChannelKind>(name: string, options: ChannelOptions<K>): Promise<ChannelHandle<K>> {
    if (typeof name !== "string" || name === "") {
      throw invalidOptions([problem("name", "is no name", name, "a string that is not empty")]);
    }
    if (this.#channels.has(name)) {
      throw new StreamrackError("duplicate-channel", `there is a channel "${name}" already`, {
        remedy: "Use that one, or close it before you create it anew.",
      });
    }
    const channel = new Channel(name, checkChannelOptions(options));
    this.#channels.set(name, channel);
    return channelHandle(this, name, options.kind, (value, how = {}) => channel.publish(value, how));
  }

  /** Publishes a value; see {@linkcode Channels.publish}. */
  async publish(name: string, value: ChannelValue, options: PublishOptions = {}): Promise<void> {
    await this.#find(name).publish(value, options);
  }

  /** Subscribes; see {@linkcode Channels.subscribe}. */
  subscribe<T extends ChannelValue = ChannelValue>(
    name: string,
    subscriberId?: string,
    options: SubscribeOptions = {},
  ): Subscription<T> {
    const { policy, capacity } = checkSubscribeOptions(options);
    const channel = this.#find(name);
    return channel.subscribe(subscriberId, { policy, capacity }, options.signal) as Subscription<
      ChannelValue
    > as Subscription<T>;
  }

  /** Closes a channel, or all; see {@linkcode Channels.close}. */
  close(name?: string): Promise<void> {
    const names = name === undefined ? [...this.#channels.keys()] : [name];
    for (const each of names) {
      this.#channels.get(each)?.close();
      this.#channels.delete(each);
    }
    return Promise.resolve();
  }

  /** The channels that are open, in the order of their creation. */
  list(): ChannelInfo[] {
    return [...this.#channels.values()].map(({ name, settings: { kind }, subscriberIds }) => ({
      name,
      kind,
      subscriberIds,
    }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #find(name: string): Channel {
    const channel = this.#channels.get(name);
    if (channel !== undefined) return channel;
    const names = [...this.#channels.keys()].map((each) => `"${each}"`).join(", ");
    throw new StreamrackError("channel-not-found", `there is no channel ${displayValue(name)}`, {
      problems: [{ path: "name", message: "names no open channel", expected: names === "" ? "none is open" : names }],
      remedy: "Create it first; a channel that is closed is gone.",
    });
  }
}

/** The typed end of a channel, on top of what works by name. */
export function channelHandle<K extends ChannelKind>(
  channels: Channels,
  name: string,
  kind: K,
  publish: (value: ChannelValue, options?: PublishOptions) => Promise<void>,
): ChannelHandle<K> {
  return {
    name,
    kind,
    publish: (value, options) => publish(value as ChannelValue, options),
    subscribe: (subscriberId, options) =>
      channels.subscribe<ChannelValue<K> & ChannelValue>(name, subscriberId, options),
    close: () => channels.close(name),
  };
}

function checkChannelOptions(options: ChannelOptions): ChannelSettings {
  const { kind, capacity = DEFAULT_CAPACITY, maxBytes = DEFAULT_MAX_BYTES, retain = 0 } = options ?? {};
  const problems: Problem[] = [];
  if (!CHANNEL_KINDS.includes(kind)) {
    problems.push(problem("kind", "is no kind of channel", kind, `one of ${CHANNEL_KINDS.join(", ")}`));
  }
  if (!isCount(capacity, 1)) problems.push(problem("capacity", "is out of range", capacity, `1 to ${COUNT_MAX}`));
  if (!isCount(retain, 0)) problems.push(problem("retain", "is out of range", retain, `0 to ${COUNT_MAX}`));
  if (!(maxBytes >= 1)) problems.push(problem("maxBytes", "is out of range", maxBytes, "at least 1"));
  if (problems.length > 0) throw invalidOptions(problems);
  return { kind, capacity, maxBytes, retain };
}

/** Fills in the defaults. @throws {StreamrackError} `invalid-options`. */
export function checkSubscribeOptions({ policy = "block", capacity = DEFAULT_CAPACITY }: SubscribeOptions) {
  const problems: Problem[] = [];
  if (!POLICIES.includes(policy)) {
    problems.push(problem("policy", "is no policy", policy, `one of ${POLICIES.join(", ")}`));
  }
  if (!isCount(capacity, 1)) problems.push(problem("capacity", "is out of range", capacity, `1 to ${COUNT_MAX}`));
  if (problems.length > 0) throw invalidOptions(problems);
  return { policy, capacity };
}

function isCount(value: number, min: number): boolean {
  return Number.isInteger(value) && value >= min && value <= COUNT_MAX;
}

function problem(path: string, message: string, received: unknown, expected: string): Problem {
  return { path, message, received: displayValue(received), expected };
}

function invalidOptions(problems: readonly Problem[]): StreamrackError {
  return new StreamrackError("invalid-options", "these options of a channel cannot be used", { problems });
}
