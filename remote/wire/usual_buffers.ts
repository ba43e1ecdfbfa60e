/**
 * Values by name in requests and answers of one-shot runs: JSON and audio in
 * the short way, the rest in the long one; see `audio_path.ts`.
 *
 * @module
 */

import { toBinary } from "@bufbuild/protobuf";
import { type BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { RuntimeData } from "../../core/plugin.ts";
import { DataBufferSchema } from "../gen/v004/remotemedia/v1/common_pb.ts";
import {
  capacityFor,
  endOfField,
  isNext,
  readAudioFields,
  readEntry,
  writeBuffer,
  writeEntries,
} from "./audio_path.ts";
import type { BackWriter } from "./back_writer.ts";
import { readAudioBuffer, readJson, writeCommon, writeDataBuffer } from "./data_buffer.ts";
import { type WireAudio, writeAudio } from "./pcm.ts";
import type { Peer } from "./peer.ts";

/** A DataBuffer with JSON or audio, as it stands on the wire. */
export type UsualBuffer =
  & { readonly metadata: { readonly [key: string]: string } }
  & ({ readonly json: string; readonly audio?: undefined } | { readonly audio: WireAudio });

/** What such a buffer means. @throws {StreamrackError} `invalid-data`. */
export function readUsual(buffer: UsualBuffer, peer: Peer): RuntimeData {
  const { metadata } = buffer;
  return buffer.audio === undefined ? readJson(buffer.json, metadata) : readAudioBuffer(buffer.audio, metadata, peer);
}

/** Reads an entry of a map of buffers by name, whose tag was read; says whether it was a usual one. */
export function readBufferEntry(reader: BinaryReader, buffers: Map<string, UsualBuffer>): boolean {
  const end = endOfField(reader);
  if (!isNext(reader, 1)) return false;
  const name = reader.string();
  if (!isNext(reader, 2)) return false;
  const buffer = readBuffer(reader);
  if (buffer === undefined || reader.pos !== end || name === "__proto__" || buffers.has(name)) return false;
  buffers.set(name, buffer);
  return true;
}

function readBuffer(reader: BinaryReader): UsualBuffer | undefined {
  const end = endOfField(reader);
  let audio: WireAudio | undefined;
  let json: string | undefined;
  const metadata: Record<string, string> = {};
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (type !== WireType.LengthDelimited) return undefined;
    if (number === 10) {
      if (!readEntry(reader, metadata)) return undefined;
      continue;
    }
    if (audio !== undefined || json !== undefined) return undefined;
    if (number === 1) audio = readAudioFields(reader);
    else if (number === 4) json = readOnlyText(reader);
    if (audio === undefined && json === undefined) return undefined;
  }
  if (reader.pos !== end) return undefined;
  if (json !== undefined) return { json, metadata };
  return audio === undefined ? undefined : { audio, metadata };
}

/** Reads a message that has a text as field 1, and nothing else. */
function readOnlyText(reader: BinaryReader): string | undefined {
  const end = endOfField(reader);
  if (!isNext(reader, 1)) return undefined;
  const text = reader.string();
  return reader.pos === end ? text : undefined;
}

/** Values by name, ready to be written. */
export interface EncodedBuffers {
  /** At least as many bytes as they take. */
  readonly capacity: number;
  /** Writes them as the entries of a map. @param number Of its field. */
  write(writer: BackWriter, number: number): void;
}

/** At least what names, tags and lengths take beside texts and bytes. */
export const SPARE_BYTES = 128;
/** Most bytes that a unit of a string becomes. */
export const UTF8_BYTES_MAX = 3;

/** Encodes values by name. */
export function encodeBuffers(
  values: readonly (readonly [name: string, data: RuntimeData])[],
  peer: Peer,
): EncodedBuffers {
  let capacity = 0;
  const encoded = values.map(([name, data]) => {
    const buffer = encode(data, peer);
    capacity += SPARE_BYTES + UTF8_BYTES_MAX * name.length + buffer.capacity;
    return { name, write: buffer.write };
  });
  return {
    capacity,
    write(writer, number) {
      for (const { name, write } of encoded.toReversed()) {
        const end = writer.length;
        write(writer);
        writer.delimited(2, writer.length - end);
        writer.text(1, name);
        writer.delimited(number, writer.length - end);
      }
    },
  };
}

interface Encoded {
  readonly capacity: number;
  /** Writes the fields of a DataBuffer. */
  readonly write: (writer: BackWriter) => void;
}

const encoder = new TextEncoder();

function encode(data: RuntimeData, peer: Peer): Encoded {
  if (data.metadata === undefined && data.type === "audio") {
    const [audio, metadata] = [writeAudio(data), writeCommon(data, peer)];
    return { capacity: capacityFor(audio, metadata, ""), write: (writer) => void writeBuffer(writer, audio, metadata) };
  }
  if (data.metadata === undefined && data.type === "json") {
    const [samples, metadata] = [encoder.encode(JSON.stringify(data.value)), writeCommon(data, peer)];
    const write = (writer: BackWriter) => {
      writeEntries(writer, metadata);
      const end = writer.length;
      writer.bytes(1, samples);
      writer.delimited(4, writer.length - end);
    };
    return { capacity: capacityFor({ samples }, metadata, ""), write };
  }
  const fields = toBinary(DataBufferSchema, writeDataBuffer(data, peer));
  return { capacity: fields.length, write: (writer) => writer.raw(fields) };
}
