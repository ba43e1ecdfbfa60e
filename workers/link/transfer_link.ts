/**
 * Links over a web MessagePort alone: every value moves by transfer, credits
 * come back. For runtimes, and settings, without shared memory.
 *
 * The global MessageChannel with `onmessage` is used on every runtime; ports
 * of `node:worker_threads` are a hundred times slower on Deno.
 *
 * @module
 */

import { copyData } from "../../core/data/transfer.ts";
import type { RuntimeData } from "../../core/data/types.ts";
import { EdgeCounts } from "../../core/flow/edge_counts.ts";
import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import { Gate } from "../../core/flow/gate.ts";
import type { FlowLimits, Item } from "../../core/flow/item.ts";
import { LeaseQueue } from "../../core/flow/lease.ts";
import { Overdue } from "./overdue.ts";
import { messagesHeard, noteMessage } from "../../core/flow/pacer.ts";
import type { NodeSource, Progress } from "../../core/node/contract.ts";
import { checkProgress } from "../../core/node/progress.ts";
import type { LinkEnd, LinkOptions, LinkReader, LinkWriter, OnViolation } from "./link.ts";
import { accusing, linkClosed, type LinkPeer, toViolation, violation } from "./link_errors.ts";
import { checkReceived, type LinkKinds } from "./received.ts";
import { postData } from "./post_data.ts";

type ToReader =
  | {
    readonly t: "data";
    readonly s: number;
    readonly e: number;
    readonly b: number;
    readonly d: RuntimeData;
    /** Absent where it is not partial. */
    readonly m?: true | undefined;
    readonly p?: Progress | undefined;
    /** How often it was taken before, by readers that have died. */
    readonly r: number;
  }
  | { readonly t: "end" };

type ToWriter =
  /** Up to this sequence number values were taken, where the link keeps them. Comes before the reader's node sees it. */
  | { readonly t: "taken"; readonly s: number }
  /** So much was taken from the queue, or done with where the link keeps it: items and bytes. */
  | { readonly t: "credit"; readonly n: number; readonly b: number }
  /** The end has arrived, and nothing is kept any more: the port may be closed. */
  | { readonly t: "closed" };

/** The writing end of a transfer link. */
export class TransferLinkWriter implements LinkWriter {
  readonly closed: Promise<void>;
  readonly nextSequence: number | undefined;
  #port!: MessagePort;
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

  reconnect(port: MessagePort): number | undefined {
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
    this.abort(linkClosed());
    this.#port.close();
    this.#close();
  }

  #listen(port: MessagePort): void {
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

/**
 * The reading end of a transfer link. Room is reported back to the writer
 * once half of the window was taken, which halves the messages and cannot
 * stall: a writer that waits has filled its whole window. Where the link
 * keeps values, whoever gave the last of them has to hear of it, too.
 */
export class TransferLinkReader extends EdgeQueue implements LinkReader {
  override readonly isRemote: boolean = true;
  readonly closed: Promise<void>;
  override readonly awaitsMessage: boolean = true;
  #port!: MessagePort;
  readonly #limits: FlowLimits;
  readonly #onViolation: OnViolation;
  readonly #counts: EdgeCounts;
  readonly #leases: LeaseQueue | undefined;
  /** Bytes of what was taken and is not done with, the oldest first. */
  readonly #openBytes: number[] = [];
  /** Items of a writer that has died. No credit is owed for them. */
  #inherited = 0;
  /** What credit is owed for. */
  #items = 0;
  #bytes = 0;
  #isEnding = false;
  #close!: () => void;
  #isClosed = false;
  /** The end was taken, then the writer has died: what it sends again is not taken, but kept in order until what was is done with. */
  #isOver = false;
  /** The sequence number behind the last that was received. */
  #received = 0;
  /** Credit that was not given yet. */
  readonly #overdue: Overdue = new Overdue(() => this.#giveCredit());
  readonly #peer: LinkPeer | undefined;
  readonly #kinds: LinkKinds | undefined;
  readonly #latestEpoch: (() => number) | undefined;

