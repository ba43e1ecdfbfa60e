/**
 * Type tests of RuntimeData: nothing here runs, `deno check` is the test.
 *
 * @module
 */

import {
  type AudioData,
  type AudioDataOf,
  type AudioFormat,
  convertFormat,
  type DataKind,
  type DataOf,
  fromPlanar,
  type JsonValue,
  RuntimeData,
  type TensorData,
  type TensorDataOf,
  type TextData,
  toPlanar,
} from "../../core/plugin.ts";
import type { Equal, Expect } from "./_expect.ts";

declare const data: RuntimeData;
declare const format: AudioFormat;

// Constructors: the class of the samples decides the format, the class of the data the dtype.
const f32 = RuntimeData.audio({ samples: new Float32Array(1), sampleRate: 1 });
const i16 = RuntimeData.audio({ samples: new Int16Array(1), sampleRate: 1 });
type _Formats = Expect<Equal<[typeof f32.format, typeof i16.format], ["f32", "i16"]>>;
const ofUnion = RuntimeData.audio({
  samples: format === "f32" ? new Float32Array(1) : new Int32Array(1),
  sampleRate: 1,
});
type _OfUnion = Expect<Equal<typeof ofUnion, AudioData>>;

const floats = RuntimeData.tensor({ data: new Float32Array(1) });
const u16 = RuntimeData.tensor({ data: new Uint16Array(1) });
const f16 = RuntimeData.tensor({ data: new Uint16Array(1), dtype: "f16" });
const i64 = RuntimeData.tensor({ data: new BigInt64Array(1), shape: [1] });
type _Dtypes = Expect<
  Equal<[typeof floats.dtype, typeof u16.dtype, typeof f16.dtype, typeof i64.dtype], ["f32", "u16", "f16", "i64"]>
>;
for (const tensor of [floats, u16, f16, i64]) data satisfies RuntimeData as RuntimeData | typeof tensor;

// @ts-expect-error doubles are no samples
RuntimeData.audio({ samples: new Float64Array(1), sampleRate: 1 });
// @ts-expect-error audio needs its rate
RuntimeData.audio({ samples: new Float32Array(1) });
// @ts-expect-error the dtype does not fit the data
RuntimeData.tensor({ data: new Float32Array(1), dtype: "i8" });
// @ts-expect-error JSON has no functions
RuntimeData.json({ f: () => {} });
// @ts-expect-error nor dates
RuntimeData.json([new Date()]);
// @ts-expect-error no such message
RuntimeData.control({ op: "stop" });

// Guards narrow to the kind; format and dtype narrow further.
if (RuntimeData.isAudio(data)) {
  type _Audio = Expect<Equal<typeof data, AudioData>>;
  if (data.format === "i16") {
    type _Samples = Expect<Equal<typeof data, AudioDataOf<"i16">>>;
    data.samples satisfies Int16Array;
    // @ts-expect-error not of this class
    data.samples satisfies Float32Array;
  }
} else if (data.type === "tensor") {
  type _Tensor = Expect<Equal<typeof data, TensorData>>;
  if (data.dtype === "i64") data.data satisfies BigInt64Array;
  if (data.dtype === "f16") data.data satisfies Uint16Array;
  // @ts-expect-error any dtype is possible here
  data.data satisfies Float32Array;
} else if (RuntimeData.isControl(data) && data.control.op === "batch-hint") {
  data.control.batchSize satisfies number;
  // @ts-expect-error a field of another message
  data.control.deadlineUs;
}

// Extraction gives what is inside.
type _Text = Expect<Equal<ReturnType<typeof RuntimeData.asText>, string>>;
type _Json = Expect<Equal<ReturnType<typeof RuntimeData.asJson>, JsonValue>>;
type _AudioValue = Expect<Equal<ReturnType<typeof RuntimeData.asAudio>, AudioData>>;

// Kinds and their values.
type _Kind = Expect<Equal<DataOf<"text">, TextData>>;
type _All = Expect<Equal<DataOf<DataKind>, RuntimeData>>;
type _Formats2 = Expect<Equal<AudioDataOf<AudioFormat>, AudioData>>;
type _Tensors = Expect<Equal<TensorDataOf<"f32" | "i8">, TensorDataOf<"f32"> | TensorDataOf<"i8">>>;
type _Copy = Expect<Equal<ReturnType<typeof RuntimeData.copy<TextData>>, TextData>>;

// Conversions carry the format along.
const converted = convertFormat(f32, "i16");
type _Converted = Expect<Equal<typeof converted, AudioDataOf<"i16">>>;
const open = convertFormat(f32, format);
type _Open = Expect<Equal<typeof open, AudioData>>;
const planes = toPlanar(i16);
type _Planes = Expect<Equal<typeof planes, Int16Array[]>>;
const joined = fromPlanar([new Int32Array(1)], { sampleRate: 1 });
type _Joined = Expect<Equal<typeof joined, AudioDataOf<"i32">>>;

// Values are read-only but for their bytes, which their owner may change.
f32.samples[0] = 1;
// @ts-expect-error a field of a value
f32.sampleRate = 2;
