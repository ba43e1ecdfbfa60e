/**
 * A ring of records in shared memory, for one writer and one reader.
 *
 * Records have variable length, so that a short chunk does not pay for a long
 * one. Positions count bytes and only ever grow (modulo 2³²); where a record
 * would not fit before the end of the memory, a filler is put there and the
 * record starts again at the front.
 *
 * ```
 * byte 0        what the writer says, then what the reader says, then a flag of each; on cache lines of their own
 * byte 256      records: header of 48 bytes, payload, filled up to 8 bytes
 * ```
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

import type { AudioData, AudioFormat } from "../../core/data/types.ts";
import { CHANNELS_MAX, SAMPLE_RATE_MAX_HZ } from "../../core/data/validate.ts";
import type { StreamrackError } from "../../core/errors.ts";
import type { FlowLimits } from "../../core/flow/item.ts";
import { takeBuffer } from "./buffer_pool.ts";
import { violation } from "./link_errors.ts";

/** What the writer says; indices of 32-bit words, but for the sequence, which is that of a 64-bit float. */
const WRITE_POSITION = 0;
const RECORDS_WRITTEN = 1;
const BYTES_WRITTEN = 2;
const NEXT_SEQUENCE = 2;
/** What the reader says. */
const READ_POSITION = 16;
const RECORDS_FREED = 17;
const BYTES_FREED = 18;
/** Set by who goes to sleep, cleared by who wakes him. */
const READER_ASLEEP = 32;
const WRITER_ASLEEP = 48;
/** What a ring needs beside its records. */
export const RING_STATE_BYTES = 256;
const CAPACITY_BYTES_MIN = 1024;

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
/** Added to the kind of a record that is partial. */
const PARTIAL = 8;
/** The reader counts above these bits how often a record was taken. */
const TAKEN_SHIFT = 8;
const TAKEN_MAX = 127;
const FORMATS: readonly (AudioFormat | undefined)[] = [undefined, "f32", "i16", "i32"];
const SAMPLE_BYTES = { f32: 4, i16: 2, i32: 4 } as const;

/** What stands in a record beside the samples. */
export interface RecordStamp {
  readonly sequence: number;
  readonly epoch: number;
  /** What the value counts for in flow control. */
  readonly bytes: number;
  readonly isPartial?: boolean | undefined;
}

/** A record as the reader finds it. `data` is absent where the value comes over the port. */
export interface RingRecord extends RecordStamp {
  readonly data: AudioData | undefined;
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
export const RING_PAYLOAD_BYTES_MAX = 8 * 1024;

/** Room for the longest payloads in a window of 16. */
export const RING_CAPACITY_BYTES = 16 * RING_PAYLOAD_BYTES_MAX;

/** Above it a window has room for the longest payloads in part only, and for references to the rest. */
const CAPACITY_BYTES_MAX = 4 * 1024 ** 2;

/** How much of a ring is used as long as its reader keeps up. */
const FRONT_BYTES = 32 * 1024;
const PAGE_BYTES = 4 * 1024;

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
class RingMemory {
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

/** The writing end of a ring. */
export class RingWriter {
  /** Longest payload that may be written, in bytes: a record of it and a filler before it take half of the ring at most. */
  readonly payloadBytesMax: number;
  readonly #memory: RingMemory;
  #position: number;
  #records: number;
  #bytes: number;
  /** What the reader was last seen to say. Looked at anew only when that leaves no room. */
  #freedPosition = 0;
  #freedRecords = 0;
  #freedBytes = 0;

  /** @throws {StreamrackError} `protocol-violation` if the memory is no ring that was left in order. */
  constructor(memory: RingBytes) {
    this.#memory = new RingMemory(memory);
    this.payloadBytesMax = this.#memory.capacity / 4 - HEADER_BYTES;
    this.#position = this.#memory.loadPosition(WRITE_POSITION);
    this.#records = this.#memory.load(RECORDS_WRITTEN);
    this.#bytes = this.#memory.load(BYTES_WRITTEN);
    this.#look();
  }

  /** The sequence number behind the last that was written. */
  get nextSequence(): number {
    return this.#memory.nextSequence;
  }

  /** How many records were written, modulo 2³². */
  get written(): number {
    return this.#records;
  }

