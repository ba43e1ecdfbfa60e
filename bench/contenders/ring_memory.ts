/**
 * The ring of {@link ./ring.ts}: as little as works.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** One end of a ring; `port` travels in a transfer list. */
export interface RingEnd {
  readonly memory: SharedArrayBuffer;
  readonly samplesPerChunk: number;
  readonly port: MessagePort;
}

/** Words of the head, 64 bytes apart: what was written, what was read, whether the reader sleeps. */
const WRITTEN = 0;
const READ = 16;
const ASLEEP = 32;
const HEAD_BYTES = 256;

/** Makes the two ends of a ring. */
export function createRing({ slots, samplesPerChunk }: { slots: number; samplesPerChunk: number }): {
  readonly writer: RingEnd;
  readonly reader: RingEnd;
} {
  const memory = new SharedArrayBuffer(HEAD_BYTES + slots * samplesPerChunk * 4);
  new Int32Array(memory)[ASLEEP] = 1;
  const { port1, port2 } = new MessageChannel();
  return { writer: { memory, samplesPerChunk, port: port1 }, reader: { memory, samplesPerChunk, port: port2 } };
}

class Ring {
  readonly head: Int32Array;
  readonly samples: Float32Array<SharedArrayBuffer>;
  readonly samplesPerChunk: number;
  readonly slots: number;
  readonly port: MessagePort;

  constructor({ memory, samplesPerChunk, port }: RingEnd) {
    this.head = new Int32Array(memory);
    this.samples = new Float32Array(memory, HEAD_BYTES);
    this.samplesPerChunk = samplesPerChunk;
    this.slots = this.samples.length / samplesPerChunk;
    this.port = port;
  }

  slot(index: number): Float32Array<SharedArrayBuffer> {
    const start = (index % this.slots) * this.samplesPerChunk;
    return this.samples.subarray(start, start + this.samplesPerChunk);
  }

  close(): void {
    this.port.close();
  }
}

/** The writing end. */
export class RingWriter extends Ring {
  #written = 0;

  /** Copies a chunk into the ring. The caller never has more in flight than there are slots. */
  write(samples: Float32Array): void {
    if (this.#written - Atomics.load(this.head, READ) >= this.slots) throw new Error("the ring is full");
    this.slot(this.#written).set(samples);
    this.#written += 1;
    Atomics.store(this.head, WRITTEN, this.#written);
    if (Atomics.exchange(this.head, ASLEEP, 0) === 1) this.port.postMessage(0);
  }
}

/** The reading end. Reads when the doorbell rings, until there is nothing left. */
export class RingReader extends Ring {
  /** Is given each chunk as a view of the ring, which is free again when it returns. */
  onChunk: (samples: Float32Array<SharedArrayBuffer>) => void = () => {};
  #read = 0;

  constructor(end: RingEnd) {
    super(end);
    this.port.onmessage = () => this.#drain();
  }

  #drain(): void {
    // A turn ends after a ring full at most, so that the event loop of this thread goes on.
    for (let budget = 4 * this.slots; budget > 0; budget--) {
      if (this.#read === Atomics.load(this.head, WRITTEN)) {
        Atomics.store(this.head, ASLEEP, 1);
        // What was written between the look and the flag has rung no bell.
        if (this.#read === Atomics.load(this.head, WRITTEN) || Atomics.exchange(this.head, ASLEEP, 0) === 0) return;
      }
      const samples = this.slot(this.#read);
      this.#read += 1;
      this.onChunk(samples);
      Atomics.store(this.head, READ, this.#read);
    }
    setImmediate(() => this.#drain());
  }
}
