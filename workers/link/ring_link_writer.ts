/**
 * The writing end of a link over a shared ring: short chunks of audio are
 * copied into shared memory; of long ones the header is, and their samples
 * move over the port. Everything else moves over the port while a reference
 * in the ring keeps its place in the order. Otherwise a message is sent only
 * to wake a sleeper.
 *
 * @module
 */

import { copyData, toMovable } from "../../core/data/transfer.ts";
import type { AudioData, RuntimeData } from "../../core/data/types.ts";
import { ringSoon } from "../../core/flow/doorbells.ts";
import { EdgeCounts } from "../../core/flow/edge_counts.ts";
import type { FlowLimits, Item } from "../../core/flow/item.ts";
import { nextTurn, noteMessage, Pacer } from "../../core/flow/pacer.ts";
import { Vigil } from "../../core/flow/vigil.ts";
import { recycle } from "./buffer_pool.ts";
import type { LinkOptions, LinkPort, LinkWriter, OnViolation } from "./link.ts";
import {
  accuseIfThrown,
  accusing,
  isViolation,
  linkClosed,
  type LinkPeer,
  toViolation,
  violation,
} from "./link_errors.ts";
import type { StreamrackError } from "../../core/errors.ts";
import { Allowance } from "./allowance.ts";
import { Parcel } from "./parcel.ts";
import { checkNotDetached, postData } from "./post_data.ts";
import { RING_PAYLOAD_BYTES_MAX, type RingBytes } from "./ring.ts";
import { MOVED_BYTES_MAX } from "./ring_layout.ts";
import { RingWriter } from "./ring_writer.ts";
import { DOORBELL, ROOM, type ToReader, type ToWriter } from "./ring_messages.ts";
import { WaitingWrites } from "./waiting_writes.ts";

/** A value that is written again if the thread of its reader dies. */
interface Kept {
  readonly item: Item;
  /** Over the port, with a header or a reference in the ring. */
  readonly isPosted: boolean;
}

/** The writing end of a ring link. */
export class RingLinkWriter implements LinkWriter {
  readonly closed: Promise<void>;
  #port!: LinkPort;
  readonly #ring: RingWriter;
  readonly #limits: FlowLimits;
  readonly #keeps: boolean;
  readonly #counts: EdgeCounts;
  readonly #payloadBytesMax: number;
  readonly #waiting: WaitingWrites;
  /** One for each record that the reader has not freed, the oldest first, where the link keeps them. */
  readonly #kept: Kept[] = [];
  /** A reader that keeps up never makes the writer wait, which would then never hear of a flush. */
  readonly #pacer = new Pacer();
  /** Samples that are still to be posted. Their headers are the last records, always. */
  readonly #parcel = new Parcel((buffers) => this.#postBuffers(buffers));
  #failure: Error | undefined;
  #isWakeDue = false;
  #isEnding = false;
  #hasEnded = false;
  #isClosed = false;
  #close!: () => void;
  /** What there is reason for: each word of room follows a record that was freed. */
  readonly #answers: Allowance;
  readonly #peer: LinkPeer | undefined;
  readonly #onViolation: OnViolation | undefined;

  /** @throws {StreamrackError} `protocol-violation` if the memory is no ring that was left in order. */
  constructor(
    port: LinkPort,
    ring: RingBytes,
    { limits, keeps = false, waitsAwake, counts = new EdgeCounts(), peer, onViolation }: LinkOptions,
  ) {
    this.#peer = peer;
    this.#onViolation = onViolation;
    this.#ring = accuseIfThrown(peer, () => new RingWriter(ring));
    this.#limits = limits;
    this.#answers = new Allowance(limits.items);
    this.#keeps = keeps;
    this.#counts = counts;
    this.#waiting = new WaitingWrites(
      {
        tryWrite: (item, mayPost) => this.#tryWrite(item, mayPost),
        fallAsleep: () => this.#ring.fallAsleep(),
        onEmpty: () => {
          if (this.#isEnding) this.#sendEnd();
        },
      },
      new Vigil(waitsAwake),
      counts,
    );
    this.#payloadBytesMax = Math.min(RING_PAYLOAD_BYTES_MAX, this.#ring.payloadBytesMax);
    this.closed = new Promise((resolve) => this.#close = resolve);
    this.#listen(port);
  }

  get nextSequence(): number {
    return this.#ring.nextSequence;
  }

  write(item: Item): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#isClosed) throw linkClosed();
    return this.#waiting.size === 0 && this.#tryWrite(item) ? this.#pacer.pass() : this.#waiting.add(item);
  }

