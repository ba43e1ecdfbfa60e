/**
 * A ring of records in shared memory, for one writer and one reader.
 *
 * Records have variable length, so that a short chunk does not pay for a long
 * one. Positions count bytes and only ever grow (modulo 2³²); where a record
 * would not fit before the end of the memory, a filler is put there and the
 * record starts again at the front.
 *
 * A record stays until the reader frees it. All that is known of the ring is
 * in its memory, so either end can be opened anew on it when its thread has
 * died: a reader begins at the first record that was not freed, a writer
 * behind the last that was published.
 *
 * Neither end trusts what it finds: lengths and positions are checked before
 * they are used, since whoever holds the other end can write anything, at any
 * time. Therefore nothing that was checked is read a second time.
 *
 * @module
 */

import type { AudioData } from "../../core/data/types.ts";
import { SAMPLE_ARRAYS } from "../../core/data/validate.ts";
import type { StreamrackError } from "../../core/errors.ts";
import { MEMORY_COSTS } from "../adapters/memory_costs.ts";
import { violation } from "./link_errors.ts";
import {
  BYTES_FREED,
  BYTES_WRITTEN,
  CAPACITY_BYTES_MIN,
  HEADER_BYTES,
  NEXT_SEQUENCE,
  READ_POSITION,
  RECORDS_FREED,
  RECORDS_WRITTEN,
  RING_STATE_BYTES,
  WRITE_POSITION,
} from "./ring_layout.ts";

/** What stands in a record beside the samples. */
export interface RecordStamp {
  readonly sequence: number;
  readonly epoch: number;
  /** What the value counts for in flow control. */
  readonly bytes: number;
  readonly isPartial?: boolean | undefined;
}

/** What a record says of audio whose samples come over the port. */
export interface AudioHeader extends Pick<AudioData, "format" | "sampleRate" | "channels" | "timestampUs"> {
  readonly samplesBytes: number;
}

/** A record as the reader finds it. `data` is absent where the value, or what a `header` leaves of it, comes over the port. */
export interface RingRecord extends RecordStamp {
  readonly data: AudioData | undefined;
  readonly header: AudioHeader | undefined;
  /** How many records were written before it, modulo 2³². */
  readonly index: number;
  /** How often it was taken before, by readers that have died, 0 to 127. */
  readonly takenBefore: number;
}

/** What was written, and freed again, since the ring was made. Each wraps at 2³². */
export interface RingCounters {
  readonly recordsWritten: number;
  readonly recordsFreed: number;
  readonly bytesWritten: number;
  readonly bytesFreed: number;
}

/** The memory of one ring: a part of a buffer that may hold others as well. No view: where one is posted, Deno keeps 70 kB for it. */
export interface RingBytes {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Longest payload that goes through a ring, in bytes. Longer ones are cheaper to move than to copy. */
export const RING_PAYLOAD_BYTES_MAX: number = MEMORY_COSTS.copiedBytesMax;

/** Room for the longest payloads in a window of 16. */
export const RING_CAPACITY_BYTES: number = 16 * RING_PAYLOAD_BYTES_MAX;

/** Above it a window has room for the longest payloads in part only, and for references to the rest. */
const CAPACITY_BYTES_MAX = 4 * 1024 ** 2;

/** Records that the largest ring has room for. */
const RING_RECORDS_MAX = 65_536;

/** The capacity of a ring for a window of so many records. A power of two. */
export function ringCapacityBytes(windowRecords: number): number {
  const records = Math.min(windowRecords, RING_RECORDS_MAX);
  const audioBytes = Math.min(records * RING_PAYLOAD_BYTES_MAX, CAPACITY_BYTES_MAX);
  const neededBytes = Math.max(RING_CAPACITY_BYTES, audioBytes, 2 * records * HEADER_BYTES);
  return 2 ** Math.ceil(Math.log2(neededBytes));
}

/**
 * Makes the memory of a ring.
 *
 * @param capacityBytes For records; a power of two from 1024.
 * @param startAt What all counters begin at, a multiple of 8. Only tests begin elsewhere than at 0: shortly before the
 * counters wrap.
 */
export function createRingMemory(capacityBytes: number, startAt = 0): RingBytes {
  const byteLength = RING_STATE_BYTES + capacityBytes;
  const buffer = new SharedArrayBuffer(byteLength);
  const words = new Int32Array(buffer);
  const counters = [WRITE_POSITION, RECORDS_WRITTEN, BYTES_WRITTEN, READ_POSITION, RECORDS_FREED, BYTES_FREED];
  for (const index of counters) words[index] = startAt;
  return { buffer, byteOffset: 0, byteLength };
}

/** Makes a ring new again, with nothing in it. Nobody else may hold it. */
export function clearRingMemory({ buffer, byteOffset }: RingBytes): void {
  // What is left of old records is never looked at: each is written before the writer's position passes it.
  new Uint8Array(buffer, byteOffset, RING_STATE_BYTES).fill(0);
}

/** Reads the counters of a ring, from any thread that has its memory. */
export function ringCounters({ buffer, byteOffset }: RingBytes): RingCounters {
  const words = new Int32Array(buffer, byteOffset, RING_STATE_BYTES / 4);
  const load = (index: number) => Atomics.load(words, index) >>> 0;
  // Freed first, so that no more is seen to be freed than was written.
  const [recordsFreed, bytesFreed] = [load(RECORDS_FREED), load(BYTES_FREED)];
  return { recordsFreed, bytesFreed, recordsWritten: load(RECORDS_WRITTEN), bytesWritten: load(BYTES_WRITTEN) };
}

/** The shared memory under both ends. */
export class RingMemory {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly samples: { readonly f32: Float32Array; readonly i16: Int16Array; readonly i32: Int32Array };
  readonly capacity: number;

