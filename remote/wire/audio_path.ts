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

import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
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
  try {
    const reader = new BinaryReader(message);
    const chunk = onlyField(reader, 2, reader.len);
    return chunk === undefined ? undefined : readChunk(chunk);
  } catch {
    return undefined; // cut off, say: the long way tells what is wrong
  }
}

function readChunk(bytes: Uint8Array): AudioDataChunk | undefined {
  const reader = new BinaryReader(bytes);
  let nodeId = "";
  let buffer: Uint8Array | undefined;
  let [sequence, timestampMs] = [0n, 0n];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === 1 && type === WireType.LengthDelimited) nodeId = reader.string();
    else if (number === 2 && type === WireType.LengthDelimited && buffer === undefined) buffer = reader.bytes();
    else if (number === 4 && type === WireType.Varint) sequence = BigInt(reader.uint64());
    else if (number === 5 && type === WireType.Varint) timestampMs = BigInt(reader.uint64());
    else return undefined;
  }
  if (buffer === undefined) return undefined;
  const read = readBuffer(buffer);
  return read === undefined ? undefined : { nodeId, sequence, timestampMs, ...read };
}

function readBuffer(bytes: Uint8Array): Pick<AudioDataChunk, "audio" | "metadata"> | undefined {
  const reader = new BinaryReader(bytes);
  let audio: WireAudio | undefined;
  const metadata: [string, string][] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type !== WireType.LengthDelimited) return undefined;
    if (number === 1 && audio === undefined) {
      audio = readAudioFields(reader.bytes());
      if (audio === undefined) return undefined;
    } else if (number === 10) {
      const entry = readEntry(reader.bytes());
      if (entry === undefined) return undefined;
      metadata.push(entry);
    } else return undefined;
  }
  return audio === undefined ? undefined : { audio, metadata: Object.fromEntries(metadata) };
}

function readAudioFields(bytes: Uint8Array): WireAudio | undefined {
  const reader = new BinaryReader(bytes);
  let samples: Uint8Array = new Uint8Array();
  let [sampleRate, channels, format, numSamples] = [0, 0, 0, 0n];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === 1 && type === WireType.LengthDelimited) samples = reader.bytes();
    else if (type !== WireType.Varint) return undefined;
    else if (number === 2) sampleRate = reader.uint32();
    else if (number === 3) channels = reader.uint32();
    else if (number === 4) format = reader.int32();
    else if (number === 5) numSamples = BigInt(reader.uint64());
    else return undefined; // metadata_json, and what is not known
  }
  return { samples, sampleRate, channels, format, numSamples };
}

function readEntry(bytes: Uint8Array): [string, string] | undefined {
  const reader = new BinaryReader(bytes);
  const entry: [string, string] = ["", ""];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type !== WireType.LengthDelimited || (number !== 1 && number !== 2)) return undefined;
    entry[number - 1] = reader.string();
  }
  return entry;
}

/** Reads a StreamResponse if it is a `result` with one output, which is audio, and nothing in it is unusual. */
export function readAudioResult(message: Uint8Array): AudioResult | undefined {
  try {
    const outer = new BinaryReader(message);
    const bytes = onlyField(outer, 2, outer.len);
    return bytes === undefined ? undefined : readResult(bytes);
  } catch {
    return undefined;
  }
}

function readResult(bytes: Uint8Array): AudioResult | undefined {
  const reader = new BinaryReader(bytes);
  let [sequence, processingTimeMs, itemsProcessed] = [0n, 0, 0n];
  let output: Pick<AudioResult, "key" | "audio" | "metadata"> | undefined;
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number === 1 && type === WireType.Varint) sequence = BigInt(reader.uint64());
    else if (number === 3 && type === WireType.Bit64) processingTimeMs = reader.double();
    else if (number === 4 && type === WireType.Varint) itemsProcessed = BigInt(reader.uint64());
    else if (number === 2 && type === WireType.LengthDelimited && output === undefined) {
      output = readOutput(reader.bytes());
      if (output === undefined) return undefined;
    } else return undefined;
  }
  return output === undefined ? undefined : { sequence, processingTimeMs, itemsProcessed, ...output };
}

