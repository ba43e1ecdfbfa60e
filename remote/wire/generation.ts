/**
 * Which generation of the wire form a message is in.
 *
 * Both generations have the same package, services and paths, and put
 * different fields under the same numbers, so that a message of one parses as
 * the other without an error, into nonsense. What tells them apart is which
 * numbers are there, and what kind of thing is in them.
 *
 * @module
 */

import { type RawField, readRawFields } from "./raw_fields.ts";

/**
 * A generation of the RemoteMedia v1 wire form: `"003"` has audio and text of
 * JSON, `"004"` every kind of data.
 */
export type Generation = "003" | "004";

/** The generation of an ExecuteRequest, or `undefined` if it is the same in both. */
export function generationOfExecuteRequest(message: Uint8Array): Generation | undefined {
  const fields = readRawFields(message) ?? [];
  if (has(fields, 5)) return "003";
  const fourth = find(fields, 4);
  // ResourceLimits in 003 (numbers only), the version of the client in 004 (text, which no such message looks like).
  if (fourth !== undefined) return isResourceLimits(fourth) ? "003" : "004";
  const inputs = fields.filter(({ number, kind }) => number === 2 && kind === "bytes");
  for (const { bytes } of inputs) {
    const generation = generationOfBuffer(find(readRawFields(bytes) ?? [], 2));
    if (generation !== undefined) return generation;
  }
  // Limits and texts of JSON are under numbers of their own: 3 is a map entry in 003 and ResourceLimits in 004.
  const third = find(fields, 3);
  if (third !== undefined) return isResourceLimits(third) ? "004" : "003";
  return undefined;
}

/** The generation of a StreamInit inside a StreamRequest; it shows only where there are data inputs. */
export function generationOfInit(message: Uint8Array): Generation | undefined {
  const init = find(readRawFields(message) ?? [], 1);
  if (init === undefined) return undefined;
  for (const { number, bytes } of readRawFields(init.bytes) ?? []) {
    if (number !== 2) continue;
    const value = find(readRawFields(bytes) ?? [], 2);
    if (value === undefined) continue;
    // Text of JSON in 003. A DataBuffer holds nothing but messages, and JSON begins with a character that is no tag of one.
    const inner = readRawFields(value.bytes);
    const isBuffer = inner !== undefined && inner.length > 0 &&
      inner.every(({ number, kind }) => kind === "bytes" && number >= 1 && number <= 10);
    return isBuffer ? "004" : "003";
  }
  return undefined;
}

/** The generation of a StreamRequest that is not an init, or `undefined` if it is the same in both (empty). */
export function generationOfStreamRequest(message: Uint8Array): Generation | undefined {
  const fields = readRawFields(message) ?? [];
  if (has(fields, 4)) return "004"; // control
  const third = find(fields, 3);
  if (third !== undefined) {
    // control in 003: one number at most. Else the older kind of chunk in 004.
    const inner = readRawFields(third.bytes) ?? [];
    return inner.every(({ number, kind }) => number === 1 && kind === "varint") ? "003" : "004";
  }
  const second = find(fields, 2);
  if (second === undefined) return undefined;
  const chunk = readRawFields(second.bytes) ?? [];
  if (has(chunk, 5)) return "004"; // only DataChunk has that many fields
  const sequence = chunk.find(({ number }) => number === 3);
  if (sequence !== undefined) return sequence.kind === "varint" ? "003" : "004"; // named_buffers in 004
  if (chunk.some(({ number, kind }) => number === 4 && kind === "varint")) {
    // sequence in 004, timestamp_ms in 003: what the buffer looks like decides.
    return generationOfBuffer(find(chunk, 2)) ?? "004";
  }
  return generationOfBuffer(find(chunk, 2));
}

/** An AudioBuffer (003) has numbers beside its samples; a DataBuffer (004) holds nothing but messages. */
function generationOfBuffer(buffer: RawField | undefined): Generation | undefined {
  const fields = buffer === undefined ? undefined : readRawFields(buffer.bytes);
  if (fields === undefined || fields.length === 0) return undefined;
  return fields.some(({ kind }) => kind === "varint") ? "003" : "004";
}

function isResourceLimits({ bytes }: RawField): boolean {
  const fields = readRawFields(bytes);
  return fields !== undefined &&
    fields.every(({ number, kind }) => kind === "varint" && number >= 1 && number <= 3);
}

function find(fields: readonly RawField[], number: number): RawField | undefined {
  return fields.find((field) => field.number === number && field.kind === "bytes");
}

function has(fields: readonly RawField[], number: number): boolean {
  return find(fields, number) !== undefined;
}
