import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { DATA_KINDS, type DataKind, RuntimeData, type TensorDtype } from "../../core/plugin.ts";
import { ELEMENT_ARRAYS } from "../../core/data/validate.ts";
import { problemOf, thrownBy } from "../_support/errors.ts";
import { SAMPLE_DATA } from "../_support/sample_data.ts";

describe("RuntimeData.audio", () => {
  it("takes the format from the class of the samples, and one channel by default", () => {
    const formats = [Float32Array.of(0), Int16Array.of(0), Int32Array.of(0)].map((samples) =>
      RuntimeData.audio({ samples: samples as Float32Array, sampleRate: 8000 })
    );
    assert.deepEqual(formats.map(({ format, channels }) => [format, channels]), [["f32", 1], ["i16", 1], ["i32", 1]]);
  });

  it("uses the samples as they are, and leaves absent fields out", () => {
    const samples = new Float32Array(4);
    const audio = RuntimeData.audio({ samples, sampleRate: 8000, channels: 2, timestampUs: undefined });
    assert.equal(audio.samples, samples);
    assert.deepEqual(Object.keys(audio).sort(), ["channels", "format", "sampleRate", "samples", "type"]);
  });

  it("takes an empty chunk, the highest rate and the most channels", () => {
    assert.equal(RuntimeData.audio({ samples: new Float32Array(0), sampleRate: 768_000, channels: 255 }).channels, 255);
    assert.equal(RuntimeData.audio({ samples: new Float32Array(0), sampleRate: 0.5 }).sampleRate, 0.5);
  });

  const samples = new Float32Array(6);
  const cases: readonly [string, object, string, string, string][] = [
    ["no samples", { sampleRate: 8000 }, "data.samples", "undefined", "a Float32Array"],
    ["a plain array", { samples: [0, 1], sampleRate: 8000 }, "data.samples", "[0,1]", "a Float32Array"],
    [
      "doubles",
      { samples: new Float64Array(2), sampleRate: 8000 },
      "data.samples",
      "Float64Array of 16 bytes",
      "a Float32Array",
    ],
    ["no rate", { samples }, "data.sampleRate", "undefined", "more than 0, at most 768000 Hz"],
    ["rate 0", { samples, sampleRate: 0 }, "data.sampleRate", "0", "more than 0, at most 768000 Hz"],
    ["a negative rate", { samples, sampleRate: -1 }, "data.sampleRate", "-1", "more than 0, at most 768000 Hz"],
    ["rate NaN", { samples, sampleRate: NaN }, "data.sampleRate", "NaN", "more than 0, at most 768000 Hz"],
    [
      "rate Infinity",
      { samples, sampleRate: Infinity },
      "data.sampleRate",
      "Infinity",
      "more than 0, at most 768000 Hz",
    ],
    [
      "a rate too high",
      { samples, sampleRate: 768_001 },
      "data.sampleRate",
      "768001",
      "more than 0, at most 768000 Hz",
    ],
    ["a rate as text", { samples, sampleRate: "8000" }, "data.sampleRate", '"8000"', "more than 0, at most 768000 Hz"],
    ["0 channels", { samples, sampleRate: 1, channels: 0 }, "data.channels", "0", "a whole number from 1 to 255"],
    ["256 channels", { samples, sampleRate: 1, channels: 256 }, "data.channels", "256", "a whole number from 1 to 255"],
    ["1.5 channels", { samples, sampleRate: 1, channels: 1.5 }, "data.channels", "1.5", "a whole number from 1 to 255"],
    [
      "channels null",
      { samples, sampleRate: 1, channels: null },
      "data.channels",
      "null",
      "a whole number from 1 to 255",
    ],
    [
      "a broken frame",
      { samples, sampleRate: 1, channels: 4 },
      "data.samples.length",
      "6",
      "a multiple of 4 (the number of channels)",
    ],
    ["a timestamp NaN", { samples, sampleRate: 1, timestampUs: NaN }, "data.timestampUs", "NaN", "a finite number"],
    [
      "metadata in a list",
      { samples, sampleRate: 1, metadata: [] },
      "data.metadata",
      "[]",
      "an object with JSON values",
    ],
    [
      "metadata null",
      { samples, sampleRate: 1, metadata: null },
      "data.metadata",
      "null",
      "an object with JSON values",
    ],
    [
      "a function in metadata",
      { samples, sampleRate: 1, metadata: { a: [() => 1] } },
      "data.metadata.a[0]",
      "a function",
      "a JSON value",
    ],
  ];
  for (const [name, init, path, received, expected] of cases) {
    it(`refuses ${name}`, () => {
      const error = thrownBy(() => RuntimeData.audio(init as never));
      assert.equal(error.reason, "invalid-data");
      const problem = problemOf(() => RuntimeData.audio(init as never));
      assert.deepEqual([problem.path, problem.received, problem.expected], [path, received, expected]);
    });
  }
});

