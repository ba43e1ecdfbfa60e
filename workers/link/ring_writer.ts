/**
 * The writing end of a ring.
 *
 * @module
 */

import type { AudioData } from "../../core/data/types.ts";
import type { FlowLimits } from "../../core/flow/item.ts";
import { violation } from "./link_errors.ts";
import { corrupt, type RecordStamp, type RingBytes, RingMemory, takeFlag } from "./ring.ts";
import {
  BYTES_FREED,
  BYTES_WRITTEN,
  CHANNELS,
  EPOCH,
  FLOW_BYTES,
  HEADER_BYTES,
  KIND,
  KINDS,
  LENGTH,
  MOVED,
  NEXT_SEQUENCE,
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
  TIMESTAMP_US,
  WANTED_BYTES,
  WRITE_POSITION,
  WRITER_ASLEEP,
} from "./ring_layout.ts";

/** Room at the front for which the writer turns back to it: most windows of chunks in real time. */
const FRONT_BYTES = 32 * 1024;
const PAGE_BYTES = 4 * 1024;

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
  /** What the last record needs, if there was no room for it. */
  #wantedBytes = 0;

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
    this.#describe(at, audio);
    this.#memory.samples[format].set(samples, (at + HEADER_BYTES) / SAMPLE_BYTES[format]);
    this.#publish(at, KINDS[format], samples.byteLength, recordLength(samples.byteLength), stamp);
    return true;
  }

  /**
   * Writes a record for audio whose samples go over the link's port, at most
   * {@linkcode MOVED_BYTES_MAX}, or returns false if there is no room.
   *
   * @throws {StreamrackError} `protocol-violation` if the reader's position cannot be one.
   */
  tryWriteHeader(audio: AudioData, stamp: RecordStamp): boolean {
    const at = this.#place(0);
    if (at === undefined) return false;
    this.#describe(at, audio);
    this.#publish(at, KINDS[audio.format] + MOVED, audio.samples.byteLength, HEADER_BYTES, stamp);
    return true;
  }

  /**
   * Writes a record for any other value that goes over the link's port, or
   * returns false if there is no room.
   *
   * @param post Posts the value, where that may fail; called when there is room. If it throws, nothing was written.
   * @throws {StreamrackError} `protocol-violation` if the reader's position cannot be one.
   */
  tryWriteReference(stamp: RecordStamp, post?: () => void): boolean {
    const at = this.#place(0);
    if (at === undefined) return false;
    post?.();
    this.#publish(at, KINDS.reference, 0, HEADER_BYTES, stamp);
    return true;
  }

  /** Whether the reader sleeps and has to be woken; asking clears the flag. */
  mustWakeReader(): boolean {
    return takeFlag(this.#memory.words, READER_ASLEEP);
  }

  /** Says that the writer waits for room. The caller must look for room once more before it really waits. */
  fallAsleep(): void {
    this.#memory.words[WANTED_BYTES] = this.#wantedBytes;
    Atomics.store(this.#memory.words, WRITER_ASLEEP, 1);
  }

  /** Finds a place for a record, behind a filler if need be. */
  #place(payloadBytes: number, spareRecords = 0): number | undefined {
    const { capacity, words } = this.#memory;
    const length = recordLength(payloadBytes);
    const toEnd = capacity - (this.#position & (capacity - 1));
    // One more for the filler, which is shorter than a reference that has no place before the end.
    const spare = spareRecords === 0 ? 0 : Math.min((spareRecords + 1) * HEADER_BYTES, capacity / 2);
    const turns = length > toEnd || this.#isWorthTurning(length, spare);
    const needed = (turns ? toEnd + length : length) + spare;
    let used = (this.#position - this.#freedPosition) >>> 0;
    if (capacity - used < needed) {
      this.#look();
      used = (this.#position - this.#freedPosition) >>> 0;
    }
    if (used > capacity) throw corrupt();
    if (capacity - used < needed) {
      this.#wantedBytes = needed;
      return undefined;
    }
    this.#wantedBytes = 0;
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
   * reader has left room there, and the record would begin another page. So a
   * stream touches little more memory than it has in flight and
   * {@linkcode FRONT_BYTES}.
   */
  #isWorthTurning(length: number, spare: number): boolean {
    const at = this.#position & (this.#memory.capacity - 1);
    if (at < FRONT_BYTES || (at & (PAGE_BYTES - 1)) + length < PAGE_BYTES) return false;
    this.#look();
    const used = (this.#position - this.#freedPosition) >>> 0;
    return at - used >= Math.max(FRONT_BYTES, length + spare);
  }

  /** Writes what a header says of audio. */
  #describe(at: number, { channels, sampleRate, timestampUs = NaN }: AudioData): void {
    const { words, floats } = this.#memory;
    words[at / 4 + CHANNELS] = channels;
    floats[at / 8 + SAMPLE_RATE] = sampleRate;
    floats[at / 8 + TIMESTAMP_US] = timestampUs;
  }

  #publish(at: number, kind: number, payloadBytes: number, length: number, stamp: RecordStamp): void {
    const { words, floats } = this.#memory;
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
