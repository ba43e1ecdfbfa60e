/**
 * Links over a web MessagePort alone: every value moves by transfer, credits
 * come back. For runtimes, and settings, without shared memory.
 *
 * The global MessageChannel with `onmessage` is used on every runtime; ports
 * of `node:worker_threads` are a hundred times slower on Deno.
 *
 * @module
 */

import type { RuntimeData } from "../../core/data/types.ts";
import { checkRuntimeData } from "../../core/data/validate.ts";
import type { EdgeCounts } from "../../core/flow/edge_counts.ts";
import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import { Gate } from "../../core/flow/gate.ts";
import type { FlowLimits, Item } from "../../core/flow/item.ts";
import { noteMessage } from "../../core/flow/pacer.ts";
import type { NodeSource } from "../../core/node/contract.ts";
import type { LinkReader, LinkWriter, OnViolation } from "./link.ts";
import { linkClosed, toViolation, violation } from "./link_errors.ts";
import { postData } from "./post_data.ts";

type ToReader =
  | { readonly t: "data"; readonly s: number; readonly e: number; readonly b: number; readonly d: RuntimeData }
  | { readonly t: "end" };

type ToWriter =
  /** So much was taken from the queue: items and bytes. */
  | { readonly t: "credit"; readonly n: number; readonly b: number }
  /** The end has arrived: the port may be closed. */
  | { readonly t: "closed" };

/** The writing end of a transfer link. */
export class TransferLinkWriter implements LinkWriter {
  readonly closed: Promise<void>;
  readonly #port: MessagePort;
  readonly #gate: Gate;
  #close!: () => void;
  #isClosed = false;
  #isEnding = false;
  #hasEnded = false;
  #isAborted = false;

  constructor(port: MessagePort, limits: FlowLimits, counts?: EdgeCounts) {
    this.#port = port;
    this.#gate = new Gate(limits, counts);
    this.closed = new Promise((resolve) => this.#close = resolve);
    port.onmessage = ({ data }: MessageEvent<ToWriter>) => {
      noteMessage();
      if (data?.t === "credit" && this.#isOwed(data)) {
        this.#gate.leave(data.n, data.b);
        if (this.#isEnding) this.#sendEnd();
        return;
      }
      // The reader closes when it has received the end, not before.
      if (data?.t !== "closed" || !this.#hasEnded) this.abort(violation("an answer of no known form"));
      this.close();
    };
  }

  write(item: Item): void | Promise<void> {
    return this.#gate.enter(item.bytes, () => this.#post(item));
  }

  end(): void {
    this.#isEnding = true;
    this.#sendEnd();
  }

  abort(error: Error): void {
    this.#isAborted = true;
    this.#gate.abort(error);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.abort(linkClosed());
    this.#port.close();
    this.#close();
  }

  /** Whether so much is in flight: a reader can return no more than it was given. */
  #isOwed({ n, b }: { readonly n: number; readonly b: number }): boolean {
    return isCount(n) && n <= this.#gate.items && isCount(b) && b <= this.#gate.bytes;
  }

  /** Sends the end, once, when nothing waits before it. After an abort values are missing: that is no end. */
  #sendEnd(): void {
    if (this.#hasEnded || this.#isAborted || this.#gate.waiting > 0) return;
    this.#hasEnded = true;
    this.#port.postMessage({ t: "end" } satisfies ToReader);
  }

  #post({ data, sequence, epoch, bytes }: Item): void {
    postData(this.#port, data, (d) => ({ t: "data", s: sequence, e: epoch, b: bytes, d } satisfies ToReader));
  }
}

/**
 * The reading end of a transfer link. Room is reported back to the writer
 * once half of the window was taken, which halves the messages and cannot
 * stall: a writer that waits has filled its whole window.
 */
export class TransferLinkReader extends EdgeQueue implements LinkReader {
  readonly #port: MessagePort;
  readonly #limits: FlowLimits;
  #items = 0;
  #bytes = 0;
  #isClosed = false;

  constructor(
    port: MessagePort,
    source: Omit<NodeSource, "ended">,
    limits: FlowLimits,
    onViolation: OnViolation,
    counts?: EdgeCounts,
  ) {
    super(source, limits, counts);
    this.#port = port;
    this.#limits = limits;
    this.onTaken = (bytes) => this.#credit(bytes);
    port.onmessage = ({ data }: MessageEvent<ToReader>) => {
      noteMessage();
      // A port may still deliver what it held when it was closed.
      if (this.#isClosed) return;
      try {
        this.#receive(data);
      } catch (thrown) {
        this.close();
        onViolation(toViolation(thrown));
      }
    };
  }

  close(): void {
    this.#isClosed = true;
    this.onTaken = () => {};
    this.#port.close();
  }

  #receive(message: ToReader): void {
    if (message?.t === "data" && [message.s, message.e, message.b].every(isCount)) {
      const { s: sequence, e: epoch, b: bytes } = message;
      this.deliver({ data: checkRuntimeData(message.d), sequence, epoch, bytes });
    } else if (message?.t === "end") {
      this.#port.postMessage({ t: "closed" } satisfies ToWriter);
      this.close();
      this.end();
    } else {
      throw violation("a message of no known form");
    }
  }

  #credit(bytes: number): void {
    this.#items += 1;
    this.#bytes += bytes;
    if (this.#items * 2 < this.#limits.items && this.#bytes * 2 < this.#limits.bytes) return;
    this.#port.postMessage({ t: "credit", n: this.#items, b: this.#bytes } satisfies ToWriter);
    this.#items = 0;
    this.#bytes = 0;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