  /** How many records the reader has freed, modulo 2³². */
  get freed(): number {
    this.#look();
    return this.#freedRecords;
  }

  /**
   * Whether less is in flight than the limits.
   *
   * @throws {StreamrackError} `protocol-violation` if the reader has freed more than was written.
   */
  isBelow(limits: FlowLimits): boolean {
    if (this.#isBelow(limits)) return true;
    this.#look();
    if (this.#inFlight > limits.items) throw violation("a count of values that were never sent");
    return this.#isBelow(limits);
  }

  get #inFlight(): number {
    return (this.#records - this.#freedRecords) >>> 0;
  }

  #isBelow({ items, bytes }: FlowLimits): boolean {
    return this.#inFlight < items && (this.#bytes - this.#freedBytes) >>> 0 < bytes;
  }

  /** The position comes first: who sees it sees at least the counts that belong to it. */
  #look(): void {
    const { words } = this.#memory;
    this.#freedPosition = this.#memory.load(READ_POSITION);
    this.#freedRecords = (words[RECORDS_FREED] as number) >>> 0;
    this.#freedBytes = (words[BYTES_FREED] as number) >>> 0;
  }

  /**
   * Copies audio into the ring, or returns false if there is no room. The
   * samples stay the caller's.
   *
   * @param spareRecords How many references there must be room for behind it, in half of the ring at most. Default: 0.
   * @throws {StreamrackError} `protocol-violation` if the reader's position cannot be one.
   */
  tryWriteAudio(audio: AudioData, stamp: RecordStamp, spareRecords = 0): boolean {
    const { samples, format } = audio;
    const at = this.#place(samples.byteLength, spareRecords);
    if (at === undefined) return false;
    const { words, floats } = this.#memory;
    words[at / 4 + CHANNELS] = audio.channels;
    floats[at / 8 + SAMPLE_RATE] = audio.sampleRate;
    floats[at / 8 + TIMESTAMP_US] = audio.timestampUs ?? NaN;
    this.#memory.samples[format].set(samples, (at + HEADER_BYTES) / SAMPLE_BYTES[format]);
    this.#publish(at, KINDS[format], samples.byteLength, stamp);
    return true;
  }

