import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkRuntimeData } from "../../core/data/validate.ts";
import { DATA_KINDS, type JsonValue, RuntimeData } from "../../core/plugin.ts";
import { problemOf, thrownBy } from "../_support/errors.ts";
import { SAMPLE_DATA } from "../_support/sample_data.ts";

describe("checkRuntimeData", () => {
  it("gives valid values of every kind back, the same object", () => {
    assert.deepEqual(SAMPLE_DATA.map(({ type }) => type), [...DATA_KINDS]);
    for (const data of SAMPLE_DATA) assert.equal(checkRuntimeData(data), data);
  });

  it("still takes every kind after a structured clone", () => {
    for (const data of SAMPLE_DATA) assert.deepEqual(checkRuntimeData(structuredClone(data)), data);
  });

  it("refuses what is no object with a type", () => {
    for (const value of [undefined, null, 0, "", true, 1n, Symbol("s"), () => {}, {}, [], new Map()]) {
      const problem = problemOf(() => checkRuntimeData(value, "here"));
      assert.equal(problem.path, "here");
      assert.equal(problem.expected, 'an object with a "type", as RuntimeData.audio(…) makes');
    }
  });

  it("refuses unknown types, also those named like keys of a prototype", () => {
    const types = [
      undefined,
      null,
      5,
      "",
      "Audio",
      "constructor",
      "toString",
      "__proto__",
      "hasOwnProperty",
      ["audio"],
      {},
    ];
    for (const type of [...types, Symbol("audio"), { toString: () => "audio" }, { toString: () => "audio".at(99) }]) {
      const problem = problemOf(() => checkRuntimeData({ type }));
      assert.equal(problem.path, "data.type");
      assert.equal(problem.expected, `one of ${DATA_KINDS.join(", ")}`);
    }
  });

  it("refuses formats and dtypes named like keys of a prototype", () => {
    for (const name of ["constructor", "toString", "__proto__", "valueOf", ["f32"], undefined]) {
      const audio = { type: "audio", samples: new Float32Array(2), sampleRate: 8000, channels: 1, format: name };
      assert.equal(problemOf(() => checkRuntimeData(audio)).path, "data.format");
      const tensor = { type: "tensor", data: new Float32Array(2), dtype: name, shape: [2] };
      assert.equal(problemOf(() => checkRuntimeData(tensor)).path, "data.dtype");
    }
  });

  it("refuses a type that is only inherited from a prototype it cannot clone", () => {
    assert.throws(() => checkRuntimeData(Object.create({ type: "constructor" })), { reason: "invalid-data" });
  });

  it("refuses fields that the kind does not have", () => {
    for (const data of SAMPLE_DATA) {
      const problem = problemOf(() => checkRuntimeData({ ...data, extra: () => {} }, "d"));
      assert.deepEqual([problem.path, problem.received], ["d.extra", "function extra"]);
      for (const key of ["__proto__", "constructor"]) {
        const hostile = Object.defineProperty({ ...data }, key, { value: 1, enumerable: true });
        assert.equal(problemOf(() => checkRuntimeData(hostile, "d")).path, `d.${key}`);
      }
    }
  });

  it("turns whatever a getter or a proxy throws into an error of ours, with the cause", () => {
    const boom = new Error("boom");
    const throwing = () => {
      throw boom;
    };
    const getter = (key: string, rest: object = {}) =>
      Object.defineProperty({ ...rest }, key, { get: throwing, enumerable: true });
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const values = [
      getter("type"),
      getter("text", { type: "text" }),
      getter("timestampUs", { type: "text", text: "a" }),
      { type: "json", value: getter("a") },
      { type: "text", text: "a", metadata: { deep: [getter("a")] } },
      new Proxy({}, { has: throwing }),
      new Proxy({ type: "text", text: "a" }, { ownKeys: throwing }),
      { type: "json", value: new Proxy({}, { getPrototypeOf: throwing }) },
      revoked.proxy,
      { type: "json", value: revoked.proxy },
    ];
    values.forEach((value, i) => {
      const error = thrownBy(() => checkRuntimeData(value));
      assert.equal(error.reason, "invalid-data", `value ${i}`);
      assert.equal(error.problems[0]?.path, "data");
      assert.ok(error.cause instanceof Error);
    });
  });

  it("takes JSON with keys of prototypes, as JSON.parse makes them", () => {
    const value: JsonValue = JSON.parse('{"__proto__": {"x": 1}, "constructor": null, "toString": [], "then": 1}');
    assert.equal(checkRuntimeData({ type: "json", value }).type, "json");
    assert.equal(({} as { x?: number }).x, undefined);
    const bad = JSON.parse('{"__proto__": {"x": 1}}');
    bad["__proto__"].x = NaN;
    assert.equal(problemOf(() => checkRuntimeData({ type: "json", value: bad })).path, "data.value.__proto__.x");
  });

  it("takes JSON as deep as allowed, and no deeper", () => {
    const nested = (levels: number) => {
      let value: JsonValue = 1;
      for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value };
      return value;
    };
    assert.equal(RuntimeData.json(nested(201)).type, "json");
    for (const levels of [202, 300, 100_000]) {
      const problem = problemOf(() => RuntimeData.json(nested(levels)));
      assert.deepEqual([problem.message, problem.expected], ["is nested too deeply, or cyclic", "at most 200 levels"]);
    }
  });

  it("ends on cycles of every shape", () => {
    const list: unknown[] = [];
    list.push(list, list);
    const pair: Record<string, unknown> = { left: {}, right: {} };
    (pair["left"] as Record<string, unknown>)["up"] = (pair["right"] as Record<string, unknown>)["up"] = pair;
    for (const value of [list, pair, { a: [pair, list] }]) {
      assert.equal(thrownBy(() => RuntimeData.json(value as never)).reason, "invalid-data");
      assert.equal(thrownBy(() => RuntimeData.text("a", { metadata: { value } as never })).reason, "invalid-data");
    }
  });

  it("ends on JSON that stands in many places, however often", () => {
    let value: JsonValue = { leaf: true };
    for (let i = 0; i < 150; i++) value = [value, value, { value }];
    assert.throws(() => RuntimeData.json(value), { reason: "invalid-data" }); // 150 × 2 levels
    // 2^190 values if each was looked at anew.
    let flat: JsonValue = { leaf: true };
    for (let i = 0; i < 190; i++) flat = [flat, flat];
    const { message, path } = problemOf(() => RuntimeData.json(flat));
    assert.match(message, /too large when it is written out/);
    assert.match(path, /^data\.value\[0\]\[0\]/);
    // What could be written passes, and takes the room that it has.
    let small: JsonValue = { leaf: true };
    for (let i = 0; i < 20; i++) small = [small, small];
    assert.equal(RuntimeData.json(small).type, "json");
    assert.ok(RuntimeData.byteLength(RuntimeData.json(small)) < 100_000);
  });

  it("counts the text of strings as often as it stands there", () => {
    const text = "x".repeat(2 ** 20);
    assert.equal(RuntimeData.json(new Array(200).fill([text])).type, "json");
    for (
      const value of [new Array(300).fill([text]), [new Array(257).fill(text)], { [text]: new Array(300).fill(text) }]
    ) {
      assert.match(problemOf(() => RuntimeData.json(value)).message, /too large/);
    }
  });

  it("finds the one fault in a large value", () => {
    const large = Array.from({ length: 300_000 }, (_, i) => ({ i }));
    assert.equal(RuntimeData.json(large).type, "json");
    (large[299_999] as { i: unknown }).i = undefined;
    assert.equal(RuntimeData.json(large).type, "json");
    (large[299_999] as { i: unknown }).i = NaN;
    assert.equal(problemOf(() => RuntimeData.json(large)).path, "data.value[299999].i");
  });

  it("refuses a list of four thousand million holes at once", () => {
    assert.equal(problemOf(() => RuntimeData.json(new Array(2 ** 32 - 1))).path, "data.value[0]");
    assert.equal(
      problemOf(() =>
        checkRuntimeData({ type: "tensor", data: new Float32Array(1), dtype: "f32", shape: new Array(2 ** 32 - 1) })
      ).path,
      "data.shape",
    );
  });

  it("refuses detached bytes of every kind, with a remedy", () => {
    for (const data of SAMPLE_DATA.map((data) => RuntimeData.copy(data))) {
      const transfer = RuntimeData.transferables(data);
      if (transfer.length === 0) continue;
      structuredClone(data, { transfer });
      assert.ok(RuntimeData.isDetached(data), data.type);
      const error = thrownBy(() => RuntimeData.check(data, "input"));
      assert.deepEqual([error.code, error.reason, error.problems[0]?.path], [
        "invalid-argument",
        "detached-data",
        "input",
      ]);
      assert.match(error.message, /already moved away.*\n.*\{ copy: true \}/s);
    }
  });
});
