/**
 * The reading end of a ring.
 *
 * @module
 */

import type { AudioData } from "../../core/data/types.ts";
import { CHANNELS_MAX, SAMPLE_RATE_MAX_HZ } from "../../core/data/validate.ts";
import { takeBuffer } from "./buffer_pool.ts";
import { type AudioHeader, audioOf, corrupt, type RingBytes, RingMemory, type RingRecord, takeFlag } from "./ring.ts";
import {
  BYTES_FREED,
  CHANNELS,
  EPOCH,
  FLOW_BYTES,
  FORMATS,
  HEADER_BYTES,
  KIND,
  KINDS,
  LENGTH,
  MOVED,
  PARTIAL,
  PAYLOAD_BYTES,
  READ_POSITION,
  READER_ASLEEP,
  recordLength,
  RECORDS_FREED,
  RECORDS_WRITTEN,
  SAMPLE_BYTES,
  SAMPLE_RATE,
  SEQUENCE,
  TAKEN_MAX,
  TAKEN_SHIFT,
  TIMESTAMP_US,
  WANTED_BYTES,
  WRITE_POSITION,
  WRITER_ASLEEP,
} from "./ring_layout.ts";

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
    if (payloadBytes < 0) throw corrupt();
    const sequence = floats[at / 8 + SEQUENCE] as number;
    const epoch = words[at / 4 + EPOCH] as number;
    if (!Number.isSafeInteger(sequence) || sequence < 0 || epoch < 0) throw corrupt();
    const bytes = (words[at / 4 + FLOW_BYTES] as number) >>> 0;
    const isPartial = (flags & PARTIAL) !== 0;
    const isMoved = (flags & MOVED) !== 0;
    const kind = flags & ~(PARTIAL | MOVED);
    const header = kind === KINDS.reference ? undefined : this.#readHeader(at, kind, payloadBytes);
    const hasPayload = header !== undefined && !isMoved;
    if (length !== recordLength(hasPayload ? payloadBytes : 0)) throw corrupt();
    const data = hasPayload ? this.#readAudio(at, header) : undefined;
    this.#end = (this.#position + length) >>> 0;
    this.#recordBytes = bytes;
    return { data, header, sequence, epoch, bytes, isPartial, takenBefore, index: this.#records };
  }

  #readAudio(at: number, header: AudioHeader): AudioData {
    const { format, samplesBytes } = header;
    const audio = audioOf(header, takeBuffer(samplesBytes));
    const start = (at + HEADER_BYTES) / SAMPLE_BYTES[format];
    audio.samples.set(this.#memory.samples[format].subarray(start, start + audio.samples.length));
    return audio;
  }

  #readHeader(at: number, kind: number, samplesBytes: number): AudioHeader {
    const { words, floats } = this.#memory;
    const format = FORMATS[kind];
    const channels = words[at / 4 + CHANNELS] as number;
    if (format === undefined || channels < 1 || channels > CHANNELS_MAX) throw corrupt();
    const frameBytes = SAMPLE_BYTES[format] * channels;
    const sampleRate = floats[at / 8 + SAMPLE_RATE] as number;
    const timestampUs = floats[at / 8 + TIMESTAMP_US] as number;
    if (samplesBytes % frameBytes !== 0 || !(sampleRate > 0) || sampleRate > SAMPLE_RATE_MAX_HZ) throw corrupt();
    if (Number.isNaN(timestampUs)) return { format, sampleRate, channels, timestampUs: undefined, samplesBytes };
    if (!Number.isFinite(timestampUs)) throw corrupt();
    return { format, sampleRate, channels, timestampUs, samplesBytes };
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

  /** Whether half of the window is free, and what the writer waits for: enough to be worth waking it. */
  isHalfFree(windowRecords: number): boolean {
    const { capacity } = this.#memory;
    const used = (this.#memory.load(WRITE_POSITION) - this.#memory.load(READ_POSITION)) >>> 0;
    const inFlight = (this.#memory.load(RECORDS_WRITTEN) - this.#freedRecords) >>> 0;
    return capacity - used >= this.#memory.load(WANTED_BYTES) && inFlight * 2 <= windowRecords;
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