  /**
   * Writes a record for a value that goes over the link's port, or returns
   * false if there is no room.
   *
   * @param post Posts the value, where that may fail; called when there is room. If it throws, nothing was written.
   * @throws {StreamrackError} `protocol-violation` if the reader's position cannot be one.
   */
  tryWriteReference(stamp: RecordStamp, post?: () => void): boolean {
    const at = this.#place(0);
    if (at === undefined) return false;
    post?.();
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
  #place(payloadBytes: number, spareRecords = 0): number | undefined {
    const { capacity, words } = this.#memory;
    const length = recordLength(payloadBytes);
    const toEnd = capacity - (this.#position & (capacity - 1));
    // One more for the filler, which is shorter than a reference that has no place before the end.
    const spare = spareRecords === 0 ? 0 : Math.min((spareRecords + 1) * HEADER_BYTES, capacity / 2);
    const turns = length > toEnd || toEnd + length + spare <= capacity && this.#isWorthTurning(length);
    const needed = (turns ? toEnd + length : length) + spare;
    let used = (this.#position - this.#freedPosition) >>> 0;
    if (capacity - used < needed) {
      this.#look();
      used = (this.#position - this.#freedPosition) >>> 0;
    }
    if (used > capacity) throw corrupt();
    if (capacity - used < needed) return undefined;
    if (turns) {
      const at = this.#memory.offset(this.#position) / 4;
      words[at + LENGTH] = toEnd;
      words[at + KIND] = KINDS.filler;
      this.#position = (this.#position + toEnd) >>> 0;
    }
    return this.#memory.offset(this.#position);
  }

  /**
   * Whether to go on at the front although there is place before the end: the
   * ring is empty, and the record would not leave room in its page. So a stream
   * whose reader keeps up touches little more memory than {@linkcode FRONT_BYTES}.
   */
  #isWorthTurning(length: number): boolean {
    const at = this.#position & (this.#memory.capacity - 1);
    if (at < FRONT_BYTES || (at & (PAGE_BYTES - 1)) + length < PAGE_BYTES) return false;
    this.#look();
    return this.#freedPosition === this.#position;
  }

  #publish(at: number, kind: number, payloadBytes: number, stamp: RecordStamp): void {
    const { words, floats } = this.#memory;
    const length = recordLength(payloadBytes);
    words[at / 4 + LENGTH] = length;
    words[at / 4 + KIND] = stamp.isPartial === true ? kind + PARTIAL : kind;
    words[at / 4 + PAYLOAD_BYTES] = payloadBytes;
    words[at / 4 + EPOCH] = stamp.epoch;
    words[at / 4 + FLOW_BYTES] = stamp.bytes;
    floats[at / 8 + SEQUENCE] = stamp.sequence;
    this.#position = (this.#position + length) >>> 0;
    this.#records = (this.#records + 1) >>> 0;
    this.#bytes = (this.#bytes + stamp.bytes) >>> 0;
    words[RECORDS_WRITTEN] = this.#records | 0;
    words[BYTES_WRITTEN] = this.#bytes | 0;
    floats[NEXT_SEQUENCE] = stamp.sequence + 1;
    // The position comes last: whoever sees it sees everything before it.
    Atomics.store(words, WRITE_POSITION, this.#position | 0);
  }
}

/** A record that was taken and not freed yet, as it was when it was read: the memory may say something else by now. */
interface TakenRecord {
  readonly end: number;
  readonly bytes: number;
}

/** The reading end of a ring. */
export class RingReader {
  #memory: RingMemory;
  /** Up to where records were taken, and how many. */
  #position: number;
  #records: number;
  /** What was freed. */
  #freedRecords: number;
  #freedBytes: number;
  /** Taken and not freed, the oldest first. */
  readonly #taken: TakenRecord[] = [];
  /** Where the record ends that was read last, and what it counts for. */
  #end = 0;
  #recordBytes = 0;
  /** The writer's position when it was last looked at. */
  #written: number;

  /** @throws {StreamrackError} `protocol-violation` if the memory is no ring that was left in order. */
  constructor(memory: RingBytes) {
    this.#memory = new RingMemory(memory);
    this.#position = this.#written = this.#memory.loadPosition(READ_POSITION);
    this.#records = this.#freedRecords = this.#memory.load(RECORDS_FREED);
    this.#freedBytes = this.#memory.load(BYTES_FREED);
  }

  /** How many records were written, modulo 2³². */
  get written(): number {
    return this.#memory.load(RECORDS_WRITTEN);
  }

  /** The sequence number behind the last that was written. */
  get nextSequence(): number {
    return this.#memory.nextSequence;
  }

  /** Goes on with a copy of what is left, and never touches the ring again: another may use its memory from now on. */
  detach(): void {
    this.#memory = this.#memory.copy(this.depth === 0);
  }

  /** How many records were taken or dropped, modulo 2³². */
  get taken(): number {
    return this.#records;
  }

  /** Records that wait to be taken. */
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
    const { words, floats } = this.#memory;
    const at = this.#memory.offset(this.#position);
    const word = words[at / 4 + KIND] as number;
    const flags = word & ((1 << TAKEN_SHIFT) - 1);
    const takenBefore = (word >>> TAKEN_SHIFT) & TAKEN_MAX;
    const payloadBytes = words[at / 4 + PAYLOAD_BYTES] as number;
    const length = this.#recordLength(at, available);
    if (payloadBytes < 0 || recordLength(payloadBytes) !== length) throw corrupt();
    const sequence = floats[at / 8 + SEQUENCE] as number;
    const epoch = words[at / 4 + EPOCH] as number;
    if (!Number.isSafeInteger(sequence) || sequence < 0 || epoch < 0) throw corrupt();
    const bytes = (words[at / 4 + FLOW_BYTES] as number) >>> 0;
    const kind = flags & ~PARTIAL;
    const isPartial = flags !== kind;
    const data = kind === KINDS.reference ? undefined : this.#readAudio(at, kind, payloadBytes);
    this.#end = (this.#position + length) >>> 0;
    this.#recordBytes = bytes;
    return { data, sequence, epoch, bytes, isPartial, takenBefore, index: this.#records };
  }

  #readAudio(at: number, kind: number, payloadBytes: number): AudioData {
    const { words, floats, samples: shared } = this.#memory;
    const format = FORMATS[kind];
    const channels = words[at / 4 + CHANNELS] as number;
    if (format === undefined || channels < 1 || channels > CHANNELS_MAX) throw corrupt();
    const frameBytes = SAMPLE_BYTES[format] * channels;
    const sampleRate = floats[at / 8 + SAMPLE_RATE] as number;
    const timestampUs = floats[at / 8 + TIMESTAMP_US] as number;
    if (payloadBytes % frameBytes !== 0 || !(sampleRate > 0) || sampleRate > SAMPLE_RATE_MAX_HZ) throw corrupt();
    const samples = copyOut(shared[format], (at + HEADER_BYTES) / SAMPLE_BYTES[format], payloadBytes);
    if (Number.isNaN(timestampUs)) return { type: "audio", samples, sampleRate, channels, format } as AudioData;
    if (!Number.isFinite(timestampUs)) throw corrupt();
    return { type: "audio", samples, sampleRate, channels, format, timestampUs } as AudioData;
  }

  /** Steps over the record that {@linkcode read} gave. It stays in the ring until {@linkcode free} is called for it. */
  take(): void {
    const { words } = this.#memory;
    const at = this.#memory.offset(this.#position) / 4 + KIND;
    // Whoever reads it after a crash of this thread is told so.
    if ((words[at] as number) >>> TAKEN_SHIFT < TAKEN_MAX) words[at] = (words[at] as number) + (1 << TAKEN_SHIFT);
    this.#taken.push({ end: this.#end, bytes: this.#recordBytes });
    this.#step();
  }

  /** Steps over the record that {@linkcode read} gave, and frees it. None may be taken and not freed. */
  drop(): void {
    this.#step();
    this.#free(this.#end, this.#recordBytes);
  }

  /** Frees the oldest record that was taken. */
  free(): void {
    const { end, bytes } = this.#taken.shift() as TakenRecord;
    this.#free(end, bytes);
  }

  #step(): void {
    this.#position = this.#end;
    this.#records = (this.#records + 1) >>> 0;
  }

