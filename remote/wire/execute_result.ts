/**
 * The short way for answers of one-shot runs in the second generation. What is
 * not exactly of the usual form is left to the long way; see `audio_path.ts`.
 *
 * @module
 */

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { RuntimeData } from "../../core/plugin.ts";
import { ExecutionStatus } from "../gen/v004/remotemedia/v1/execution_pb.ts";
import { endOfField, isNext } from "./audio_path.ts";
import { BackWriter } from "./back_writer.ts";
import type { WireMetrics, WireResult } from "./messages.ts";
import type { Peer } from "./peer.ts";
import {
  encodeBuffers,
  readBufferEntry,
  readUsual,
  SPARE_BYTES,
  type UsualBuffer,
  UTF8_BYTES_MAX,
} from "./usual_buffers.ts";

/** Writes an ExecuteResponse with a result. */
export function writeExecuteResult(outputs: WireResult["outputs"], metrics: WireMetrics, peer: Peer): Uint8Array {
  const encoded = encodeBuffers(outputs, peer);
  const nodes = Object.entries(metrics.nodes);
  const kinds = Object.entries(metrics.dataTypeBreakdown);
  let capacity = SPARE_BYTES + encoded.capacity;
  for (const [id, { customMetrics }] of nodes) {
    capacity += SPARE_BYTES + UTF8_BYTES_MAX * (id.length + customMetrics.length);
  }
  for (const [kind] of kinds) capacity += SPARE_BYTES + UTF8_BYTES_MAX * kind.length;
  const writer = new BackWriter(capacity);
  writer.uint(4, ExecutionStatus.SUCCESS);
  const end = writer.length;
  for (const [kind, count] of kinds) {
    const entryEnd = writer.length;
    writer.uint(2, count);
    writer.text(1, kind);
    writer.delimited(8, writer.length - entryEnd);
  }
  writer.double(5, metrics.serializationTimeMs);
  for (const [id, node] of nodes) {
    const entryEnd = writer.length;
    writer.text(4, node.customMetrics);
    writer.uint(3, node.processed);
    writer.uint(2, node.memoryBytes);
    writer.double(1, node.executionTimeMs);
    writer.delimited(2, writer.length - entryEnd);
    writer.text(1, id);
    writer.delimited(4, writer.length - entryEnd);
  }
  writer.uint(3, metrics.memoryUsedBytes);
  writer.double(2, metrics.cpuTimeMs);
  writer.double(1, metrics.wallTimeMs);
  writer.delimited(2, writer.length - end);
  encoded.write(writer, 1);
  writer.delimited(1, writer.length);
  return writer.finish();
}

/** An ExecuteResponse with a result, as the client reads it. */
export interface UsualExecuteResult {
  readonly outputs: { readonly [key: string]: RuntimeData };
  readonly metrics: UsualMetrics;
}

/** ExecutionMetrics. */
export interface UsualMetrics {
  wallTimeMs: number;
  cpuTimeMs: number;
  memoryUsedBytes: bigint;
  serializationTimeMs: number;
  readonly nodeMetrics: { [id: string]: NodeNumbers };
  readonly dataTypeBreakdown: { [kind: string]: bigint };
}

interface NodeNumbers {
  executionTimeMs: number;
  memoryBytes: bigint;
  itemsProcessed: bigint;
  customMetrics: string;
}

/**
 * Reads an ExecuteResponse if it is a success with JSON and audio, and nothing
 * in it is unusual.
 *
 * @throws {StreamrackError} `invalid-data` for a value that is not well formed.
 */
export function readUsualExecuteResult(answer: Uint8Array, peer: Peer): UsualExecuteResult | undefined {
  const found = readOutcome(answer);
  if (found === undefined) return undefined;
  const outputs = [...found.buffers].map(([key, buffer]) => [key, readUsual(buffer, peer)] as const);
  return { outputs: Object.fromEntries(outputs), metrics: found.metrics };
}

function readOutcome(answer: Uint8Array) {
  try {
    const reader = new BinaryReader(answer);
    if (!isNext(reader, 1) || endOfField(reader) !== reader.len) return undefined;
    const buffers = new Map<string, UsualBuffer>();
    let metrics: UsualMetrics | undefined;
    let status = 0;
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (number === 1 && type === WireType.LengthDelimited) {
        if (!readBufferEntry(reader, buffers)) return undefined;
      } else if (number === 2 && type === WireType.LengthDelimited && metrics === undefined) {
        metrics = readMetrics(reader);
        if (metrics === undefined) return undefined;
      } else if (number === 4 && type === WireType.Varint) status = reader.int32();
      else return undefined;
    }
    if (metrics === undefined || status !== ExecutionStatus.SUCCESS || reader.pos !== reader.len) return undefined;
    return { buffers, metrics };
  } catch {
    return undefined;
  }
}

function readMetrics(reader: BinaryReader): UsualMetrics | undefined {
  const end = endOfField(reader);
  const metrics: UsualMetrics = {
    wallTimeMs: 0,
    cpuTimeMs: 0,
    memoryUsedBytes: 0n,
    serializationTimeMs: 0,
    nodeMetrics: {},
    dataTypeBreakdown: {},
  };
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (number === 1 && type === WireType.Bit64) metrics.wallTimeMs = reader.double();
    else if (number === 2 && type === WireType.Bit64) metrics.cpuTimeMs = reader.double();
    else if (number === 3 && type === WireType.Varint) metrics.memoryUsedBytes = BigInt(reader.uint64());
    else if (number === 5 && type === WireType.Bit64) metrics.serializationTimeMs = reader.double();
    else if (number === 4 && type === WireType.LengthDelimited) {
      if (!readNodeEntry(reader, metrics.nodeMetrics)) return undefined;
    } else if (number === 8 && type === WireType.LengthDelimited) {
      if (!readCountEntry(reader, metrics.dataTypeBreakdown)) return undefined;
    } else return undefined;
  }
  return reader.pos === end ? metrics : undefined;
}

function readNodeEntry(reader: BinaryReader, nodes: Record<string, NodeNumbers>): boolean {
  const end = endOfField(reader);
  if (!isNext(reader, 1)) return false;
  const id = reader.string();
  if (!isNext(reader, 2) || endOfField(reader) !== end) return false;
  const node: NodeNumbers = { executionTimeMs: 0, memoryBytes: 0n, itemsProcessed: 0n, customMetrics: "" };
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    if (number === 1 && type === WireType.Bit64) node.executionTimeMs = reader.double();
    else if (number === 2 && type === WireType.Varint) node.memoryBytes = BigInt(reader.uint64());
    else if (number === 3 && type === WireType.Varint) node.itemsProcessed = BigInt(reader.uint64());
    else if (number === 4 && type === WireType.LengthDelimited) node.customMetrics = reader.string();
    else return false;
  }
  if (id === "__proto__" || reader.pos !== end) return false;
  nodes[id] = node;
  return true;
}

function readCountEntry(reader: BinaryReader, counts: Record<string, bigint>): boolean {
  const end = endOfField(reader);
  if (!isNext(reader, 1)) return false;
  const key = reader.string();
  const [number, type] = reader.tag();
  if (number !== 2 || type !== WireType.Varint || key === "__proto__") return false;
  counts[key] = BigInt(reader.uint64());
  return reader.pos === end;
}
