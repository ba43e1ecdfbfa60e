/**
 * TensorBuffer and NumpyBuffer to tensors and back.
 *
 * @module
 */

import { type DataCommon, RuntimeData, StreamrackError, type TensorData, type TensorDtype } from "../../core/plugin.ts";
import { type NumpyBuffer, type TensorBuffer, TensorDtype as WireDtype } from "../gen/v004/remotemedia/v1/common_pb.ts";
import { copyBytes } from "./pcm.ts";

const ELEMENTS = {
  f16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
} as const satisfies { readonly [D in TensorDtype]: unknown };

const WIRE_DTYPES: ReadonlyMap<WireDtype, TensorDtype> = new Map([
  [WireDtype.F32, "f32"],
  [WireDtype.F16, "f16"],
  [WireDtype.I32, "i32"],
  [WireDtype.I8, "i8"],
  [WireDtype.U8, "u8"],
]);

const NUMPY_NAMES: { readonly [D in TensorDtype]: string } = {
  f16: "float16",
  f32: "float32",
  f64: "float64",
  i8: "int8",
  u8: "uint8",
  i16: "int16",
  u16: "uint16",
  i32: "int32",
  u32: "uint32",
  i64: "int64",
  u64: "uint64",
};

/**
 * Reads a tensor in row-major order.
 *
 * @throws {StreamrackError} `invalid-data` if dtype, shape and bytes do not fit.
 */
export function readTensor(buffer: TensorBuffer, common: DataCommon): TensorData {
  const dtype = WIRE_DTYPES.get(buffer.dtype);
  if (dtype === undefined) {
    throw invalid("dtype", "is not known", String(buffer.dtype), "1 to 5 (F32, F16, I32, I8, U8)");
  }
  const layout = buffer.layout === "" ? undefined : buffer.layout;
  return makeTensor(dtype, buffer.data, buffer.shape.map(Number), { ...common, layout });
}

/**
 * Reads a numpy array, in any order of its bytes.
 *
 * @throws {StreamrackError} `invalid-data` if dtype, shape, strides and bytes do not fit.
 */
export function readNumpy(buffer: NumpyBuffer, common: DataCommon): TensorData {
  const name = buffer.dtype.replace(/^[<|=]/, "");
  const dtype = (Object.keys(NUMPY_NAMES) as TensorDtype[]).find((key) => NUMPY_NAMES[key] === name);
  if (dtype === undefined) {
    throw invalid("dtype", "is not known", JSON.stringify(buffer.dtype), Object.values(NUMPY_NAMES).join(", "));
  }
  const shape = buffer.shape.map(Number);
  const strides = buffer.strides.map(Number);
  const isRowMajor = buffer.cContiguous || strides.length === 0 && !buffer.fContiguous;
  const bytes = isRowMajor ? buffer.data : toRowMajor(buffer.data, shape, {
    itemBytes: ELEMENTS[dtype].BYTES_PER_ELEMENT,
    strides: strides.length > 0 ? strides : columnMajorStrides(shape, ELEMENTS[dtype].BYTES_PER_ELEMENT),
  });
  return makeTensor(dtype, bytes, shape, common);
}

/** Writes a tensor: as a TensorBuffer where that has the dtype, else as a NumpyBuffer. */
export function writeTensor(tensor: TensorData):
  | { readonly case: "tensor"; readonly value: Omit<TensorBuffer, "$typeName"> }
  | { readonly case: "numpy"; readonly value: Omit<NumpyBuffer, "$typeName"> } {
  const { data: elements, dtype } = tensor;
  const data = new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
  const shape = tensor.shape.map(BigInt);
  const wireDtype = [...WIRE_DTYPES].find(([, name]) => name === dtype)?.[0];
  if (wireDtype !== undefined) {
    return { case: "tensor", value: { data, shape, dtype: wireDtype, layout: tensor.layout ?? "" } };
  }
  const dtypeName = NUMPY_NAMES[dtype];
  return {
    case: "numpy",
    value: { data, shape, dtype: dtypeName, strides: [], cContiguous: true, fContiguous: false },
  };
}

function makeTensor(
  dtype: TensorDtype,
  bytes: Uint8Array,
  shape: readonly number[],
  common: DataCommon & { readonly layout?: string | undefined },
): TensorData {
  const Elements = ELEMENTS[dtype];
  if (bytes.length % Elements.BYTES_PER_ELEMENT !== 0) {
    throw invalid(
      "data",
      `is no whole number of ${dtype} elements`,
      `${bytes.length} bytes`,
      "bytes that fit the dtype",
    );
  }
  const data = new Elements(copyBytes(bytes));
  return RuntimeData.tensor({ ...common, data, dtype, shape } as Parameters<typeof RuntimeData.tensor>[0]);
}

function columnMajorStrides(shape: readonly number[], itemBytes: number): number[] {
  let stride = itemBytes;
  return shape.map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
}

/** Gathers the elements of a strided array in row-major order. */
function toRowMajor(
  bytes: Uint8Array,
  shape: readonly number[],
  { itemBytes, strides }: { readonly itemBytes: number; readonly strides: readonly number[] },
): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1);
  // The shape is the sender's word: nothing is allocated for elements that are not there.
  if (strides.length !== shape.length || !(count * itemBytes <= bytes.length)) {
    throw invalid(
      "strides",
      "do not fit the shape and the bytes",
      `${strides.length} of them`,
      "one for each dimension",
    );
  }
  const gathered = new Uint8Array(count * itemBytes);
  const index = shape.map(() => 0);
  for (let i = 0; i < count; i++) {
    const from = index.reduce((sum, position, axis) => sum + position * (strides[axis] as number), 0);
    if (from < 0 || from + itemBytes > bytes.length) {
      throw invalid("strides", "lead out of the bytes", strides.join(", "), `offsets below ${bytes.length}`);
    }
    gathered.set(bytes.subarray(from, from + itemBytes), i * itemBytes);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return gathered;
}

function invalid(path: string, message: string, received: string, expected: string): StreamrackError {
  return new StreamrackError("invalid-data", "this tensor cannot be read", {
    problems: [{ path: `tensor.${path}`, message, received, expected }],
  });
}
