/**
 * A ring of records in shared memory, for one writer and one reader.
 *
 * Records have variable length, so that a short chunk does not pay for a long
 * one. Positions count bytes and only ever grow (modulo 2³²); where a record
 * would not fit before the end of the memory, a filler is put there and the
 * record starts again at the front.
 *
 * ```
 * byte 0        positions and flags, each on a cache line of its own
 * byte 512      records: header of 48 bytes, payload, filled up to 8 bytes
 * ```
 *
 * Neither end trusts what it finds: lengths and positions are checked before
 * they are used, since whoever holds the other end can write anything, at any
 * time. Therefore nothing that was checked is read a second time.
 *
 * @module
 */

import type { AudioData, AudioFormat } from "../../core/data/types.ts";
import { CHANNELS_MAX } from "../../core/data/validate.ts";
import type { StreamrackError } from "../../core/errors.ts";
import { violation } from "./link_errors.ts";

/** Index of each shared counter or flag, in 32-bit words, 64 bytes apart so that the two threads do not share lines. */
const WRITE_POSITION = 0;
const READ_POSITION = 16;
const RECORDS_WRITTEN = 32;
const RECORDS_TAKEN = 48;
const BYTES_TAKEN = 64;
const READER_ASLEEP = 80;
const WRITER_ASLEEP = 96;
const BYTES_WRITTEN = 112;
const STATE_BYTES = 512;

/** Where whoever holds the memory finds what the ends have counted, in 32-bit words. Each count wraps at 2³². */
export const RING_COUNTS = {
  itemsWritten: RECORDS_WRITTEN,
  itemsTaken: RECORDS_TAKEN,
  bytesWritten: BYTES_WRITTEN,
  bytesTaken: BYTES_TAKEN,
} as const;

const HEADER_BYTES = 48;
/** Offsets within a record's header: in 32-bit words, and in 64-bit floats. */
const LENGTH = 0;
const KIND = 1;
const PAYLOAD_BYTES = 2;
const CHANNELS = 3;
const EPOCH = 4;
const FLOW_BYTES = 5;
const SAMPLE_RATE = 3;
const TIMESTAMP_US = 4;
const SEQUENCE = 5;

/** Kinds of records. A filler holds nothing; a reference stands for a value that comes over the link's port. */
const KINDS = { filler: 0, f32: 1, i16: 2, i32: 3, reference: 4 } as const;
const FORMATS: readonly (AudioFormat | undefined)[] = [undefined, "f32", "i16", "i32"];

/** What stands in a record beside the samples. */
export interface RecordStamp {
  readonly sequence: number;
  readonly epoch: number;
  /** What the value counts for in flow control. */
  readonly bytes: number;
}

/** A record as the reader finds it. `audio` is absent where the value comes over the port. */
export interface RingRecord extends RecordStamp {
  readonly audio: AudioData | undefined;
}

/**
 * Makes the memory of a ring.
 *
 * @param capacityBytes For records; a power of two from 1024.
 * @param startAt What all counters begin at, a multiple of 8. Only tests begin elsewhere than at 0: shortly before the
 * counters wrap. Both ends must be told the same.
 */
export function createRingMemory(capacityBytes: number, startAt = 0): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(STATE_BYTES + capacityBytes);
  const words = new Int32Array(memory);
  for (const index of [WRITE_POSITION, READ_POSITION, RECORDS_WRITTEN, RECORDS_TAKEN, BYTES_WRITTEN, BYTES_TAKEN]) {
    words[index] = startAt;
  }
  return memory;
}

/** The shared memory under both ends. */
class RingMemory {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly samples: { readonly f32: Float32Array; readonly i16: Int16Array; readonly i32: Int32Array };
  readonly capacity: number;

  constructor(memory: SharedArrayBuffer) {
    this.capacity = memory.byteLength - STATE_BYTES;
    if (this.capacity < 1024 || (this.capacity & (this.capacity - 1)) !== 0) {
      throw new RangeError(`the capacity of a ring is a power of two from 1024; received ${this.capacity}`);
    }
    this.words = new Int32Array(memory);
    this.floats = new Float64Array(memory);
    this.samples = { f32: new Float32Array(memory), i16: new Int16Array(memory), i32: this.words };
  }

  /** Byte offset in memory of a position. */
  offset(position: number): number {
    return STATE_BYTES + (position & (this.capacity - 1));
  }

  load(index: number): number {
    return Atomics.load(this.words, index) >>> 0;
  }
}

/** The writing end of a ring. */
export class RingWriter {
  /** Longest payload that may be written, in bytes: a record of it and a filler before it take half of the ring at most. */
  readonly payloadBytesMax: number;
  readonly #memory: RingMemory;
  #position: number;
  #records: number;
  #bytes: number;

  constructor(memory: SharedArrayBuffer, startAt = 0) {
    this.#memory = new RingMemory(memory);
    this.payloadBytesMax = this.#memory.capacity / 4 - HEADER_BYTES;
    this.#position = this.#records = this.#bytes = startAt;
  }