  #free(end: number, bytes: number): void {
    this.#freedRecords = (this.#freedRecords + 1) >>> 0;
    this.#freedBytes = (this.#freedBytes + bytes) >>> 0;
    const { words } = this.#memory;
    words[RECORDS_FREED] = this.#freedRecords | 0;
    words[BYTES_FREED] = this.#freedBytes | 0;
    // The position comes last: whoever sees it sees the counts that belong to it.
    Atomics.store(words, READ_POSITION, end | 0);
  }

  /** Says that the reader waits. The caller must look for records once more before it really waits. */
  fallAsleep(): void {
    Atomics.store(this.#memory.words, READER_ASLEEP, 1);
  }

  /** Takes back {@linkcode fallAsleep}. */
  stayAwake(): void {
    Atomics.store(this.#memory.words, READER_ASLEEP, 0);
  }

  /** Whether the writer sleeps, until it is woken. */
  get isWriterAsleep(): boolean {
    return Atomics.load(this.#memory.words, WRITER_ASLEEP) === 1;
  }

  /** Whether half of the ring and half of the window are free: enough to be worth waking the writer for. */
  isHalfFree(windowRecords: number): boolean {
    const used = (this.#memory.load(WRITE_POSITION) - this.#memory.load(READ_POSITION)) >>> 0;
    const inFlight = (this.#memory.load(RECORDS_WRITTEN) - this.#freedRecords) >>> 0;
    return used * 2 <= this.#memory.capacity && inFlight * 2 <= windowRecords;
  }

  /** Whether the writer sleeps and has to be woken; asking clears the flag. */
  mustWakeWriter(): boolean {
    return takeFlag(this.#memory.words, WRITER_ASLEEP);
  }

  /** Steps over a filler if there is one; gives the bytes from here to the writer's position. */
  #skipFiller(): number {
    const { words, capacity } = this.#memory;
    if (this.#written === this.#position) this.#written = this.#memory.load(WRITE_POSITION);
    const available = (this.#written - this.#position) >>> 0;
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

/** Copies samples into memory of their own. */
function copyOut<A extends Float32Array | Int16Array | Int32Array>(shared: A, start: number, byteLength: number): A {
  const Samples = shared.constructor as new (buffer: ArrayBuffer) => A;
  const samples = new Samples(takeBuffer(byteLength));
  samples.set(shared.subarray(start, start + samples.length));
  return samples;
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
