/**
 * Links over a web MessagePort: values move by transfer, credits come back.
 *
 * The global MessageChannel with `onmessage` is used on every runtime; ports
 * of `node:worker_threads` are a hundred times slower on Deno.
 *
 * @module
 */

import { byteLength, isDetached, payloadOf, toMovable, transferables } from "../../core/data/transfer.ts";
import { checkRuntimeData } from "../../core/data/validate.ts";
import { StreamrackError } from "../../core/errors.ts";
import type { EdgeQueue } from "../../core/flow/edge_queue.ts";
import { Gate } from "../../core/flow/gate.ts";
import type { FlowLimits, Item, ItemWriter } from "../../core/flow/item.ts";
import type { LinkMessage, LinkReply } from "../protocol.ts";

/** The writing end of a link. */
export class LinkWriter implements ItemWriter {
  /** Resolves when the reader has received the end, or the link was closed on this side. Never rejects. */
  readonly closed: Promise<void>;
  readonly #port: MessagePort;
  readonly #gate: Gate;
  #close!: () => void;
  #isClosed = false;
  #waiting = 0;
  #isEnding = false;

  constructor(port: MessagePort, limits: FlowLimits) {
    this.#port = port;
    this.#gate = new Gate(limits);
    this.closed = new Promise((resolve) => {
      this.#close = () => {
        if (this.#isClosed) return;
        this.#isClosed = true;
        port.close();
        resolve();
      };
    });
    port.onmessage = ({ data }: MessageEvent<LinkReply>) => {
      if (data.t === "credit") this.#gate.leave(data.n, data.b);
      else this.#close();
    };
  }

  /** Values on their way or in the reader's queue. */
  get inFlight(): number {
    return this.#gate.items;
  }

  write(item: Item): void | Promise<void> {
    const bytes = byteLength(item.data);
    const entered = this.#gate.enter(bytes);
    if (entered === undefined) return this.#post(item, bytes);
    return this.#writeLater(entered, item, bytes);
  }

  /** Sends the end, after whatever still waits for room. */
  end(): void {
    this.#isEnding = true;
    if (this.#waiting === 0) this.#port.postMessage({ t: "end" } satisfies LinkMessage);
  }

  abort(error: Error): void {
    this.#gate.abort(error);
  }

  /** Closes the port, whatever is on its way. */
  close(): void {
    this.#close();
  }

  async #writeLater(entered: Promise<void>, item: Item, bytes: number): Promise<void> {
    this.#waiting += 1;
    try {
      await entered;
      this.#post(item, bytes);
    } finally {
      this.#waiting -= 1;
      if (this.#isEnding) this.end();
    }
  }

  #post({ data, sequence, epoch }: Item, bytes: number): void {
    try {
      const payload = payloadOf(data);
      if (payload !== undefined && isDetached(payload)) {
        throw new StreamrackError("detached-data", "the value was moved away while it waited for room", {
          remedy: "Do not send a value twice; send a copy with { copy: true }.",
        });
      }
      const movable = toMovable(data);
      this.#port.postMessage(
        { t: "data", s: sequence, e: epoch, d: movable } satisfies LinkMessage,
        transferables(movable),
      );
    } catch (thrown) {
      this.#gate.leave(1, bytes);
      throw StreamrackError.from(thrown, "not-cloneable", {
        remedy: "Give plain data: no functions, class instances or memory that cannot be moved.",
      });
    }
  }
}

/**
 * Connects the reading end of a link to a queue. Room is reported back to the
 * writer once half of the window was taken, which halves the messages and
 * cannot stall: a writer that waits has filled its whole window.
 *
 * @param onViolation Called when the other side breaks the protocol; the link is closed by then.
 * @returns Closes the port.
 */
export function openLinkReader(
  port: MessagePort,
  queue: EdgeQueue,
  limits: FlowLimits,
  onViolation: (error: StreamrackError) => void,
): () => void {
  let items = 0;
  let bytes = 0;
  queue.onTaken = (itemBytes) => {
    items += 1;
    bytes += itemBytes;
    if (items * 2 < limits.items && bytes * 2 < limits.bytes) return;
    port.postMessage({ t: "credit", n: items, b: bytes } satisfies LinkReply);
    items = 0;
    bytes = 0;
  };
  const close = () => {
    queue.onTaken = () => {};
    port.close();
  };
  port.onmessage = ({ data: message }: MessageEvent<LinkMessage>) => {
    try {
      if (message?.t === "data" && Number.isSafeInteger(message.s) && Number.isSafeInteger(message.e)) {
        queue.deliver({ data: checkRuntimeData(message.d), sequence: message.s, epoch: message.e });
      } else if (message?.t === "end") {
        port.postMessage({ t: "closed" } satisfies LinkReply);
        close();
        queue.end();
      } else {
        throw new StreamrackError("protocol-violation", "a link carried a message of no known form");
      }
    } catch (thrown) {
      close();
      onViolation(StreamrackError.from(thrown, "protocol-violation"));
    }
  };
  return close;
}
