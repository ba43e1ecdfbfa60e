import { itemContext } from "../_support/item_context.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type JsonValue, RuntimeData, type RuntimeData as Data } from "../../core/plugin.ts";
import { StreamingNodeFactory } from "../../core/node/factory.ts";
import { add, multiply } from "../../plugins/util/arithmetic.ts";
import { delay } from "../../plugins/util/delay.ts";
import { echo } from "../../plugins/util/echo.ts";
import util from "../../plugins/util/mod.ts";
import { passthrough } from "../../plugins/util/passthrough.ts";
import { runNode } from "../../testing/mod.ts";

/** One value of each kind. */
const ONE_OF_EACH: readonly Data[] = [
  RuntimeData.audio({ samples: Int16Array.of(1, 2, 3, 4), sampleRate: 8000, channels: 2, timestampUs: 5 }),
  RuntimeData.text("hello", { language: "en" }),
  RuntimeData.json({ a: [1, null] }, { metadata: { from: "test" } }),
  RuntimeData.binary(Uint8Array.of(1, 2, 3), { mimeType: "image/png" }),
  RuntimeData.tensor({ data: Float32Array.of(1, 2), dtype: "f32", shape: [1, 2] }),
  RuntimeData.video({ pixels: new Uint8Array(6), width: 3, height: 2, pixelFormat: "gray8", frameNumber: 9 }),
  RuntimeData.file({ path: "a.wav", sizeBytes: 44 }),
  RuntimeData.control({ op: "batch-hint", batchSize: 4 }),
];

const jsonOf = (output: readonly Data[]): JsonValue[] => output.map((data) => RuntimeData.asJson(data));
const json = (...values: JsonValue[]): Data[] => values.map((value) => RuntimeData.json(value));

describe("util", () => {
  it("answers to the names that existing clients use", () => {
    const names = util.nodes.flatMap(({ type, aliases = [] }) => [type, ...aliases]);
    for (
      const name of [
        "PassThrough",
        "PassThroughNode",
        "Echo",
        "CalculatorNode",
        "AddNode",
        "MultiplyNode",
        "util.delay",
      ]
    ) {
      assert.ok(names.includes(name), name);
    }
    assert.equal(new Set(names).size, names.length);
  });
});

describe("util.passthrough", () => {
  it("gives every kind back as it came", async () => {
    assert.deepEqual((await runNode(passthrough, ONE_OF_EACH)).output, ONE_OF_EACH);
  });
});

