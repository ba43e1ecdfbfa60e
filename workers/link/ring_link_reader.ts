/**
 * The reading end of a link over a shared ring.
 *
 * @module
 */

import type { FlowLimits, Item } from "../../core/flow/item.ts";
import { LeaseQueue } from "../../core/flow/lease.ts";
import { messagesHeard, nextTurn, noteMessage } from "../../core/flow/pacer.ts";
import { checkProgress } from "../../core/node/progress.ts";
import type { NodeSource } from "../../core/node/contract.ts";
import type { LinkEnd, LinkOptions, LinkPort, LinkReader, OnViolation } from "./link.ts";
import { accuseIfThrown, accusing, type LinkPeer, toViolation, violation } from "./link_errors.ts";
import { type Posted, PostedQueue } from "./posted.ts";
import { checkKind, checkReceived, type LinkKinds } from "./received.ts";
import type { RingBytes, RingRecord } from "./ring.ts";
import { Allowance } from "./allowance.ts";
import { Overdue } from "./overdue.ts";
import { RingReader } from "./ring_reader.ts";
import { DOORBELL, ROOM, type ToReader, type ToWriter } from "./ring_messages.ts";

/** The reading end of a ring link. */
export class RingLinkReader implements LinkReader {
  readonly source: NodeSource;
  readonly isRemote: boolean = true;
  readonly closed: Promise<void>;
  awaitsMessage = false;
  nextSequence: number;
  onChange: () => void = () => {};
  onLaterEpoch: (epoch: number) => void = () => {};
  #port!: LinkPort;
  readonly #ring: RingReader;
  readonly #limits: FlowLimits;
  readonly #onViolation: OnViolation;
  /** What came over the port. */
  readonly #posted = new PostedQueue();
  /** What was taken and is not done with, where the link keeps it. */
  readonly #leases: LeaseQueue | undefined;
  /** References before this record may have lost their values. */
  #lostBefore: number | undefined;
  /** Records before this one are of an earlier writer, whose successor sends all of it again, where the link keeps it. */
  readonly #againBefore: number | undefined;
  #next: Item | undefined;
  #epoch = 0;
  #hasEnded = false;
  #hasConfirmed = false;
  #close!: () => void;
  #isArmed = false;
  #isResting = false;
  #isClosed = false;
  /** The end was taken, then the writer has died: what it sends again is not taken, but kept in order until what was is done with. */
  #isOver = false;
  /** Set by a violation: nothing is believed any more. */
  #isBroken = false;
  /** What there is reason for: each doorbell follows a record that no other did. */
  readonly #doorbells: Allowance;
  /** Room that a writer who sleeps was not told of yet. */
  readonly #room: Overdue = new Overdue(() => this.#wakeWriter());
  readonly #peer: LinkPeer | undefined;
  readonly #kinds: LinkKinds | undefined;
  readonly #takesAudio: boolean;
  readonly #latestEpoch: (() => number) | undefined;

