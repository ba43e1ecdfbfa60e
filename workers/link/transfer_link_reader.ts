/**
 * The reading end of a link over a web MessagePort alone.
 *
 * @module
 */

import { EdgeCounts } from "../../core/flow/edge_counts.ts";
import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import type { FlowLimits, Item } from "../../core/flow/item.ts";
import { LeaseQueue } from "../../core/flow/lease.ts";
import { messagesHeard, noteMessage } from "../../core/flow/pacer.ts";
import type { NodeSource } from "../../core/node/contract.ts";
import { checkProgress } from "../../core/node/progress.ts";
import type { LinkOptions, LinkPort, LinkReader, OnViolation } from "./link.ts";
import { accusing, type LinkPeer, toViolation, violation } from "./link_errors.ts";
import { Overdue } from "./overdue.ts";
import { checkReceived, type LinkKinds } from "./received.ts";
import { isCount, type ToReader, type ToWriter } from "./transfer_messages.ts";

/** As many as a ring counts. */
const TAKEN_MAX = 127;

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
  #port!: LinkPort;
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
    port: LinkPort,
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

  async reconnect(port: LinkPort): Promise<number | undefined> {
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

  #listen(port: LinkPort): void {
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
