/**
 * Links over a shared ring: short chunks of audio are copied through shared
 * memory, everything else moves over the port while a reference in the ring
 * keeps its place in the order. A message is sent only to wake a sleeper.
 *
 * @module
 */

import type { AudioData, RuntimeData } from "../../core/data/types.ts";
import { checkRuntimeData } from "../../core/data/validate.ts";
import { StreamrackError } from "../../core/errors.ts";
import type { FlowLimits, Item } from "../../core/flow/item.ts";
import type { NodeSource } from "../../core/node/contract.ts";
import type { LinkReader, LinkWriter, OnViolation } from "./link.ts";
import { checkNotDetached, postData } from "./post_data.ts";
import { RingReader, RingWriter } from "./ring.ts";

/** What the writer posts to a sleeping reader. */
const DOORBELL = 1;
/** What the reader posts to a sleeping writer. */
const ROOM = 2;

type ToReader = typeof DOORBELL | { readonly t: "data"; readonly d: RuntimeData } | { readonly t: "end" };
type ToWriter = typeof ROOM | { readonly t: "closed" };

/** Longest payload that is copied through the ring rather than moved over the port, in bytes. */
const RING_PAYLOAD_BYTES_MAX = 16 * 1024;

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
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;
  #isEnding = false;
  #hasEnded = false;
  #isClosed = false;
  #close!: () => void;

  constructor(port: MessagePort, ring: SharedArrayBuffer, limits: FlowLimits) {
    this.#port = port;
    this.#ring = new RingWriter(ring);
    this.#limits = limits;
    this.closed = new Promise((resolve) => this.#close = resolve);
    port.onmessage = ({ data }: MessageEvent<ToWriter>) => {
      if (data === ROOM) this.#drain();
      else this.close();
    };
  }

  write(item: Item): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting.length === 0 && this.#tryWrite(item)) return;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length === 1) this.#drain();
    });
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
    if (this.#hasEnded) return;
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
    if (this.#ring.inFlight >= this.#limits.items || this.#ring.bytesInFlight >= this.#limits.bytes) return false;
    if (fitsRing(data)) {
      checkNotDetached(data);
      if (!this.#ring.tryWriteAudio(data, item)) return false;
    } else {
      if (!this.#ring.hasRoomForReference()) return false;
      postData(this.#port, data, (d) => ({ t: "data", d } satisfies ToReader));
      this.#ring.writeReference(item);
    }
    if (this.#ring.mustWakeReader()) this.#port.postMessage(DOORBELL);
    return true;
  }
}

function fitsRing(data: RuntimeData): data is AudioData {
  return data.type === "audio" && data.metadata === undefined && data.samples.byteLength <= RING_PAYLOAD_BYTES_MAX;
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
  #isClosed = false;

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
    return this.#ring.depth;
  }

  get isDrained(): boolean {
    return this.#hasEnded && this.peek() === undefined;
  }

  peek(): Item | undefined {
    while (this.#next === undefined && !this.#isClosed) {
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

  /**
   * Drops what is stale, up to the first item that is not, and listens for
   * more of it: late values must not fill the window while nobody reads.
   */
  #dropStale(): void {
    if (this.peek() !== undefined || this.#isClosed) return;
    this.arm();
    this.peek();
  }

  #release(item: Item): void {
    this.#next = undefined;
    this.#ring.release(item.bytes);
    if (this.#ring.mustWakeWriter(this.#limits.items) && !this.#isClosed) this.#port.postMessage(ROOM);
  }

  /** Writers wait in the other thread, and are told there. */
  abort(): void {}

  close(): void {
    this.#isClosed = true;
    this.#port.close();
  }

  /** The next item, or nothing: none is there, or it is still on its way over the port. */
  #read(): Item | undefined {
    try {
      const record = this.#ring.read();
      if (record === undefined) return undefined;
      const { audio, ...stamp } = record;
      if (audio !== undefined) return { data: checkRuntimeData(audio), ...stamp };
      const data = this.#posted.shift();
      return data === undefined ? undefined : { data, ...stamp };
    } catch (thrown) {
      this.#violated(thrown);
      return undefined;
    }
  }

  #receive(message: ToReader): void {
    try {
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
    this.close();
    this.#onViolation(StreamrackError.from(thrown, "protocol-violation"));
  }
}

function violation(what: string): StreamrackError {
  return new StreamrackError("protocol-violation", `a link carried ${what}`);
}
