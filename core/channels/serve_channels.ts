/**
 * The manager's end of a port to another thread.
 *
 * @module
 */

import { toErrorEnvelope } from "../error_envelope.ts";
import { displayValue, StreamrackError } from "../errors.ts";
import { noteMessage } from "../flow/pacer.ts";
import type { Channels } from "./channel_manager.ts";
import { CALLS_MAX, type FromManager, SUBSCRIPTIONS_MAX, type ToManager, WINDOW_ITEMS } from "./channel_messages.ts";
import { toPostable } from "./channel_value.ts";
import type { Subscription } from "./subscription.ts";

/** A connection of another thread to the channels of this one. */
export interface ChannelConnection {
  /** Resolves when the connection has ended, whichever side ended it. */
  readonly closed: Promise<void>;
  /** Ends the connection: its subscriptions end, its publishers are refused. The channels stay. Safe to repeat. */
  close(): void;
}

/**
 * Lets another thread use channels of this one, over a port; there
 * {@linkcode connectChannels} takes the other end. Both must be ports of the
 * web's `MessageChannel`.
 *
 * Close the connection when the thread ends without having disconnected: its
 * subscriptions would otherwise go on, and those with policy `"block"` hold
 * publishers back.
 *
 * @example
 * ```ts
 * import { ChannelManager, connectChannels, RuntimeData, serveChannels } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * await using manager = new ChannelManager();
 * await manager.createChannel("words", { kind: "text" });
 * const { port1, port2 } = new MessageChannel();
 * serveChannels(manager, port1);
 *
 * const remote = connectChannels(port2); // in the worker that port2 was transferred to
 * await remote.publish("words", RuntimeData.text("hello"));
 * await remote.disconnect();
 *
 * const { value } = await manager.subscribe("words").next();
 * assert.equal(value?.type === "text" && value.text, "hello");
 * ```
 */
export function serveChannels(channels: Channels, port: MessagePort): ChannelConnection {
  return new Server(channels, port);
}

interface Forwarding {
  readonly subscription: Subscription<never>;
  credits: number;
  /** Wakes the loop that waits for credit, or for the end. */
  wake: () => void;
}

class Server implements ChannelConnection {
  readonly closed: Promise<void>;
  readonly #channels: Channels;
  readonly #port: MessagePort;
  readonly #aborts = new Map<number, AbortController>();
  readonly #forwardings = new Map<number, Forwarding>();
  #settle!: () => void;
  #isClosed = false;

  constructor(channels: Channels, port: MessagePort) {
    this.#channels = channels;
    this.#port = port;
    this.closed = new Promise((resolve) => this.#settle = resolve);
    port.onmessage = ({ data }: MessageEvent<ToManager>) => {
      noteMessage();
      if (!this.#isClosed) this.#receive(data);
    };
    // Where the runtime tells that the other thread has ended.
    port.addEventListener("close", () => this.#end());
  }

  close(): void {
    if (this.#isClosed) return;
    // The other end closes the port when it has read this.
    this.#post({ t: "bye" });
    this.#end();
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const gone = new StreamrackError("channel-closed", "the thread that published has disconnected");
    for (const controller of this.#aborts.values()) controller.abort(gone);
    for (const { subscription, wake } of this.#forwardings.values()) {
      void subscription.return();
      wake();
    }
    this.#aborts.clear();
    this.#forwardings.clear();
    this.#settle();
  }

  #receive(message: ToManager): void {
    switch (message?.t) {
      case "create":
        return this.#answer(message, () => this.#channels.createChannel(message.name, message.options));
      case "publish":
        return this.#answer(message, (signal) => this.#channels.publish(message.name, message.value, { signal }));
      case "close":
        return this.#answer(message, () => this.#channels.close(message.name));
      case "abort":
        return this.#aborts.get(message.id)?.abort();
      case "subscribe":
        if (this.#forwardings.has(message.sub) || this.#forwardings.size >= SUBSCRIPTIONS_MAX) {
          return this.#refuse(message);
        }
        return void this.#forward(message);
      case "credit": {
        const forwarding = this.#forwardings.get(message.sub);
        if (forwarding === undefined) return; // it has ended in the meantime
        forwarding.credits = Math.min(WINDOW_ITEMS, forwarding.credits + 1);
        return forwarding.wake();
      }
      case "leave":
        return void this.#forwardings.get(message.sub)?.subscription.return();
      case "bye":
        this.#end();
        return this.#port.close();
      default:
        return this.#refuse(message);
    }
  }

  #answer(message: { readonly id: number }, act: (signal: AbortSignal) => Promise<unknown>): void {
    const { id } = message;
    if (this.#aborts.has(id) || this.#aborts.size >= CALLS_MAX) return this.#refuse(message);
    const controller = new AbortController();
    this.#aborts.set(id, controller);
    act(controller.signal).then(() => undefined, toErrorEnvelope).then((error) => {
      this.#aborts.delete(id);
      this.#post({ t: "reply", id, error });
    });
  }

  async #forward({ sub, name, subscriberId, policy, capacity }: Extract<ToManager, { t: "subscribe" }>): Promise<void> {
    try {
      const subscription = this.#channels.subscribe<never>(name, subscriberId, { policy, capacity });
      const forwarding: Forwarding = { subscription, credits: WINDOW_ITEMS, wake: () => {} };
      this.#forwardings.set(sub, forwarding);
      while (!this.#isClosed) {
        if (forwarding.credits === 0) {
          await new Promise<void>((resolve) => forwarding.wake = resolve);
          continue;
        }
        const result = await subscription.next();
        if (result.done === true) break;
        forwarding.credits -= 1;
        const { value, transfer } = toPostable(result.value);
        this.#post({ t: "value", sub, value, dropped: subscription.dropped }, transfer);
      }
      this.#post({ t: "end", sub });
    } catch (thrown) {
      await this.#forwardings.get(sub)?.subscription.return();
      this.#post({ t: "end", sub, error: toErrorEnvelope(thrown) });
    }
    this.#forwardings.delete(sub);
  }

  /**
   * What is of no known form, takes a number twice or asks for more and more without waiting was sent by something else
   * than {@linkcode connectChannels}: this connection has no use any more.
   */
  #refuse(message: unknown): void {
    const error = new StreamrackError("protocol-violation", `a port of channels received ${displayValue(message)}`);
    for (const sub of this.#forwardings.keys()) this.#post({ t: "end", sub, error: toErrorEnvelope(error) });
    this.close();
  }

  #post(message: FromManager, transfer: ArrayBuffer[] = []): void {
    if (!this.#isClosed) this.#port.postMessage(message, transfer);
  }
}