  end(): void {
    this.#isEnding = true;
    if (this.#waiting.size === 0) this.#sendEnd();
  }

  abort(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#waiting.reject(error);
  }

  // What the dead reader has done stands in shared memory: unlike a transfer link, this one has nothing to hear first.
  reconnect(port: LinkPort): Promise<number | undefined> {
    if (this.#isClosed) {
      port.close();
      return Promise.resolve(undefined);
    }
    this.#port.onmessage = null;
    this.#port.close();
    this.#listen(port);
    this.#parcel.drop();
    this.#settleKept();
    // Before those that are kept there may be some of an earlier writer.
    const whole = (this.#ring.written - this.#kept.length) >>> 0;
    for (const { item, isPosted } of this.#kept) if (isPosted) this.#post(item);
    this.#parcel.send();
    if (this.#hasEnded) this.#port.postMessage({ t: "end" } satisfies ToReader);
    void this.#waiting.pump();
    return Promise.resolve(whole);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parcel.drop();
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
      try {
        this.#settleKept();
        if (data === ROOM) {
          if (!this.#answers.use(this.#ring.freed)) throw violation("word of room where there is none");
          return this.#waiting.wake();
        }
        // The reader closes when it has received the end, not before.
        if (data?.t !== "closed" || !this.#hasEnded) throw violation("an answer of no known form");
        for (const { item } of this.#kept.splice(0)) item.lease?.release();
      } catch (thrown) {
        this.#violated(thrown);
      }
      this.close();
    };
    port.onmessage = ({ data }: MessageEvent<ToWriter>) => onMessage(data);
    // What cannot be read as a message was no message of a reader.
    port.onmessageerror = () => onMessage(undefined as never);
  }

  /** Rejects what waits, and gives the error that accuses the reader. */
  #violated(thrown: unknown): StreamrackError {
    const error = accusing(toViolation(thrown), this.#peer);
    const isFirst = this.#failure === undefined && !this.#isClosed;
    this.abort(error);
    if (isFirst) this.#onViolation?.(error);
    return error;
  }

  #sendEnd(): void {
    // After an abort values are missing, and the reader must not take that for an end.
    if (this.#hasEnded || this.#failure !== undefined) return;
    this.#hasEnded = true;
    this.#parcel.send();
    this.#port.postMessage({ t: "end" } satisfies ToReader);
  }

  #tryWrite(item: Item, mayPost = false): boolean {
    try {
      return this.#writeNow(item, mayPost);
    } catch (thrown) {
      throw isViolation(thrown) ? this.#violated(thrown) : thrown;
    }
  }

  /** Writes an item, if there is room. It goes over the port if it does not fit the ring, or may. */
  #writeNow(item: Item, mayPost: boolean): boolean {
    if (!this.#ring.isBelow(this.#limits)) return false;
    let isPosted = false;
    if (this.#tryWriteRing(item)) {
      if (this.#ring.mustWakeReader()) ringSoon(this.#wakeReader);
    } else if (this.#fitsRing(item) && !mayPost) {
      return false;
    } else {
      if (!this.#tryPost(item)) return false;
      isPosted = true;
    }
    this.#counts.written(item.bytes);
    if (this.#keeps) {
      this.#kept.push({ item, isPosted });
      this.#settleKept();
    }
    return true;
  }

  /** Copies a value into the ring, if it is of that kind and there is room. */
  #tryWriteRing(item: Item): boolean {
    if (!this.#fitsRing(item)) return false;
    // Nothing stands behind a header without its samples: if this thread dies, what is lost are the last values.
    this.#parcel.send();
    checkNotDetached(item.data);
    if (!this.#ring.tryWriteAudio(item.data, item, this.#limits.items)) return false;
    if (item.isBorrowed !== true) recycle(item.data.samples);
    return true;
  }

  /** Posts a value, and writes its header or a reference to it into the ring, if there is room for that. */
  #tryPost(item: Item): boolean {
    if (isPlain(item.data)) {
      checkNotDetached(item.data);
      const isWritten = hasHeader(item)
        ? this.#ring.tryWriteHeader(item.data, item)
        : this.#ring.tryWriteReference(item);
      if (!isWritten) return false;
      // The value wakes the reader, who finds its reference there already: no doorbell is needed.
      this.#post(item);
    } else {
      if (!this.#ring.tryWriteReference(item, () => this.#post(item))) return false;
      this.#wakeReaderLater();
    }
    return true;
  }

  /**
   * A value that was posted wakes the reader, who may have looked for its reference a moment before that was written.
   * That is seldom, so it is looked at in the next turn: mostly the reader has found both by then.
   */
  #wakeReaderLater(): void {
    if (this.#isWakeDue) return;
    this.#isWakeDue = true;
    void nextTurn().then(() => {
      this.#isWakeDue = false;
      // The end wakes the reader as well; and behind a link that is closed, the ring may be another's.
      if (this.#hasEnded || this.#isClosed) return;
      if (this.#ring.freed !== this.#ring.written && this.#ring.mustWakeReader()) this.#wakeReader();
    });
  }

  #postBuffers(buffers: ArrayBuffer[]): void {
    const [only] = buffers;
    this.#port.postMessage(
      (buffers.length === 1 ? only : buffers) as ArrayBuffer | ArrayBuffer[] satisfies ToReader,
      buffers,
    );
  }

  readonly #wakeReader = (): void => {
    // The end wakes the reader as well, and nothing may follow it.
    if (!this.#hasEnded && !this.#isClosed) this.#port.postMessage(DOORBELL);
  };

  #post(item: Item): void {
    const { data, sequence, progress, isBorrowed } = item;
    const sent = this.#keeps || isBorrowed === true ? copyData(data) : data;
    if (hasHeader(item)) return this.#parcel.add(toMovable(sent as AudioData));
    this.#parcel.send();
    postData(this.#port, sent, (d) => ({ t: "data", s: sequence, d, p: progress } satisfies ToReader));
  }

  #fitsRing(item: Item): item is Item & { readonly data: AudioData } {
    return hasHeader(item) && item.data.samples.byteLength <= this.#payloadBytesMax;
  }

  /** Lets go of what the reader has freed. */
  #settleKept(): void {
    for (let isAsleep = false;; isAsleep = true) {
      const inFlight = (this.#ring.written - this.#ring.freed) >>> 0;
      const settled = Math.max(0, this.#kept.length - inFlight);
      for (const { item } of this.#kept.splice(0, settled)) item.lease?.release();
      if ((isAsleep && settled === 0) || !this.#kept.some(({ item }) => item.lease !== undefined)) return;
      // So that the reader says when it frees more. What it has freed just before would go unnoticed: look once more.
      this.#ring.fallAsleep();
    }
  }
}

/** Whether the header of a record says all of a value but its samples. */
function hasHeader(item: Item): item is Item & { readonly data: AudioData } {
  const { data, progress } = item;
  return data.type === "audio" && data.metadata === undefined && progress === undefined &&
    data.samples.byteLength <= MOVED_BYTES_MAX;
}

/** Whether nothing in a value could be found out by `postMessage` not to be cloneable. */
function isPlain(data: RuntimeData): boolean {
  return data.metadata === undefined && data.type !== "json" && data.type !== "control";
}