describe("util.echo", () => {
  it("shows every kind, and counts", async () => {
    const { output } = await runNode(echo, ONE_OF_EACH);
    const answers = jsonOf(output) as { input: JsonValue; counter: number; node: string }[];
    assert.deepEqual(answers.map(({ counter }) => counter), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(new Set(answers.map(({ node }) => node)), new Set(["Echo"]));
    assert.deepEqual(answers.map(({ input }) => input), [
      { type: "audio", sampleRate: 8000, channels: 2, format: "i16", frames: 2 },
      "hello",
      { a: [1, null] },
      { type: "binary", mimeType: "image/png", byteLength: 3 },
      { type: "tensor", dtype: "f32", shape: [1, 2], byteLength: 8 },
      { type: "video", width: 3, height: 2, pixelFormat: "gray8", frameNumber: 9, byteLength: 6 },
      { type: "file", path: "a.wav", sizeBytes: 44 },
      { type: "control", control: { op: "batch-hint", batchSize: 4 } },
    ]);
    assert.equal(output[0]?.timestampUs, 5);
    assert.deepEqual(output[2]?.metadata, { from: "test" });
  });

  it("counts for each session from 1", async () => {
    for (let session = 0; session < 2; session++) {
      assert.deepEqual(jsonOf((await runNode(echo, json("x"))).output), [{ input: "x", counter: 1, node: "Echo" }]);
    }
  });
});

describe("util.delay", () => {
  it("keeps the order, in both modes", async () => {
    for (const mode of ["each", "first"]) {
      for (const delayMs of [0, 0.5, 2]) {
        const { output } = await runNode(delay, json(1, 2, 3), { params: { delayMs, mode } });
        assert.deepEqual(jsonOf(output), [1, 2, 3]);
      }
    }
  });

  it("waits for each value, or for the first one", async () => {
    for (const [mode, expected] of [["each", [1000, 1000]], ["first", [1000]]] as const) {
      const waits: unknown[] = [];
      const { setTimeout } = globalThis;
      // Stands in for the runtime's timer: notes how long the wait is, and ends it at once.
      globalThis.setTimeout = ((done: () => void, ms: number) => {
        waits.push(ms);
        queueMicrotask(done);
      }) as unknown as typeof setTimeout;
      try {
        const hold = await create({ delayMs: 1000, mode });
        const { signal } = new AbortController();
        for (const data of json(1, 2)) assert.equal(await hold(data, signal), data);
      } finally {
        globalThis.setTimeout = setTimeout;
      }
      assert.deepEqual(waits, expected);
    }
  });

  it("stops waiting at once when the session is cancelled", async () => {
    // A timer that was left over would keep the process of the test alive for an hour.
    const controller = new AbortController();
    const hold = await create({ delayMs: 3_600_000 });
    const waiting = hold(RuntimeData.json(1), controller.signal);
    controller.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(hold(RuntimeData.json(1), controller.signal), /enough/);
  });

  it("names bad parameters", async () => {
    for (const params of [{}, { delayMs: -1 }, { delayMs: 1e9 }, { delayMs: "1" }, { delayMs: NaN }]) {
      const result = await new StreamingNodeFactory(delay, "util").checkParams(params, "p");
      assert.deepEqual(result.ok ? [] : result.problems.map(({ path }) => path), ["p.delayMs"]);
    }
  });

  /** Makes a node, and gives its process function. */
  async function create(params: JsonValue): Promise<(data: Data, signal: AbortSignal) => Promise<unknown>> {
    const factory = new StreamingNodeFactory(delay, "util");
    const checked = await factory.checkParams(params, "p");
    assert.ok(checked.ok);
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const { signal } = new AbortController();
    const node = await factory.create({ params: checked.params, nodeId: "delay", sources: [], signal, log });
    const source = { port: "in", from: undefined, ended: false };
    return async (data, signal) => await node.process(data as never, itemContext({ source, signal }));
  }
});

describe("util.add and util.multiply", () => {
  it("map numbers and arrays of numbers", async () => {
    assert.deepEqual(jsonOf((await runNode(add, json(1, [1, 2]), { params: { addend: 2.5 } })).output), [3.5, [
      3.5,
      4.5,
    ]]);
    assert.deepEqual(jsonOf((await runNode(multiply, json(1.5, [1, -2]))).output), [3, [2, -4]]);
    assert.deepEqual(jsonOf((await runNode(multiply, json(3), { params: { factor: 0 } })).output), [0]);
    assert.deepEqual(jsonOf((await runNode(add, json(3))).output), [3]);
  });

  it("pass everything else", async () => {
    const others = [...json("1", null, true, [], [1, "2"], [[1]], { value: 1 }), ...ONE_OF_EACH];
    assert.deepEqual((await runNode(add, others, { params: { addend: 1 } })).output, others);
    assert.deepEqual((await runNode(multiply, others)).output, others);
  });

  it("fail where the result is too large for a number", async () => {
    await assert.rejects(runNode(multiply, json(1e308), { params: { factor: 10 } }), /Infinity|finite/);
  });

  it("keep timestamp and metadata", async () => {
    const input = RuntimeData.json(1, { timestampUs: 7, metadata: { a: 1 } });
    const [output] = (await runNode(add, [input])).output;
    assert.deepEqual(output, input);
  });
});