describe("RuntimeData.text, json, binary", () => {
  it("make plain objects", () => {
    assert.deepEqual(RuntimeData.text("", { language: "en" }), { type: "text", text: "", language: "en" });
    assert.deepEqual(RuntimeData.json(null), { type: "json", value: null });
    const bytes = Uint8Array.of(1);
    assert.deepEqual(RuntimeData.binary(bytes, { mimeType: "a/b" }), { type: "binary", bytes, mimeType: "a/b" });
  });

  it("cannot be talked into another kind by their options", () => {
    const options = { type: "json", value: 1, text: "other" } as never;
    assert.throws(() => RuntimeData.text("mine", options), { reason: "invalid-data" });
    assert.equal(RuntimeData.text("mine", { text: "other" } as never).text, "mine");
  });

  it("take a Node Buffer, which is a Uint8Array", () => {
    assert.equal(RuntimeData.binary(Buffer.from("abc")).bytes.length, 3);
  });

  it("take an optional field that is undefined in JSON, but not in a list", () => {
    assert.equal(RuntimeData.json({ a: undefined } as never).type, "json");
    assert.equal(problemOf(() => RuntimeData.json([undefined] as never)).path, "data.value[0]");
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const cases: readonly [string, () => unknown, string, string | RegExp, string][] = [
    ["text that is a number", () => RuntimeData.text(5 as never), "data.text", "5", "a string"],
    [
      "text that is a String object",
      () => RuntimeData.text(new String("a") as never),
      "data.text",
      /class String/,
      "a string",
    ],
    [
      "a language that is no text",
      () => RuntimeData.text("a", { language: 5 } as never),
      "data.language",
      "5",
      "a string",
    ],
    ["json undefined", () => RuntimeData.json(undefined as never), "data.value", "undefined", "a JSON value"],
    ["json NaN", () => RuntimeData.json({ a: { b: [1, NaN] } }), "data.value.a.b[1]", "NaN", "a finite number"],
    ["json -Infinity", () => RuntimeData.json(-Infinity), "data.value", "-Infinity", "a finite number"],
    ["a bigint", () => RuntimeData.json([1n] as never), "data.value[0]", "1n", "a JSON value"],
    ["a symbol", () => RuntimeData.json(Symbol("s") as never), "data.value", "a symbol", "a JSON value"],
    ["a function", () => RuntimeData.json({ f() {} } as never), "data.value.f", "function f", "a JSON value"],
    ["a date", () => RuntimeData.json({ at: new Date(0) } as never), "data.value.at", /class Date/, "a plain object"],
    ["a map", () => RuntimeData.json(new Map() as never), "data.value", /class Map/, "a plain object"],
    [
      "a typed array in json",
      () => RuntimeData.json(new Uint8Array(2) as never),
      "data.value",
      "Uint8Array of 2 bytes",
      "a plain object",
    ],
    ["a list with a hole", () => RuntimeData.json([1, , 2] as never), "data.value[1]", "undefined", "a JSON value"],
    [
      "a cycle",
      () => RuntimeData.json(cyclic as never),
      `data.value${".self".repeat(20)}…`,
      '{"self":(cyclic)}',
      "at most 200 levels",
    ],
    ["bytes in a list", () => RuntimeData.binary([1, 2] as never), "data.bytes", "[1,2]", "a Uint8Array"],
    [
      "an ArrayBuffer",
      () => RuntimeData.binary(new ArrayBuffer(2) as never),
      "data.bytes",
      /class ArrayBuffer/,
      "a Uint8Array",
    ],
    [
      "a DataView",
      () => RuntimeData.binary(new DataView(new ArrayBuffer(2)) as never),
      "data.bytes",
      "DataView of 2 bytes",
      "a Uint8Array",
    ],
    [
      "clamped bytes",
      () => RuntimeData.binary(new Uint8ClampedArray(2) as never),
      "data.bytes",
      "Uint8ClampedArray of 2 bytes",
      "a Uint8Array",
    ],
  ];
  for (const [name, call, path, received, expected] of cases) {
    it(`refuse ${name}`, () => {
      const problem = problemOf(call);
      assert.deepEqual([problem.path, problem.expected], [path, expected]);
      if (typeof received === "string") assert.equal(problem.received, received);
      else assert.match(problem.received ?? "", received);
    });
  }
});

describe("RuntimeData.tensor", () => {
  it("takes dtype and shape from the data, for every dtype", () => {
    for (const dtype of Object.keys(ELEMENT_ARRAYS) as TensorDtype[]) {
      const data = new ELEMENT_ARRAYS[dtype](6);
      const byDefault = RuntimeData.tensor({ data: data as Float32Array });
      assert.equal(byDefault.dtype as string, dtype === "f16" ? "u16" : dtype);
      assert.deepEqual(byDefault.shape, [6]);
      const asked = RuntimeData.tensor({
        data: data as Float32Array,
        dtype: dtype as "f32",
        shape: [2, 3],
        layout: "HW",
      });
      assert.deepEqual([asked.dtype as string, asked.shape, asked.layout], [dtype, [2, 3], "HW"]);
    }
  });

  it("takes scalars and tensors without elements", () => {
    assert.deepEqual(RuntimeData.tensor({ data: Float32Array.of(1), shape: [] }).shape, []);
    assert.deepEqual(RuntimeData.tensor({ data: new Float32Array(0), shape: [3, 0] }).shape, [3, 0]);
  });

  const data = new Float32Array(6);
  const sizes = "an array of whole numbers, none negative";
  const product = "a shape whose product is 6, the number of elements";
  const cases: readonly [string, object, string, string, string][] = [
    ["a list", { data: [1] }, "data.data", "[1]", "a Float32Array"],
    ["no data", {}, "data.data", "undefined", "a Float32Array"],
    ["another class than the dtype's", { data, dtype: "i8" }, "data.data", "Float32Array of 24 bytes", "a Int8Array"],
    ["a shape that does not fit", { data, shape: [2, 2] }, "data.shape", "[2,2]", product],
    ["a shape with a hole", { data, shape: [, 6] }, "data.shape", "[undefined,6]", sizes],
    ["a negative size", { data, shape: [-2, -3] }, "data.shape", "[-2,-3]", sizes],
    ["half a size", { data, shape: [1.5, 4] }, "data.shape", "[1.5,4]", sizes],
    ["a size as text", { data, shape: ["6"] }, "data.shape", '["6"]', sizes],
    ["a shape that is a number", { data, shape: 6 }, "data.shape", "6", sizes],
    [
      "a product beyond all numbers",
      { data, shape: Array(40).fill(2 ** 53 - 1) },
      "data.shape",
      "[9007199254740991,",
      product,
    ],
    ["a layout that is no text", { data, layout: 5 }, "data.layout", "5", "a string"],
  ];
  for (const [name, init, path, received, expected] of cases) {
    it(`refuses ${name}`, () => {
      const problem = problemOf(() => RuntimeData.tensor(init as never));
      assert.deepEqual([problem.path, problem.expected], [path, expected]);
      assert.ok(problem.received?.startsWith(received) === true, problem.received ?? "");
    });
  }
});

describe("RuntimeData.video", () => {
  it("knows the size of a frame in every format, also of odd dimensions", () => {
    const sizes = { rgb24: 45, rgba32: 60, gray8: 15, yuv420p: 27, i420: 27, nv12: 27 } as const;
    for (const [pixelFormat, bytes] of Object.entries(sizes) as [keyof typeof sizes, number][]) {
      const frame = { width: 5, height: 3, pixelFormat };
      assert.equal(RuntimeData.video({ ...frame, pixels: new Uint8Array(bytes) }).type, "video");
      const problem = problemOf(() => RuntimeData.video({ ...frame, pixels: new Uint8Array(bytes + 1) }));
      assert.equal(problem.path, "data.pixels.byteLength");
      assert.equal(problem.received, `${bytes + 1}`);
      assert.equal(problem.expected, `${bytes} bytes for 5×3 ${pixelFormat}`);
    }
  });

  it("takes a packet of a codec, of any size", () => {
    const packet = { pixels: new Uint8Array(7), width: 640, height: 480, codec: "vp8", isKeyframe: true } as const;
    assert.equal(RuntimeData.video({ ...packet, pixelFormat: "encoded" }).pixels.length, 7);
  });

  const frame = { pixels: new Uint8Array(6), width: 3, height: 2, pixelFormat: "gray8" };
  const cases: readonly [string, object, string][] = [
    ["no pixels", { pixels: undefined }, "data.pixels"],
    ["width 0", { width: 0 }, "data.width"],
    ["a height too large", { height: 16_385 }, "data.height"],
    ["an unknown format", { pixelFormat: "bgr24" }, "data.pixelFormat"],
    ["a format named like a prototype key", { pixelFormat: "constructor" }, "data.pixelFormat"],
    ["a negative frame number", { frameNumber: -1 }, "data.frameNumber"],
    ["a frame number as text", { frameNumber: "1" }, "data.frameNumber"],
    ["an unknown codec", { codec: "mpeg2" }, "data.codec"],
    ["a keyframe mark that is a number", { isKeyframe: 1 }, "data.isKeyframe"],
  ];
  for (const [name, change, path] of cases) {
    it(`refuses ${name}`, () => {
      assert.equal(problemOf(() => RuntimeData.video({ ...frame, ...change } as never)).path, path);
    });
  }
});

describe("RuntimeData.file", () => {
  it("takes a path and where the part lies", () => {
    const file = RuntimeData.file({ path: "a.wav", sizeBytes: 0, offsetBytes: 10, lengthBytes: 2 ** 53 - 1 });
    assert.equal(file.type, "file");
  });

  const cases: readonly [object, string][] = [
    [{}, "data.path"],
    [{ path: "" }, "data.path"],
    [{ path: "a", sizeBytes: -1 }, "data.sizeBytes"],
    [{ path: "a", offsetBytes: 0.5 }, "data.offsetBytes"],
    [{ path: "a", lengthBytes: 2 ** 53 }, "data.lengthBytes"],
    [{ path: "a", filename: 1 }, "data.filename"],
    [{ path: "a", mimeType: null }, "data.mimeType"],
  ];
  for (const [init, path] of cases) {
    it(`refuses ${JSON.stringify(init)}`, () => {
      assert.equal(problemOf(() => RuntimeData.file(init as never)).path, path);
    });
  }
});

describe("RuntimeData.control", () => {
  it("takes every message", () => {
    for (
      const message of [
        { op: "cancel-speculation", fromTimestampUs: 0, toTimestampUs: 5 },
        { op: "batch-hint", batchSize: 4 },
        { op: "deadline-warning", deadlineUs: 1e6 },
      ] as const
    ) assert.deepEqual(RuntimeData.control(message, { segmentId: "s" }).control, message);
  });

  const cases: readonly [unknown, string][] = [
    [undefined, "data.control.op"],
    [null, "data.control.op"],
    [{}, "data.control.op"],
    [{ op: "stop" }, "data.control.op"],
    [{ op: "__proto__" }, "data.control.op"],
    [{ op: "batch-hint" }, "data.control.batchSize"],
    [{ op: "batch-hint", batchSize: "4" }, "data.control.batchSize"],
    [{ op: "batch-hint", batchSize: 4, deadlineUs: 1 }, "data.control.deadlineUs"],
    [{ op: "cancel-speculation", fromTimestampUs: 0 }, "data.control.toTimestampUs"],
    [{ op: "deadline-warning", deadlineUs: NaN }, "data.control.deadlineUs"],
  ];
  for (const [message, path] of cases) {
    it(`refuses ${JSON.stringify(message)}`, () => {
      assert.equal(problemOf(() => RuntimeData.control(message as never)).path, path);
    });
  }
});

describe("RuntimeData.is… and as…", () => {
  const named = (kind: DataKind) => `${kind[0]?.toUpperCase()}${kind.slice(1)}` as "Audio";

  it("tell every kind from every other", () => {
    for (const kind of DATA_KINDS) {
      for (const data of SAMPLE_DATA) {
        assert.equal(RuntimeData[`is${named(kind)}`](data), data.type === kind, `is ${kind}: ${data.type}`);
        const extract = () => RuntimeData[`as${named(kind)}`](data);
        if (data.type === kind) assert.ok(extract() !== undefined);
        else {
          const error = thrownBy(extract);
          assert.equal(error.reason, "wrong-kind");
          const remedy = `Check with RuntimeData.is${named(kind)}(data) first.`;
          assert.equal(
            error.message,
            `[invalid-argument] expected ${kind} data, received a ${data.type} value. ${remedy}`,
          );
        }
      }
    }
  });

  it("extract what is inside", () => {
    const bytes = Uint8Array.of(1);
    const tensor = RuntimeData.tensor({ data: Float32Array.of(1) });
    assert.equal(RuntimeData.asText(RuntimeData.text("a")), "a");
    assert.deepEqual(RuntimeData.asJson(RuntimeData.json([1])), [1]);
    assert.equal(RuntimeData.asBinary(RuntimeData.binary(bytes)), bytes);
    assert.equal(RuntimeData.asTensor(tensor), tensor);
    assert.deepEqual(RuntimeData.asControl(RuntimeData.control({ op: "batch-hint", batchSize: 1 })).op, "batch-hint");
  });

  it("say no to what is not RuntimeData at all", () => {
    for (const value of [undefined, null, 5, "text", {}, { type: 5 }, []]) {
      assert.equal(RuntimeData.isText(value as never), false);
      assert.equal(thrownBy(() => RuntimeData.asText(value as never)).reason, "wrong-kind");
    }
  });
});