function readOutput(bytes: Uint8Array): Pick<AudioResult, "key" | "audio" | "metadata"> | undefined {
  const reader = new BinaryReader(bytes);
  let key = "";
  let buffer: ReturnType<typeof readBuffer>;
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type !== WireType.LengthDelimited) return undefined;
    if (number === 1) key = reader.string();
    else if (number === 2 && buffer === undefined) {
      buffer = readBuffer(reader.bytes());
      if (buffer === undefined) return undefined;
    } else return undefined;
  }
  return buffer === undefined ? undefined : { key, ...buffer };
}

/** The contents of a message's only field, if it is that one. */
function onlyField(reader: BinaryReader, wanted: number, end: number): Uint8Array | undefined {
  const [number, type] = reader.tag();
  if (number !== wanted || type !== WireType.LengthDelimited) return undefined;
  const bytes = reader.bytes();
  return reader.pos === end ? bytes : undefined;
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
  const buffer = bufferParts(result.audio, result.metadata);
  const bufferLength = lengthOf(buffer);
  const key = new BinaryWriter().tag(1, WireType.LengthDelimited).string(result.key).finish();
  const entry = [key, lengthDelimited(2, bufferLength), ...buffer];
  const rest = new BinaryWriter();
  if (result.processingTimeMs !== 0) rest.tag(3, WireType.Bit64).double(result.processingTimeMs);
  if (result.itemsProcessed !== 0n) rest.tag(4, WireType.Varint).uint64(result.itemsProcessed);
  const sequence = numbers([], [1, result.sequence]);
  const parts = [sequence, lengthDelimited(2, lengthOf(entry)), ...entry, rest.finish()];
  return join([lengthDelimited(2, lengthOf(parts)), ...parts]);
}

/** Writes a StreamRequest with a chunk, in the same way. */
export function writeAudioDataChunk(chunk: AudioDataChunk): Uint8Array {
  const buffer = bufferParts(chunk.audio, chunk.metadata);
  const node = chunk.nodeId === ""
    ? NOTHING
    : new BinaryWriter().tag(1, WireType.LengthDelimited).string(chunk.nodeId).finish();
  const times = new BinaryWriter();
  if (chunk.sequence !== 0n) times.tag(4, WireType.Varint).uint64(chunk.sequence);
  if (chunk.timestampMs !== 0n) times.tag(5, WireType.Varint).uint64(chunk.timestampMs);
  const parts = [node, lengthDelimited(2, lengthOf(buffer)), ...buffer, times.finish()];
  return join([lengthDelimited(2, lengthOf(parts)), ...parts]);
}

/** A DataBuffer with audio, in pieces. */
function bufferParts(audio: WireAudio, metadata: { readonly [key: string]: string }): Uint8Array[] {
  const { samples, sampleRate, channels, format, numSamples } = audio;
  const rest = numbers([[2, sampleRate], [3, channels], [4, format]], [5, numSamples]);
  const fields = samples.length === 0 ? [rest] : [lengthDelimited(1, samples.length), samples, rest];
  return [lengthDelimited(1, lengthOf(fields)), ...fields, writeMetadata(metadata)];
}

const NOTHING = new Uint8Array();

/** The tag and length in front of a field. */
function lengthDelimited(number: number, length: number): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(length).finish();
}

/** Numbers that are not 0, which is what is not written. */
function numbers(small: readonly (readonly [number, number])[], large: readonly [number, bigint]): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of small) if (value !== 0) writer.tag(number, WireType.Varint).uint32(value);
  if (large[1] !== 0n) writer.tag(large[0], WireType.Varint).uint64(large[1]);
  return writer.finish();
}

function writeMetadata(metadata: { readonly [key: string]: string }): Uint8Array {
  const entries = Object.entries(metadata);
  if (entries.length === 0) return NOTHING;
  const writer = new BinaryWriter();
  for (const [key, value] of entries) {
    writer.tag(10, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value).join();
  }
  return writer.finish();
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
