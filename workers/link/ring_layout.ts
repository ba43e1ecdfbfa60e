/**
 * What lies where in the memory of a ring.
 *
 * ```
 * byte 0        what the writer says, then what the reader says, then a flag of each; on cache lines of their own
 * byte 256      records: header of 48 bytes, payload, filled up to 8 bytes
 * ```
 *
 * @module
 */

import type { AudioFormat } from "../../core/data/types.ts";

/** What the writer says; indices of 32-bit words, but for the sequence, which is that of a 64-bit float. */
export const WRITE_POSITION = 0;
export const RECORDS_WRITTEN = 1;
export const BYTES_WRITTEN = 2;
export const NEXT_SEQUENCE = 2;
/** Bytes that it waits for, where it sleeps; 0 where it waits for something else. */
export const WANTED_BYTES = 6;
/** What the reader says. */
export const READ_POSITION = 16;
export const RECORDS_FREED = 17;
export const BYTES_FREED = 18;
/** Set by who goes to sleep, cleared by who wakes him. */
export const READER_ASLEEP = 32;
export const WRITER_ASLEEP = 48;
/** What a ring needs beside its records. */
export const RING_STATE_BYTES = 256;
export const CAPACITY_BYTES_MIN = 1024;

export const HEADER_BYTES = 48;
/** Offsets within a record's header: in 32-bit words, and in 64-bit floats. */
export const LENGTH = 0;
export const KIND = 1;
export const PAYLOAD_BYTES = 2;
export const CHANNELS = 3;
export const EPOCH = 4;
export const FLOW_BYTES = 5;
export const SAMPLE_RATE = 3;
export const TIMESTAMP_US = 4;
export const SEQUENCE = 5;

/** Kinds of records. A filler holds nothing; a reference stands for a value that comes over the link's port. */
export const KINDS = { filler: 0, f32: 1, i16: 2, i32: 3, reference: 4 } as const;
/** Added to the kind of a record that is partial. */
export const PARTIAL = 8;
/** Added to the kind of audio whose samples come over the link's port: the record is a header without a payload. */
export const MOVED = 16;
/** Longest samples that a header can tell of, in bytes. */
export const MOVED_BYTES_MAX: number = 2 ** 31 - 1;
/** The reader counts above these bits how often a record was taken. */
export const TAKEN_SHIFT = 8;
export const TAKEN_MAX = 127;
export const FORMATS: readonly (AudioFormat | undefined)[] = [undefined, "f32", "i16", "i32"];
export const SAMPLE_BYTES = { f32: 4, i16: 2, i32: 4 } as const;

/** Bytes that a record takes. */
export function recordLength(payloadBytes: number): number {
  return HEADER_BYTES + ((payloadBytes + 7) & ~7);
}