  constructor(
    end: LinkEnd & { readonly ring: RingBytes },
    source: Omit<NodeSource, "ended">,
    { limits, keeps = false, peer, kinds, latestEpoch }: LinkOptions,
    onViolation: OnViolation,
  ) {
    this.#ring = accuseIfThrown(peer, () => new RingReader(end.ring));
    this.#peer = peer;
    this.#kinds = kinds;
    this.#takesAudio = kinds === undefined || kinds.includes("audio") || kinds.includes("any");
    // Only audio comes through the ring.
    this.awaitsMessage = !this.#takesAudio;
    this.#latestEpoch = latestEpoch;
    this.closed = new Promise((resolve) => this.#close = resolve);
    this.#lostBefore = end.lostBefore;
    this.#againBefore = keeps ? end.lostBefore : undefined;
    this.nextSequence = end.lostBefore === undefined ? 0 : -1;
    this.#limits = limits;
    this.#doorbells = new Allowance(limits.items);
    this.#onViolation = onViolation;
    this.#leases = keeps ? new LeaseQueue(() => this.#freeOldest()) : undefined;
    const isDrained = () => this.isDrained;
    this.source = {
      ...source,
      get ended() {
        return isDrained();
      },
    };
    this.#listen(end.port);
  }

  get depth(): number {
    return Math.min(this.#ring.depth, this.#limits.items);
  }

  get isDrained(): boolean {
    return this.#isOver || this.#hasEnded && this.peek() === undefined && !this.#isResting && !this.#isBroken;
  }

  peek(): Item | undefined {
    for (let dropped = 0; this.#next === undefined && !this.#isResting; dropped++) {
      // A writer that has not heard of the flush yet may bring stale items as fast as they are dropped here.
      if (dropped > this.#limits.items) return this.#rest();
      const item = this.#read();
      if (item === undefined) return undefined;
      this.#next = item;
      if (item.epoch > this.#epoch) {
        if (this.#latestEpoch !== undefined && item.epoch > this.#latestEpoch()) {
          this.#violated(violation("a value of an epoch that has not begun"));
          return this.#next = undefined;
        }
        this.#epoch = item.epoch;
        this.onLaterEpoch(item.epoch);
      }
      // The flush may have led to another on a neighbouring edge, which has dropped it already.
      if (this.#next === item && (item.epoch < this.#epoch || this.#isOver)) this.#drop();
    }
    return this.#next;
  }

  take(): Item {
    const item = this.peek() as Item;
    if (this.#isArmed) {
      this.#isArmed = false;
      this.#ring.stayAwake();
    }
    this.#next = undefined;
    if (this.#leases !== undefined) {
      this.#ring.take();
      return { ...item, lease: this.#leases.take() };
    }
    this.#ring.drop();
    this.#freed();
    return item;
  }

  arm(): void {
    this.#isArmed = true;
    this.#ring.fallAsleep();
  }

  flushBefore(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    if (this.#next !== undefined && this.#next.epoch < epoch) this.#drop();
    this.#dropStale();
  }

  /** Writers wait in the other thread, and are told there. */
  abort(): void {}

  async reconnect(port: LinkPort): Promise<number | undefined> {
    // What the dead thread has posted.
    await messagesHeard();
    if (this.#isClosed || this.#hasConfirmed || this.#hasEnded && this.#leases === undefined) {
      port.close();
      return undefined;
    }
    this.#isOver = this.isDrained;
    this.#hasEnded = false;
    this.#port.onmessage = null;
    this.#port.close();
    this.#listen(port);
    const { written, nextSequence } = this.#ring;
    this.#lostBefore = written;
    this.#posted.inherit(nextSequence);
    this.#dropStale();
    this.onChange();
    return nextSequence;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#room.drop();
    this.#ring.detach();
    this.#port.close();
    this.#close();
  }

  #listen(port: LinkPort): void {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<ToReader>) => this.#receive(data);
    // What cannot be read as a message was no message of a writer.
    port.onmessageerror = () => this.#receive(undefined as never);
  }

  /**
   * Drops what is stale, up to the first item that is not, and listens for
   * more of it: late values must not fill the window while nobody reads.
   */
  #dropStale(): void {
    if (this.peek() !== undefined) return;
    this.arm();
    this.peek();
  }

  /** Looks no further in this turn of the event loop. */
  #rest(): undefined {
    this.#isResting = true;
    void nextTurn().then(() => {
      this.#isResting = false;
      this.#dropStale();
      this.onChange();
    });
  }

  /** Drops the record that was read last. */
  #drop(): void {
    this.#next = undefined;
    if (this.#leases === undefined) {
      this.#ring.drop();
      this.#freed();
    } else {
      this.#ring.take();
      this.#leases.take().release();
    }
  }

  #freeOldest(): void {
    this.#ring.free();
    this.#freed();
    this.#confirmEnd();
  }

  #freed(): void {
    if (this.#isClosed || !this.#ring.isWriterAsleep) return;
    if (this.#ring.isHalfFree(this.#limits.items)) this.#wakeWriter();
    else this.#room.note();
  }

  #wakeWriter(): void {
    if (!this.#isClosed && this.#ring.mustWakeWriter()) this.#port.postMessage(ROOM);
  }

  /** Says that the writer may go: where the link keeps values, only once the last is done with. */
  #confirmEnd(): void {
    if (!this.#hasEnded || this.#hasConfirmed || this.#isClosed) return;
    if (this.#leases !== undefined && (this.#leases.size > 0 || this.peek() !== undefined || this.#isBroken)) return;
    this.#hasConfirmed = true;
    // Later: whoever waits for what has come, or for what is made of it, is served first.
    void nextTurn().then(() => {
      if (this.#isClosed) return;
      this.#port.postMessage({ t: "closed" } satisfies ToWriter);
      this.#close();
    });
  }

  /** The next item, or nothing: none is there, or it is still on its way over the port. */
  #read(): Item | undefined {
    if (this.#isBroken) return undefined;
    try {
      for (let dropped = 0;; dropped++) {
        // Whoever writes may say that as much is lost as he likes, and write as fast as it is dropped here.
        if (dropped > this.#limits.items) return this.#rest();
        const record = this.#ring.read();
        if (record === undefined) {
          if (this.#hasEnded && this.#posted.size > 0) throw violation("a value without a reference");
          return undefined;
        }
        if (isBefore(record, this.#againBefore)) {
          // Not all of it is here: the rest alone would be out of order.
          this.#drop();
          continue;
        }
        // Values of one stream are mostly alike: after one that was posted, another will be.
        this.awaitsMessage = record.data === undefined;
        if (record.header !== undefined && !this.#takesAudio) checkKind("audio", this.#kinds);
        if (record.data !== undefined) return record as Item;
        const isInherited = isBefore(record, this.#lostBefore);
        const item = this.#posted.take(record, isInherited);
        if (item !== undefined) return item;
        // Its value will not come any more, where a thread has died.
        if (!isInherited) {
          // Values are posted in the order of their records, and the end is posted behind them.
          if (this.#posted.size > 0 || this.#hasEnded) throw violation("a reference without a value");
          return undefined;
        }
        this.#drop();
      }
    } catch (thrown) {
      this.#violated(thrown);
      return undefined;
    }
  }

  #receive(message: ToReader): void {
    noteMessage();
    // A port may still deliver what it held when it was closed.
    if (this.#isClosed) return;
    try {
      if (this.#hasEnded) throw violation("something after its end");
      if (message === DOORBELL) {
        if (!this.#doorbells.use(this.#ring.taken)) throw violation("doorbells with nothing behind them");
        this.#dropStale();
      } else if (message instanceof ArrayBuffer || Array.isArray(message)) {
        this.#holdSamples(Array.isArray(message) ? message : [message]);
        this.#dropStale();
      } else if (message?.t === "data") {
        if (!Number.isSafeInteger(message.s)) throw violation("a value without a number");
        const progress = message.p === undefined ? undefined : checkProgress(message.p);
        this.#hold({ sequence: message.s, data: checkReceived(message.d, this.#kinds), progress });
        this.#dropStale();
      } else if (message?.t === "end") {
        this.#hasEnded = true;
        this.#confirmEnd();
      } else {
        throw violation("a message of no known form");
      }
      this.onChange();
    } catch (thrown) {
      this.#violated(thrown);
    }
  }

  #holdSamples(buffers: readonly unknown[]): void {
    if (buffers.length === 0) throw violation("samples that are none");
    for (const samples of buffers) {
      if (!(samples instanceof ArrayBuffer)) throw violation("samples that are no buffer");
      this.#hold(samples);
    }
  }

  #hold(posted: Posted): void {
    // Each has its record in the ring, so there cannot be more than the window.
    if (this.#posted.size >= this.#limits.items) throw violation(`more than ${this.#limits.items} values`);
    this.#posted.add(posted);
  }

  #violated(thrown: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.close();
    this.#onViolation(accusing(toViolation(thrown), this.#peer));
  }
}

/** Whether a record was written before the one with this index, if there is such a one. */
function isBefore({ index }: RingRecord, other: number | undefined): boolean {
  return other !== undefined && ((other - index) | 0) > 0;
}