  constructor({ buffer, byteOffset, byteLength }: RingBytes | Uint8Array) {
    this.capacity = byteLength - RING_STATE_BYTES;
    if (this.capacity < CAPACITY_BYTES_MIN || (this.capacity & (this.capacity - 1)) !== 0) {
      throw new RangeError(
        `the capacity of a ring is a power of two from ${CAPACITY_BYTES_MIN}; received ${this.capacity}`,
      );
    }
    this.words = new Int32Array(buffer, byteOffset, byteLength / 4);
    this.floats = new Float64Array(buffer, byteOffset, byteLength / 8);
    const f32 = new Float32Array(buffer, byteOffset, byteLength / 4);
    this.samples = { f32, i16: new Int16Array(buffer, byteOffset, byteLength / 2), i32: this.words };
  }

  /** The same ring in memory of its own, which nobody else sees. @param isEmpty Whether its records do not matter. */
  copy(isEmpty: boolean): RingMemory {
    const bytes = RING_STATE_BYTES + (isEmpty ? CAPACITY_BYTES_MIN : this.capacity);
    return new RingMemory(new Uint8Array(this.words.slice(0, bytes / 4).buffer));
  }

  /** Byte offset in memory of a position. */
  offset(position: number): number {
    return RING_STATE_BYTES + (position & (this.capacity - 1));
  }

  load(index: number): number {
    return Atomics.load(this.words, index) >>> 0;
  }

  /** The sequence number behind the last that was written. */
  get nextSequence(): number {
    const next = this.floats[NEXT_SEQUENCE] as number;
    return Number.isSafeInteger(next) && next > 0 ? next : 0;
  }

  /** A position that an end begins at. */
  loadPosition(index: number): number {
    const position = this.load(index);
    if (position % 8 !== 0) throw corrupt();
    return position;
  }
}

/** Clears a flag; true if it was set. */
export function takeFlag(words: Int32Array, index: number): boolean {
  return Atomics.load(words, index) === 1 && Atomics.compareExchange(words, index, 1, 0) === 1;
}

/** Audio as its header says, with samples in a buffer of their own. */
export function audioOf({ format, sampleRate, channels, timestampUs }: AudioHeader, buffer: ArrayBuffer): AudioData {
  const samples = new SAMPLE_ARRAYS[format](buffer);
  const audio = timestampUs === undefined
    ? { type: "audio", samples, sampleRate, channels, format }
    : { type: "audio", samples, sampleRate, channels, format, timestampUs };
  return audio as AudioData;
}

/** The error for memory that holds what no writer or reader leaves there. */
export function corrupt(): StreamrackError {
  return violation("what is no record of its ring");
}