  /** Records that the reader has not taken yet. */
  get inFlight(): number {
    return (this.#records - this.#memory.load(RECORDS_TAKEN)) >>> 0;
  }

  /** Bytes of those records, as they were counted when they were written. */
  get bytesInFlight(): number {
    return (this.#bytes - this.#memory.load(BYTES_TAKEN)) >>> 0;
  }

  /**
   * Copies audio into the ring, or returns false if there is no room. The
   * samples stay the caller's.
   *
   * @throws {StreamrackError} `protocol-violation` if the reader's position cannot be one.
   */
  tryWriteAudio(audio: AudioData, stamp: RecordStamp): boolean {
    const { samples, format } = audio;
    const at = this.#place(samples.byteLength);
    if (at === undefined) return false;
    const { words, floats } = this.#memory;
    words[at / 4 + CHANNELS] = audio.channels;
    floats[at / 8 + SAMPLE_RATE] = audio.sampleRate;
    floats[at / 8 + TIMESTAMP_US] = audio.timestampUs ?? NaN;
    this.#memory.samples[format].set(samples, (at + HEADER_BYTES) / samples.BYTES_PER_ELEMENT);
    this.#publish(at, KINDS[format], samples.byteLength, stamp);
    return true;
  }

  /**
   * Writes a record for a value that goes over the link's port, or returns
   * false if there is no room.
   *
   * @param post Posts the value; called when there is room. If it throws, nothing was written.
   * @throws {StreamrackError} `protocol-violation` if the reader's position cannot be one.
   */
  tryWriteReference(stamp: RecordStamp, post: () => void): boolean {
    const at = this.#place(0);
    if (at === undefined) return false;
    post();
    this.#publish(at, KINDS.reference, 0, stamp);
    return true;
  }

  /** Whether the reader sleeps and has to be woken; asking clears the flag. */
  mustWakeReader(): boolean {
    return takeFlag(this.#memory.words, READER_ASLEEP);
  }

  /** Says that the writer waits for room. The caller must look for room once more before it really waits. */
  fallAsleep(): void {
    Atomics.store(this.#memory.words, WRITER_ASLEEP, 1);
  }

  /** Finds a place for a record, behind a filler if need be. */
  #place(payloadBytes: number): number | undefined {
    const { capacity, words } = this.#memory;
    const length = recordLength(payloadBytes);
    const used = (this.#position - this.#memory.load(READ_POSITION)) >>> 0;
    if (used > capacity) throw corrupt();
    const free = capacity - used;
    const toEnd = capacity - (this.#position & (capacity - 1));
    if (length <= toEnd) return length <= free ? this.#memory.offset(this.#position) : undefined;
    if (toEnd + length > free) return undefined;
    const at = this.#memory.offset(this.#position) / 4;
    words[at + LENGTH] = toEnd;
    words[at + KIND] = KINDS.filler;
    this.#position = (this.#position + toEnd) >>> 0;
    return this.#memory.offset(this.#position);
  }

  #publish(at: number, kind: number, payloadBytes: number, { sequence, epoch, bytes }: RecordStamp): void {
    const { words, floats } = this.#memory;
    const length = recordLength(payloadBytes);
    words[at / 4 + LENGTH] = length;
    words[at / 4 + KIND] = kind;
    words[at / 4 + PAYLOAD_BYTES] = payloadBytes;
    words[at / 4 + EPOCH] = epoch;
    words[at / 4 + FLOW_BYTES] = bytes;
    floats[at / 8 + SEQUENCE] = sequence;
    this.#position = (this.#position + length) >>> 0;
    this.#records = (this.#records + 1) >>> 0;
    this.#bytes = (this.#bytes + bytes) >>> 0;
    // The position comes last: whoever sees it sees everything before it.
    Atomics.store(words, BYTES_WRITTEN, this.#bytes | 0);
    Atomics.store(words, RECORDS_WRITTEN, this.#records | 0);
    Atomics.store(words, WRITE_POSITION, this.#position | 0);
  }
}

/** The reading end of a ring. */
export class RingReader {
  readonly #memory: RingMemory;
  #position: number;
  #records: number;
  #bytes: number;
  /** Length of the record that was read last; kept, since the memory may say something else by now. */
  #length = 0;

  constructor(memory: SharedArrayBuffer, startAt = 0) {
    this.#memory = new RingMemory(memory);
    this.#position = this.#records = this.#bytes = startAt;
  }

  /** Records that wait. */
  get depth(): number {
    return (this.#memory.load(RECORDS_WRITTEN) - this.#records) >>> 0;
  }

  /**
   * Copies the next record out of the ring and leaves it there, or returns
   * nothing if there is none.
   *
   * @throws {StreamrackError} `protocol-violation` if what is found cannot be a record.
   */
  read(): RingRecord | undefined {
    const available = this.#skipFiller();
    if (available === 0) return undefined;
    const { words, floats, samples } = this.#memory;
    const at = this.#memory.offset(this.#position);
    const kind = words[at / 4 + KIND] as number;
    const payloadBytes = words[at / 4 + PAYLOAD_BYTES] as number;
    this.#length = this.#recordLength(at, available);
    if (payloadBytes < 0 || recordLength(payloadBytes) !== this.#length) throw corrupt();
    const sequence = floats[at / 8 + SEQUENCE] as number;
    const epoch = words[at / 4 + EPOCH] as number;
    if (!Number.isSafeInteger(sequence) || sequence < 0 || epoch < 0) throw corrupt();
    const bytes = (words[at / 4 + FLOW_BYTES] as number) >>> 0;
    if (kind === KINDS.reference) return { audio: undefined, sequence, epoch, bytes };
    const format = FORMATS[kind];
    const channels = words[at / 4 + CHANNELS] as number;
    if (format === undefined || channels < 1 || channels > CHANNELS_MAX) throw corrupt();
    const array = samples[format];
    if (payloadBytes % array.BYTES_PER_ELEMENT !== 0) throw corrupt();
    const start = (at + HEADER_BYTES) / array.BYTES_PER_ELEMENT;
    const timestampUs = floats[at / 8 + TIMESTAMP_US] as number;
    const audio = {
      type: "audio",
      // A slice of shared memory is ordinary memory of its own.
      samples: array.slice(start, start + payloadBytes / array.BYTES_PER_ELEMENT),
      sampleRate: floats[at / 8 + SAMPLE_RATE] as number,
      channels,
      format,
      ...(Number.isNaN(timestampUs) ? {} : { timestampUs }),
    } as AudioData;
    return { audio, sequence, epoch, bytes };
  }

  /** Frees the record that {@linkcode read} gave. @param bytes Those of its stamp. */
  release(bytes: number): void {
    const { words } = this.#memory;
    this.#position = (this.#position + this.#length) >>> 0;
    this.#records = (this.#records + 1) >>> 0;
    this.#bytes = (this.#bytes + bytes) >>> 0;
    Atomics.store(words, BYTES_TAKEN, this.#bytes | 0);
    Atomics.store(words, RECORDS_TAKEN, this.#records | 0);
    Atomics.store(words, READ_POSITION, this.#position | 0);
  }

  /** Says that the reader waits. The caller must look for records once more before it really waits. */
  fallAsleep(): void {
    Atomics.store(this.#memory.words, READER_ASLEEP, 1);
  }

  /** Takes back {@linkcode fallAsleep}. */
  stayAwake(): void {
    Atomics.store(this.#memory.words, READER_ASLEEP, 0);
  }

  /**
   * Whether the writer sleeps and has to be woken; asking clears the flag.
   * Not before half of the ring and half of the window are free, so that it
   * does not wake for every record; what waits was let in by a full window, so
   * that point always comes.
   */
  mustWakeWriter(windowRecords: number): boolean {
    if (Atomics.load(this.#memory.words, WRITER_ASLEEP) === 0) return false;
    const used = (this.#memory.load(WRITE_POSITION) - this.#position) >>> 0;
    if (used * 2 > this.#memory.capacity || this.depth * 2 > windowRecords) return false;
    return takeFlag(this.#memory.words, WRITER_ASLEEP);
  }

  /** Steps over a filler if there is one; gives the bytes from here to the writer's position. */
  #skipFiller(): number {
    const { words, capacity } = this.#memory;
    const available = (this.#memory.load(WRITE_POSITION) - this.#position) >>> 0;
    if (available > capacity) throw corrupt();
    if (available === 0) return 0;
    const at = this.#memory.offset(this.#position);
    if (words[at / 4 + KIND] !== KINDS.filler) return available;
    const length = words[at / 4 + LENGTH] as number;
    // A filler reaches to the end and has a record behind it, at the front, where no filler may be: so this is no loop.
    if (length !== capacity - (this.#position & (capacity - 1)) || length >= available) throw corrupt();
    this.#position = (this.#position + length) >>> 0;
    return available - length;
  }

  #recordLength(at: number, available: number): number {
    const length = this.#memory.words[at / 4 + LENGTH] as number;
    const toEnd = this.#memory.capacity - (this.#position & (this.#memory.capacity - 1));
    if (length < HEADER_BYTES || length > available || length > toEnd || length % 8 !== 0) throw corrupt();
    return length;
  }
}

function recordLength(payloadBytes: number): number {
  return HEADER_BYTES + ((payloadBytes + 7) & ~7);
}

function takeFlag(words: Int32Array, index: number): boolean {
  return Atomics.load(words, index) === 1 && Atomics.compareExchange(words, index, 1, 0) === 1;
}

function corrupt(): StreamrackError {
  return violation("what is no record of its ring");
}