  constructor(
    port: MessagePort,
    source: Omit<NodeSource, "ended">,
    { limits, keeps = false, counts = new EdgeCounts(), peer, kinds, latestEpoch }: LinkOptions,
    onViolation: OnViolation,
  ) {
    super(source, limits, counts);
    this.#peer = peer;
    this.#kinds = kinds;
    this.#latestEpoch = latestEpoch;
    this.closed = new Promise((resolve) => this.#close = resolve);
    this.#counts = counts;
    this.#limits = limits;
    this.#onViolation = onViolation;
    this.#leases = keeps ? new LeaseQueue(() => this.#credit(this.#openBytes.shift() as number)) : undefined;
    this.onTaken = (bytes) => {
      if (this.#leases === undefined) this.#credit(bytes);
      else this.#openBytes.push(bytes);
    };
    this.#listen(port);
  }

  override take(): Item {
    const item = super.take();
    if (this.#leases === undefined) return item;
    if (!this.#isClosed) this.#port.postMessage({ t: "taken", s: item.sequence } satisfies ToWriter);
    return { ...item, lease: this.#leases.take() };
  }

  async reconnect(port: MessagePort): Promise<number | undefined> {
    // What the dead thread has posted.
    await messagesHeard();
    if (this.#isClosed || this.#isEnding && this.#leases === undefined) {
      port.close();
      return undefined;
    }
    this.#isOver = this.isDrained;
    this.#isEnding = false;
    if (!this.#isOver) this.resume();
    this.#port.onmessage = null;
    this.#port.close();
    // What is here already was the dead writer's: the new one is owed nothing for it.
    this.#inherited = this.depth + this.#openBytes.length;
    this.#items = this.#bytes = 0;
    this.#counts.writerReplaced(this.depth, this.depthBytes);
    this.#listen(port);
    return this.#received;
  }

  close(): void {
    this.#isClosed = true;
    this.#overdue.drop();
    this.#port.close();
    this.#close();
  }

  protected override drop(item: Item): void {
    super.drop(item);
    this.#leases?.take().release();
  }

  #listen(port: MessagePort): void {
    this.#port = port;
    const onMessage = (data: ToReader) => {
      noteMessage();
      // A port may still deliver what it held when it was closed.
      if (this.#isClosed) return;
      try {
        this.#receive(data);
      } catch (thrown) {
        this.close();
        this.#onViolation(accusing(toViolation(thrown), this.#peer));
      }
    };
    port.onmessage = ({ data }: MessageEvent<ToReader>) => onMessage(data);
    // What cannot be read as a message was no message of a writer.
    port.onmessageerror = () => onMessage(undefined as never);
  }

  #receive(message: ToReader): void {
    if (this.#isEnding) throw violation("something after its end");
    if (message?.t === "data" && [message.s, message.e, message.b, message.r].every(isCount)) {
      const { s: sequence, e: epoch, b: bytes } = message;
      const takenBefore = Math.min(message.r, TAKEN_MAX);
      const progress = message.p === undefined ? undefined : checkProgress(message.p);
      const isPartial = message.m === true;
      if (this.#latestEpoch !== undefined && epoch > this.#latestEpoch()) {
        throw violation("a value of an epoch that has not begun");
      }
      const data = checkReceived(message.d, this.#kinds);
      this.#received = sequence + 1;
      const item: Item = { data, sequence, epoch, bytes, isPartial, progress, takenBefore };
      if (this.#isOver) this.drop(item);
      else this.deliver(item, this.#inherited);
    } else if (message?.t === "end") {
      this.#isEnding = true;
      this.end();
      this.#confirmEnd();
    } else {
      throw violation("a message of no known form");
    }
  }

  #confirmEnd(): void {
    if (!this.#isEnding || this.#isClosed) return;
    if (this.#leases !== undefined && (this.#leases.size > 0 || this.depth > 0)) return;
    this.#port.postMessage({ t: "closed" } satisfies ToWriter);
    this.close();
  }

  #credit(bytes: number): void {
    if (this.#isClosed) return;
    if (this.#inherited > 0) {
      this.#inherited -= 1;
    } else {
      this.#items += 1;
      this.#bytes += bytes;
    }
    const isHalf = this.#items * 2 >= this.#limits.items || this.#bytes * 2 >= this.#limits.bytes;
    const isLast = this.#leases !== undefined && this.depth === 0;
    if (isHalf || isLast) this.#giveCredit();
    else if (this.#items > 0) this.#overdue.note();
    this.#confirmEnd();
  }

  #giveCredit(): void {
    if (this.#items === 0 || this.#isClosed) return;
    this.#port.postMessage({ t: "credit", n: this.#items, b: this.#bytes } satisfies ToWriter);
    this.#items = this.#bytes = 0;
  }
}

/** As many as a ring counts. */
const TAKEN_MAX = 127;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
