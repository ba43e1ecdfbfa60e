/**
 * Links over a shared ring: short chunks of audio are copied through shared
 * memory, everything else moves over the port while a reference in the ring
 * keeps its place in the order. A message is sent only to wake a sleeper.
 *
 * @module
 */

import type { AudioData, RuntimeData } from "../../core/data/types.ts";
import { checkRuntimeData } from "../../core/data/validate.ts";
import { EdgeCounts } from "../../core/flow/edge_counts.ts";
import type { FlowLimits, Item } from "../../core/flow/item.ts";
import { noteMessage, Pacer } from "../../core/flow/pacer.ts";
import type { NodeSource } from "../../core/node/contract.ts";
import type { LinkReader, LinkWriter, OnViolation } from "./link.ts";
import { linkClosed, toViolation, violation } from "./link_errors.ts";
import { checkNotDetached, postData } from "./post_data.ts";
import { RingReader, RingWriter } from "./ring.ts";

/** What the writer posts to a sleeping reader. */
const DOORBELL = 1;
/** What the reader posts to a sleeping writer. */
const ROOM = 2;

type ToReader = typeof DOORBELL | { readonly t: "data"; readonly d: RuntimeData } | { readonly t: "end" };
type ToWriter = typeof ROOM | { readonly t: "closed" };

/** Longest payload that is copied through the ring rather than moved over the port, in bytes. */
const RING_PAYLOAD_BYTES_MAX = 8 * 1024;

interface Waiting {
  readonly item: Item;
  resolve(): void;
  reject(error: unknown): void;
}

/** The writing end of a ring link. */
export class RingLinkWriter implements LinkWriter {
  readonly closed: Promise<void>;
  readonly #port: MessagePort;
  readonly #ring: RingWriter;
  readonly #limits: FlowLimits;
  readonly #payloadBytesMax: number;
  readonly #counts: EdgeCounts;
  readonly #waiting: Waiting[] = [];
  /** A reader that keeps up never makes the writer wait, which would then never hear of a flush. */
  readonly #pacer = new Pacer();
  #failure: Error | undefined;
  #isEnding = false;
  #hasEnded = false;
  #isClosed = false;
  #close!: () => void;

