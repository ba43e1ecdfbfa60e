/**
 * The short way for chunks of audio in the second generation: they are most of
 * all messages, and reading them by reflection costs more than all else that
 * is done with them here.
 *
 * What is not exactly of the usual form is left to the long way, so that there
 * is one place that decides about the unusual.
 *
 * @module
 */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { BackWriter } from "./back_writer.ts";
import type { WireAudio } from "./pcm.ts";

/** A DataChunk that holds audio. */
export interface AudioDataChunk {
  readonly nodeId: string;
  readonly sequence: bigint;
  readonly timestampMs: bigint;
  readonly audio: WireAudio;
  readonly metadata: { readonly [key: string]: string };
}

/** Reads a StreamRequest if it is a `data_chunk` with one audio buffer, and nothing in it is unusual. */
export function readAudioDataChunk(message: Uint8Array): AudioDataChunk | undefined {
  return readOnlyField(message, readChunk);
}

/** Reads a StreamResponse if it is a `result` with one output, which is audio, and nothing in it is unusual. */
export function readAudioResult(message: Uint8Array): AudioResult | undefined {
  return readOnlyField(message, readResult);
}

/** Reads field 2 of a message that has no other. */
function readOnlyField<T>(message: Uint8Array, read: (reader: BinaryReader, end: number) => T | undefined) {
  try {
    const reader = new BinaryReader(message);
    if (!isNext(reader, 2) || endOfField(reader) !== reader.len) return undefined;
    const value = read(reader, reader.len);
    return reader.pos === reader.len ? value : undefined;
  } catch {
    return undefined; // cut off, say: the long way tells what is wrong
  }
}

/** Whether the reader stands before a field of this number that holds bytes; reads its tag. */
export function isNext(reader: BinaryReader, wanted: number): boolean {
  const [number, type] = reader.tag();
  return number === wanted && type === WireType.LengthDelimited;
}

/** Where the contents of the field end, before which the reader stands. What goes beyond the message throws there. */
export function endOfField(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length;
}

// Fields within a field are read by the same reader, up to their end: one that does not end there is unusual.

function readChunk(reader: BinaryReader, end: number): AudioDataChunk | undefined {
  let nodeId = "";
  let buffer: AudioBufferFields | undefined;
  let [sequence, timestampMs] = [0n, 0n];
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (number === 1 && type === WireType.LengthDelimited) nodeId = reader.string();
    else if (number === 2 && type === WireType.LengthDelimited && buffer === undefined) {
      buffer = readBuffer(reader);
      if (buffer === undefined) return undefined;
    } else if (number === 4 && type === WireType.Varint) sequence = BigInt(reader.uint64());
    else if (number === 5 && type === WireType.Varint) timestampMs = BigInt(reader.uint64());
    else return undefined;
  }
  if (buffer === undefined) return undefined;
  const { audio, metadata } = buffer;
  return { nodeId, sequence, timestampMs, audio, metadata };
}

function readResult(reader: BinaryReader, end: number): AudioResult | undefined {
  let [sequence, processingTimeMs, itemsProcessed] = [0n, 0, 0n];
  let output: ReturnType<typeof readOutput>;
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (number === 1 && type === WireType.Varint) sequence = BigInt(reader.uint64());
    else if (number === 3 && type === WireType.Bit64) processingTimeMs = reader.double();
    else if (number === 4 && type === WireType.Varint) itemsProcessed = BigInt(reader.uint64());
    else if (number === 2 && type === WireType.LengthDelimited && output === undefined) {
      output = readOutput(reader);
      if (output === undefined) return undefined;
    } else return undefined;
  }
  if (output === undefined) return undefined;
  const { key, audio, metadata } = output;
  return { sequence, key, audio, metadata, processingTimeMs, itemsProcessed };
}

type AudioBufferFields = Pick<AudioDataChunk, "audio" | "metadata">;

function readOutput(reader: BinaryReader): AudioBufferFields & { readonly key: string } | undefined {
  const end = endOfField(reader);
  let key = "";
  let buffer: AudioBufferFields | undefined;
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (type !== WireType.LengthDelimited) return undefined;
    if (number === 1) key = reader.string();
    else if (number === 2 && buffer === undefined) {
      buffer = readBuffer(reader);
      if (buffer === undefined) return undefined;
    } else return undefined;
  }
  if (buffer === undefined || reader.pos !== end) return undefined;
  return { key, audio: buffer.audio, metadata: buffer.metadata };
}

function readBuffer(reader: BinaryReader): AudioBufferFields | undefined {
  const end = endOfField(reader);
  let audio: WireAudio | undefined;
  const metadata: Record<string, string> = {};
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (type !== WireType.LengthDelimited) return undefined;
    if (number === 1 && audio === undefined) {
      audio = readAudioFields(reader);
      if (audio === undefined) return undefined;
    } else if (number !== 10 || !readEntry(reader, metadata)) return undefined;
  }
  return audio === undefined || reader.pos !== end ? undefined : { audio, metadata };
}

