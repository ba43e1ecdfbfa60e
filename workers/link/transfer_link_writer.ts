/**
 * The writing end of a link over a web MessagePort alone: every value moves by
 * transfer, credits come back. For runtimes, and settings, without shared memory.
 *
 * The global MessageChannel with `onmessage` is used on every runtime; ports
 * of `node:worker_threads` are a hundred times slower on Deno.
 *
 * @module
 */

import { copyData } from "../../core/data/transfer.ts";
import { EdgeCounts } from "../../core/flow/edge_counts.ts";
import { Gate } from "../../core/flow/gate.ts";
import type { Item } from "../../core/flow/item.ts";
import { messagesHeard, noteMessage } from "../../core/flow/pacer.ts";
import type { LinkEnd, LinkOptions, LinkPort, LinkWriter, OnViolation } from "./link.ts";
import { accusing, linkClosed, type LinkPeer, violation } from "./link_errors.ts";
import { postData } from "./post_data.ts";
import { isCount, type ToReader, type ToWriter } from "./transfer_messages.ts";

/** The writing end of a transfer link. */
export class TransferLinkWriter implements LinkWriter {
  readonly closed: Promise<void>;
  readonly nextSequence: number | undefined;
  #port!: LinkPort;
  readonly #gate: Gate;
  readonly #counts: EdgeCounts;
  readonly #keeps: boolean;
  /** What the reader has not returned credit for, the oldest first, where the link keeps it. */
  readonly #kept: Item[] = [];
  /** The sequence number of the last that the reader has taken, where the link keeps it. */
  #lastTaken = -1;
  #close!: () => void;
  #isClosed = false;
  #isEnding = false;
  #hasEnded = false;
  #isAborted = false;

  /** The sequence number of the last that was posted. */
  #lastPosted = -1;
  readonly #peer: LinkPeer | undefined;
  readonly #onViolation: OnViolation | undefined;

  constructor(
    { port, nextSequence }: LinkEnd,
    { limits, keeps = false, counts = new EdgeCounts(), peer, onViolation }: LinkOptions,
  ) {
    this.#peer = peer;
    this.#onViolation = onViolation;
    this.nextSequence = nextSequence;
    this.#keeps = keeps;
    this.#counts = counts;
    this.#gate = new Gate(limits, counts);
    this.closed = new Promise((resolve) => this.#close = resolve);
    this.#listen(port);
  }

  write(item: Item): void | Promise<void> {
    if (this.#isClosed && this.#hasEnded) throw linkClosed();
    return this.#gate.enter(item.bytes, () => this.#send(item));
  }

  end(): void {
    this.#isEnding = true;
    this.#sendEnd();
  }

  abort(error: Error): void {
    this.#isAborted = true;
    this.#gate.abort(error);
  }

  async reconnect(port: LinkPort): Promise<number | undefined> {
    // What the dead reader has taken it has said, the last of it a moment ago: the next one is told that it comes again.
    if (this.#keeps) await messagesHeard();
    if (this.#isClosed) {
      port.close();
      return undefined;
    }
    this.#port.onmessage = null;
    this.#port.close();
    this.#listen(port);
    for (const [i, item] of this.#kept.entries()) {
      const { sequence, takenBefore = 0 } = item;
      const again = sequence > this.#lastTaken ? item : { ...item, takenBefore: takenBefore + 1 };
      this.#kept[i] = again;
      this.#post(again);
    }
    this.#lastTaken = -1;
    const { items, bytes } = this.#gate;
    const keptBytes = this.#kept.reduce((sum, item) => sum + item.bytes, 0);
    this.#counts.readerReplaced(this.#kept.length, keptBytes);
    // The rest was moved away, and is lost with the thread that had it.
    this.#gate.leave(items - this.#kept.length, bytes - keptBytes);
    if (this.#hasEnded) this.#port.postMessage({ t: "end" } satisfies ToReader);
    else if (this.#isEnding) this.#sendEnd();
    return 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Behind its end nothing waits that would have to be told.
    if (!this.#hasEnded) this.abort(linkClosed());
    this.#port.close();
    this.#close();
  }

  #listen(port: LinkPort): void {
    this.#port = port;
    const onMessage = (data: ToWriter) => {
      noteMessage();
      // A port may still deliver what it held when it was closed.
      if (this.#isClosed) return;
      if (data?.t === "taken" && this.#isNews(data)) {
        this.#lastTaken = data.s;
        return;
      }
      if (data?.t === "credit" && this.#isOwed(data)) {
        for (const { lease } of this.#kept.splice(0, data.n)) lease?.release();
        this.#gate.leave(data.n, data.b);
        if (this.#isEnding) this.#sendEnd();
        return;
      }
      // The reader closes when it has received the end, not before.
      if (data?.t === "closed" && this.#hasEnded) {
        for (const { lease } of this.#kept.splice(0)) lease?.release();
      } else {
        const error = accusing(violation("an answer of no known form"), this.#peer);
        this.abort(error);
        this.#onViolation?.(error);
      }
      this.close();
    };
    port.onmessage = ({ data }: MessageEvent<ToWriter>) => onMessage(data);
    // What cannot be read as a message was no message of a reader.
    port.onmessageerror = () => onMessage(undefined as never);
  }

  /** Whether a value that was posted was taken, and that was not said before. */
  #isNews({ s }: { readonly s: number }): boolean {
    // What an earlier writer has sent is taken under the eyes of this one.
    const last = Math.max(this.#lastPosted, (this.nextSequence ?? 0) - 1);
    return this.#keeps && isCount(s) && s > this.#lastTaken && s <= last;
  }

  /** Whether so much is in flight: a reader can return no more than it was given. */
  #isOwed({ n, b }: { readonly n: number; readonly b: number }): boolean {
    return isCount(n) && n > 0 && n <= this.#gate.items && isCount(b) && b <= this.#gate.bytes;
  }

  /** Sends the end, once, when nothing waits before it. After an abort values are missing: that is no end. */
  #sendEnd(): void {
    if (this.#hasEnded || this.#isAborted || this.#gate.waiting > 0) return;
    this.#hasEnded = true;
    this.#port.postMessage({ t: "end" } satisfies ToReader);
  }

  #send(item: Item): void {
    this.#post(item);
    if (this.#keeps) this.#kept.push(item);
  }

  #post(item: Item): void {
    const { sequence: s, epoch: e, bytes: b, progress: p, takenBefore: r = 0 } = item;
    const m = item.isPartial === true ? true : undefined;
    this.#lastPosted = s;
    const sent = this.#keeps || item.isBorrowed === true ? copyData(item.data) : item.data;
    postData(this.#port, sent, (d) => ({ t: "data", s, e, b, d, m, p, r } satisfies ToReader));
  }
}
