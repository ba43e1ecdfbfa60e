/**
 * Writes ONNX files: the few messages of `onnx.proto3` that a small graph
 * takes, in the wire format of Protocol Buffers.
 *
 * @module
 */

/** Types of numbers: `TensorProto.DataType`. */
const FLOAT = 1;
const INT64 = 7;
/** `AttributeProto.AttributeType`. */
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;
/** Of a file whose operators are those of version 17 of the standard set, which ONNX Runtime has known since 2022. */
const IR_VERSION = 8;
const OPSET_VERSION = 17;

/** An input or output of a graph. A name instead of a size: it is known at run time only. */
export interface OnnxValue {
  readonly name: string;
  readonly type: "float" | "int64";
  readonly dims: readonly (number | string)[];
}

/** A constant. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** One operation. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: { readonly [name: string]: number | readonly number[] };
}

/** What is computed of what. The nodes stand in the order in which they run. */
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly tensors: readonly OnnxTensor[];
  readonly nodes: readonly OnnxNode[];
}

/** The bytes of a model file. */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  return message([
    int(1, IR_VERSION),
    text(2, "streamrack"),
    bytes(7, writeGraph(graph)),
    bytes(8, message([text(1, ""), int(2, OPSET_VERSION)])),
  ]);
}

function writeGraph({ name, inputs, outputs, tensors, nodes }: OnnxGraph): Uint8Array {
  return message([
    ...nodes.map((node) => bytes(1, writeNode(node))),
    text(2, name),
    ...tensors.map((tensor) => bytes(5, writeTensor(tensor))),
    ...inputs.map((value) => bytes(11, writeValue(value))),
    ...outputs.map((value) => bytes(12, writeValue(value))),
  ]);
}

function writeNode({ op, inputs, outputs, attributes = {} }: OnnxNode): Uint8Array {
  return message([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, writeAttribute(name, value))),
  ]);
}

function writeAttribute(name: string, value: number | readonly number[]): Uint8Array {
  const fields = typeof value === "number"
    ? [int(3, value), int(20, ATTRIBUTE_INT)]
    : [...value.map((number) => int(8, number)), int(20, ATTRIBUTE_INTS)];
  return message([text(1, name), ...fields]);
}

function writeTensor({ name, dims, data }: OnnxTensor): Uint8Array {
  // Raw data is little-endian, as every machine that runs this is.
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const type = data instanceof Float32Array ? FLOAT : INT64;
  return message([...dims.map((dim) => int(1, dim)), int(2, type), text(8, name), bytes(9, raw)]);
}

function writeValue({ name, type, dims }: OnnxValue): Uint8Array {
  const shape = message(
    dims.map((dim) => bytes(1, message([typeof dim === "number" ? int(1, dim) : text(2, dim)]))),
  );
  const tensor = message([int(1, type === "float" ? FLOAT : INT64), bytes(2, shape)]);
  return message([text(1, name), bytes(2, message([bytes(1, tensor)]))]);
}

function message(fields: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(fields.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const field of fields) {
    all.set(field, at);
    at += field.length;
  }
  return all;
}

function int(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field << 3), ...varint(value)]);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value));
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return message([Uint8Array.from([...varint(field << 3 | 2), ...varint(value.length)]), value]);
}

function varint(value: number): number[] {
  const digits: number[] = [];
  for (let rest = value;; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...digits, rest];
    digits.push(rest % 128 + 128);
  }
}