/** Reads an AudioBuffer, whose tag was read. */
export function readAudioFields(reader: BinaryReader): WireAudio | undefined {
  const end = endOfField(reader);
  let samples: Uint8Array = NOTHING;
  let [sampleRate, channels, format, numSamples] = [0, 0, 0, 0n];
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (number === 1 && type === WireType.LengthDelimited) samples = reader.bytes();
    else if (type !== WireType.Varint) return undefined;
    else if (number === 2) sampleRate = reader.uint32();
    else if (number === 3) channels = reader.uint32();
    else if (number === 4) format = reader.int32();
    else if (number === 5) numSamples = BigInt(reader.uint64());
    else return undefined; // metadata_json, and what is not known
  }
  return reader.pos === end ? { samples, sampleRate, channels, format, numSamples } : undefined;
}

const NOTHING = new Uint8Array();

/** Reads an entry of metadata; says whether it was a usual one. */
export function readEntry(reader: BinaryReader, metadata: Record<string, string>): boolean {
  const end = endOfField(reader);
  let [key, value] = ["", ""];
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (type !== WireType.LengthDelimited) return false;
    if (number === 1) key = reader.string();
    else if (number === 2) value = reader.string();
    else return false;
  }
  // Not a name like any other to an object.
  if (key === "__proto__") return false;
  metadata[key] = value;
  return reader.pos === end;
}

/** A ChunkResult with one output, which is audio. */
export interface AudioResult {
  readonly sequence: bigint;
  readonly key: string;
  readonly audio: WireAudio;
  readonly metadata: { readonly [key: string]: string };
  readonly processingTimeMs: number;
  readonly itemsProcessed: bigint;
}

/** Writes a StreamResponse with a result. The samples are copied once, to where they stay. */
export function writeAudioResult(result: AudioResult): Uint8Array {
  const { sequence, key, audio, metadata, processingTimeMs, itemsProcessed } = result;
  const writer = new BackWriter(capacityFor(audio, metadata, key));
  if (itemsProcessed !== 0n) writer.uint(4, itemsProcessed);
  if (processingTimeMs !== 0) writer.double(3, processingTimeMs);
  const entryEnd = writer.length;
  writer.delimited(2, writeBuffer(writer, audio, metadata));
  writer.text(1, key);
  writer.delimited(2, writer.length - entryEnd);
  if (sequence !== 0n) writer.uint(1, sequence);
  writer.delimited(2, writer.length);
  return writer.finish();
}

/** Writes a StreamRequest with a chunk, in the same way. */
export function writeAudioDataChunk(chunk: AudioDataChunk): Uint8Array {
  const { nodeId, sequence, timestampMs, audio, metadata } = chunk;
  const writer = new BackWriter(capacityFor(audio, metadata, nodeId));
  if (timestampMs !== 0n) writer.uint(5, timestampMs);
  if (sequence !== 0n) writer.uint(4, sequence);
  writer.delimited(2, writeBuffer(writer, audio, metadata));
  if (nodeId !== "") writer.text(1, nodeId);
  writer.delimited(2, writer.length);
  return writer.finish();
}

/** Writes the fields of a DataBuffer with audio; gives their length. */
export function writeBuffer(
  writer: BackWriter,
  audio: WireAudio,
  metadata: { readonly [key: string]: string },
): number {
  const end = writer.length;
  writeEntries(writer, metadata);
  const audioEnd = writer.length;
  const { samples, sampleRate, channels, format, numSamples } = audio;
  if (numSamples !== 0n) writer.uint(5, numSamples);
  if (format !== 0) writer.uint(4, format);
  if (channels !== 0) writer.uint(3, channels);
  if (sampleRate !== 0) writer.uint(2, sampleRate);
  if (samples.length > 0) writer.bytes(1, samples);
  writer.delimited(1, writer.length - audioEnd);
  return writer.length - end;
}

/** Writes the metadata of a DataBuffer. */
export function writeEntries(writer: BackWriter, metadata: { readonly [key: string]: string }): void {
  for (const [key, value] of Object.entries(metadata).reverse()) {
    const entryEnd = writer.length;
    writer.text(2, value);
    writer.text(1, key);
    writer.delimited(10, writer.length - entryEnd);
  }
}

/** At least the length of a message: tags, lengths and numbers take less than 128 bytes, and 24 for each entry. */
export function capacityFor(
  { samples }: { readonly samples: Uint8Array },
  metadata: { readonly [key: string]: string },
  name: string,
): number {
  let capacity = 128 + samples.length + UTF8_BYTES_MAX * name.length;
  for (const key in metadata) capacity += 24 + UTF8_BYTES_MAX * (key.length + (metadata[key] as string).length);
  return capacity;
}

/** Most bytes that a unit of a string becomes. */
const UTF8_BYTES_MAX = 3;