  constructor(port: MessagePort, ring: SharedArrayBuffer, limits: FlowLimits, counts: EdgeCounts = new EdgeCounts()) {
    this.#port = port;
    this.#ring = new RingWriter(ring);
    this.#limits = limits;
    this.#payloadBytesMax = Math.min(RING_PAYLOAD_BYTES_MAX, this.#ring.payloadBytesMax);
    this.#counts = counts;
    this.closed = new Promise((resolve) => this.#close = resolve);
    port.onmessage = ({ data }: MessageEvent<ToWriter>) => {
      noteMessage();
      if (data === ROOM) return this.#drain();
      // The reader closes when it has received the end, not before.
      if (data?.t !== "closed" || !this.#hasEnded) this.abort(violation("an answer of no known form"));
      this.close();
    };
  }

  write(item: Item): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting.length === 0 && this.#tryWrite(item)) return this.#pacer.pass();
    const wait = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length === 1) this.#drain();
    });
    return this.#waiting.length === 0 ? wait : this.#counts.stalled(wait);
  }

  end(): void {
    this.#isEnding = true;
    if (this.#waiting.length === 0) this.#sendEnd();
  }

  abort(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.abort(linkClosed());
    this.#port.close();
    this.#close();
  }

  /** Lets in what waits, as far as there is room, then sleeps if something is left. */
  #drain(): void {
    let isAsleep = false;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#settles(first)) {
        this.#waiting.shift();
        isAsleep = false;
      } else if (isAsleep) {
        return;
      } else {
        // Room that was made between the look and the sleep would go unnoticed: look once more.
        this.#ring.fallAsleep();
        isAsleep = true;
      }
    }
    if (this.#isEnding) this.#sendEnd();
  }

  #sendEnd(): void {
    // After an abort values are missing, and the reader must not take that for an end.
    if (this.#hasEnded || this.#failure !== undefined) return;
    this.#hasEnded = true;
    this.#port.postMessage({ t: "end" } satisfies ToReader);
  }

  #settles({ item, resolve, reject }: Waiting): boolean {
    try {
      if (!this.#tryWrite(item)) return false;
      resolve();
    } catch (error) {
      reject(error);
    }
    return true;
  }

  #tryWrite(item: Item): boolean {
    const { data } = item;
    const { inFlight, bytesInFlight } = this.#ring;
    if (inFlight > this.#limits.items) throw violation("a count of values that were never sent");
    if (inFlight === this.#limits.items || bytesInFlight >= this.#limits.bytes) return false;
    if (this.#fitsRing(data)) {
      checkNotDetached(data);
      if (!this.#ring.tryWriteAudio(data, item)) return false;
    } else {
      const post = () => postData(this.#port, data, (d) => ({ t: "data", d } satisfies ToReader));
      if (!this.#ring.tryWriteReference(item, post)) return false;
    }
    this.#counts.written(item.bytes);
    if (this.#ring.mustWakeReader()) this.#port.postMessage(DOORBELL);
    return true;
  }

  #fitsRing(data: RuntimeData): data is AudioData {
    return data.type === "audio" && data.metadata === undefined && data.samples.byteLength <= this.#payloadBytesMax;
  }
}

/** The reading end of a ring link. */
export class RingLinkReader implements LinkReader {
  readonly source: NodeSource;
  onChange: () => void = () => {};
  onLaterEpoch: (epoch: number) => void = () => {};
  readonly #port: MessagePort;
  readonly #ring: RingReader;
  readonly #limits: FlowLimits;
  readonly #onViolation: OnViolation;
  /** Values that came over the port, before or after their references. */
  readonly #posted: RuntimeData[] = [];
  #next: Item | undefined;
  #epoch = 0;
  #hasEnded = false;
  #isArmed = false;
  #isResting = false;
  #isClosed = false;
  /** Set by a violation: nothing is believed any more. */
  #isBroken = false;

  constructor(
    port: MessagePort,
    ring: SharedArrayBuffer,
    source: Omit<NodeSource, "ended">,
    limits: FlowLimits,
    onViolation: OnViolation,
  ) {
    this.#port = port;
    this.#ring = new RingReader(ring);
    this.#limits = limits;
    this.#onViolation = onViolation;
    const isDrained = () => this.isDrained;
    this.source = {
      ...source,
      get ended() {
        return isDrained();
      },
    };
    port.onmessage = ({ data }: MessageEvent<ToReader>) => this.#receive(data);
  }

  get depth(): number {
    return Math.min(this.#ring.depth, this.#limits.items);
  }

  get isDrained(): boolean {
    return this.#hasEnded && this.peek() === undefined && !this.#isResting && !this.#isBroken;
  }

  peek(): Item | undefined {
    for (let dropped = 0; this.#next === undefined && !this.#isResting; dropped++) {
      // A writer that has not heard of the flush yet may bring stale items as fast as they are dropped here.
      if (dropped > this.#limits.items) return this.#rest();
      const item = this.#read();
      if (item === undefined) return undefined;
      this.#next = item;
      if (item.epoch > this.#epoch) {
        this.#epoch = item.epoch;
        this.onLaterEpoch(item.epoch);
      } else if (item.epoch < this.#epoch) {
        this.#release(item);
      }
    }
    return this.#next;
  }

  take(): Item {
    const item = this.peek() as Item;
    if (this.#isArmed) {
      this.#isArmed = false;
      this.#ring.stayAwake();
    }
    this.#release(item);
    return item;
  }

  arm(): void {
    this.#isArmed = true;
    this.#ring.fallAsleep();
  }

  flushBefore(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    if (this.#next !== undefined && this.#next.epoch < epoch) this.#release(this.#next);
    this.#dropStale();
  }

  /** Writers wait in the other thread, and are told there. */
  abort(): void {}

  close(): void {
    this.#isClosed = true;
    this.#port.close();
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
    setImmediate(() => {
      this.#isResting = false;
      this.#dropStale();
      this.onChange();
    });
  }

  #release(item: Item): void {
    this.#next = undefined;
    this.#ring.release(item.bytes);
    if (!this.#isClosed && this.#ring.mustWakeWriter(this.#limits.items)) this.#port.postMessage(ROOM);
  }

  /** The next item, or nothing: none is there, or it is still on its way over the port. */
  #read(): Item | undefined {
    if (this.#isBroken) return undefined;
    try {
      const record = this.#ring.read();
      if (record === undefined) {
        if (this.#hasEnded && this.#posted.length > 0) throw violation("a value without a reference");
        return undefined;
      }
      const { audio, ...stamp } = record;
      if (audio !== undefined) return { data: checkRuntimeData(audio), ...stamp };
      const data = this.#posted.shift();
      if (data !== undefined) return { data, ...stamp };
      // Values are posted before their references are written, and the end is posted after both.
      if (this.#hasEnded) throw violation("a reference without a value");
      return undefined;
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
        this.#dropStale();
      } else if (message?.t === "data") {
        // Each posted value has its record in the ring, so there cannot be more than the window.
        if (this.#posted.length >= this.#limits.items) throw violation(`more than ${this.#limits.items} values`);
        this.#posted.push(checkRuntimeData(message.d));
        this.#dropStale();
      } else if (message?.t === "end") {
        this.#hasEnded = true;
        this.#port.postMessage({ t: "closed" } satisfies ToWriter);
      } else {
        throw violation("a message of no known form");
      }
      this.onChange();
    } catch (thrown) {
      this.#violated(thrown);
    }
  }

  #violated(thrown: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.close();
    this.#onViolation(toViolation(thrown));
  }
}
