/**
 * The channels of a manager in another thread.
 *
 * @module
 */

import { fromErrorEnvelope } from "../error_envelope.ts";
import { displayValue, StreamrackError } from "../errors.ts";
import { Gate } from "../flow/gate.ts";
import { noteMessage } from "../flow/pacer.ts";
import type { PublishOptions } from "./channel.ts";
import {
  type ChannelHandle,
  channelHandle,
  type ChannelOptions,
  type Channels,
  checkSubscribeOptions,
} from "./channel_manager.ts";
import { type FromManager, type ToManager, WINDOW_ITEMS } from "./channel_messages.ts";
import {
  type ChannelKind,
  type ChannelValue,
  checkChannelValue,
  copyValue,
  toPostable,
  valueBytes,
} from "./channel_value.ts";
import { QueuedSubscription, type SubscribeOptions, type Subscription } from "./subscription.ts";

/** The channels of a manager in another thread, reached over a port. */
export interface RemoteChannels extends Channels, AsyncDisposable {
  /** Resolves when the connection has ended, whichever side ended it. */
  readonly closed: Promise<void>;
  /** Ends the connection; the channels stay. What was published before arrives. Safe to repeat. */
  disconnect(): Promise<void>;
}

/** What may be published and not yet answered. */
const IN_FLIGHT = { items: 16, bytes: 4 * 1024 * 1024 } as const;

/**
 * Takes the end of a port whose other end {@linkcode serveChannels} was given.
 * Everything works as with the manager itself; values move to its thread, so
 * that also one whose publishing is refused is gone. Disconnect at the end:
 * an open port keeps its thread alive.
 */
export function connectChannels(port: MessagePort): RemoteChannels {
  return new Client(port);
}

class Client implements RemoteChannels {
  readonly closed: Promise<void>;
  readonly #port: MessagePort;
  readonly #gate = new Gate(IN_FLIGHT);
  readonly #calls = new Map<number, { resolve(): void; reject(error: unknown): void }>();
  readonly #subscriptions = new Map<number, RemoteSubscription>();
  #nextId = 1;
  #isClosed = false;
  #settle!: () => void;

  constructor(port: MessagePort) {
    this.#port = port;
    this.closed = new Promise((resolve) => this.#settle = resolve);
    port.onmessage = ({ data }: MessageEvent<FromManager>) => {
      noteMessage();
      this.#receive(data);
    };
    port.addEventListener("close", () => this.#end());
  }

  async createChannel<K extends ChannelKind>(name: string, options: ChannelOptions<K>): Promise<ChannelHandle<K>> {
    await this.#call((id) => ({ t: "create", id, name, options }));
    return channelHandle(this, name, options.kind, (value, how) => this.publish(name, value, how));
  }

  async publish(name: string, given: ChannelValue, { copy = false, signal }: PublishOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const checked = checkChannelValue(given, "any", name);
    const value = copy ? copyValue(checked) : checked;
    const bytes = valueBytes(value);
    let id: number | undefined;
    const answered = new Promise<void>((resolve, reject) => {
      const post = () => {
        signal?.throwIfAborted();
        const { value: postable, transfer } = toPostable(checkChannelValue(value, "any", name));
        this.#call((assigned) => ({ t: "publish", id: id = assigned, name, value: postable }), transfer)
          .finally(() => this.#gate.leave(1, bytes)).then(resolve, reject);
      };
      Promise.resolve(this.#gate.enter(bytes, post)).catch(reject);
    });
    if (signal === undefined) return await answered;
    const onAbort = () => {
      if (id !== undefined) this.#post({ t: "abort", id });
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await answered;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  subscribe<T extends ChannelValue = ChannelValue>(
    name: string,
    subscriberId?: string,
    options: SubscribeOptions = {},
  ): Subscription<T> {
    const { policy, capacity } = checkSubscribeOptions(options);
    if (this.#isClosed) throw disconnected();
    const sub = this.#nextId++;
    const subscription = new RemoteSubscription(subscriberId ?? `remote-${sub}`, {
      onRead: () => this.#post({ t: "credit", sub }),
      onEnd: () => {
        if (this.#subscriptions.delete(sub)) this.#post({ t: "leave", sub });
      },
    });
    this.#subscriptions.set(sub, subscription);
    this.#post({ t: "subscribe", sub, name, subscriberId, policy, capacity });
    if (options.signal !== undefined) subscription.queue.listenTo(options.signal);
    return subscription as Subscription<ChannelValue> as Subscription<T>;
  }

  async close(name?: string): Promise<void> {
    await this.#call((id) => ({ t: "close", id, name }));
  }

  disconnect(): Promise<void> {
    if (!this.#isClosed) {
      // The other end closes the port when it has read this, and all that came before.
      this.#post({ t: "bye" });
      this.#end();
    }
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disconnect();
  }

  #receive(message: FromManager): void {
    switch (message?.t) {
      case "reply": {
        const call = this.#calls.get(message.id);
        this.#calls.delete(message.id);
        return message.error === undefined ? call?.resolve() : call?.reject(fromErrorEnvelope(message.error));
      }
      case "value":
        return this.#subscriptions.get(message.sub)?.deliver(message.value, message.dropped);
      case "end": {
        const subscription = this.#subscriptions.get(message.sub);
        this.#subscriptions.delete(message.sub);
        if (message.error === undefined) subscription?.queue.end();
        else subscription?.queue.fail(fromErrorEnvelope(message.error));
        return;
      }
      case "bye":
        this.#end();
        return this.#port.close();
      default:
        this.#end(new StreamrackError("protocol-violation", `a port of channels received ${displayValue(message)}`));
        return this.#port.close();
    }
  }

  #call(message: (id: number) => ToManager, transfer: ArrayBuffer[] = []): Promise<void> {
    if (this.#isClosed) return Promise.reject(disconnected());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#post(message(id), transfer);
    });
  }

  #end(error = disconnected()): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#gate.abort(error);
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
    const subscriptions = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    for (const { queue } of subscriptions) queue.fail(error);
    this.#settle();
  }

  #post(message: ToManager, transfer: ArrayBuffer[] = []): void {
    if (!this.#isClosed) this.#port.postMessage(message, transfer);
  }
}

/** A subscription whose channel is elsewhere: what was read is reported, and so much more comes. */
class RemoteSubscription implements Subscription<ChannelValue> {
  readonly subscriberId: string;
  readonly queue: QueuedSubscription;
  readonly #onRead: () => void;
  #dropped = 0;

  constructor(subscriberId: string, on: { onRead(): void; onEnd(): void }) {
    this.subscriberId = subscriberId;
    this.#onRead = on.onRead;
    // The other side sends no more than the window.
    const limits = { policy: "block", items: WINDOW_ITEMS, bytes: Infinity } as const;
    this.queue = new QueuedSubscription(subscriberId, limits, { room: () => {}, end: on.onEnd });
  }

  get dropped(): number {
    return this.#dropped;
  }

  deliver(value: ChannelValue, dropped: number): void {
    this.#dropped = dropped;
    try {
      const checked = checkChannelValue(value, "any", "");
      this.queue.offer(() => checked);
    } catch (error) {
      this.queue.fail(error);
    }
  }

  async next(): Promise<IteratorResult<ChannelValue, undefined>> {
    const result = await this.queue.next();
    if (result.done !== true) this.#onRead();
    return result;
  }

  return(): Promise<IteratorResult<ChannelValue, undefined>> {
    return this.queue.return();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function disconnected(): StreamrackError {
  return new StreamrackError("channel-closed", "the connection to the channels is closed", {
    remedy: "Connect again, with a new port.",
  });
}
