import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createContext, runInContext } from "node:vm";
import {
  displayValue,
  ERROR_CODES,
  ERROR_REASONS,
  isError,
  renderProblem,
  StreamrackError,
} from "../../core/errors.ts";
import { HOSTILE, revoked } from "../_support/hostile.ts";

describe("StreamrackError", () => {
  it("takes its code from the reason, for every reason", () => {
    for (const [reason, code] of Object.entries(ERROR_REASONS)) {
      assert.ok(ERROR_CODES.includes(code), reason);
      const error = new StreamrackError(reason as "unknown", "it failed");
      assert.equal(error.code, code);
      assert.equal(error.message, `[${code}] it failed`);
      assert.equal(error.retryable, code === "unavailable" || code === "resource-exhausted");
    }
    assert.equal(ERROR_CODES.length, 16);
  });

  it("says where, what, and what to do", () => {
    const place = { nodeId: "n", pluginName: "p" };
    const problems = [
      { path: "a.b", message: "is wrong", received: "1", expected: "2" },
      { path: "", message: "is missing" },
    ];
    const message = (options: ConstructorParameters<typeof StreamrackError>[2]) =>
      new StreamrackError("node-failed", "it failed", options).message;
    assert.equal(message({}), "[aborted] it failed");
    assert.equal(message({ nodeId: "n" }), '[aborted] it failed (node "n")');
    assert.equal(message({ pluginName: "p" }), '[aborted] it failed (plugin "p")');
    assert.equal(message(place), '[aborted] it failed (node "n" of plugin "p")');
    assert.equal(message({ remedy: "Do this." }), "[aborted] it failed. Do this.");
    assert.equal(
      message({ ...place, problems, remedy: "Do this.", code: "internal" }),
      '[internal] it failed (node "n" of plugin "p")\n  - a.b: is wrong; received 1; expected 2\n  - is missing\nDo this.',
    );
  });

  it("keeps its cause, and has none where none was given", () => {
    const cause = new Error("below");
    assert.equal(new StreamrackError("unknown", "x", { cause }).cause, cause);
    assert.equal("cause" in new StreamrackError("unknown", "x"), false);
  });

  it("is told by its brand, not by its class: another copy of the package makes the same errors", () => {
    const other = Object.assign(new Error("x"), { [Symbol.for("streamrack.error")]: true });
    assert.ok(StreamrackError.is(new StreamrackError("unknown", "x")));
    assert.ok(StreamrackError.is(other));
    for (const value of [undefined, null, "x", 5, {}, new Error("x"), () => {}, ...HOSTILE]) {
      assert.equal(StreamrackError.is(value), false);
    }
  });
});

describe("StreamrackError.from", () => {
  it("gives one of ours back as it is", () => {
    const error = new StreamrackError("worker-crashed", "x");
    assert.equal(StreamrackError.from(error, "unknown", { nodeId: "n" }), error);
  });

  it("makes anything else the cause", () => {
    const cause = new TypeError("bad");
    const error = StreamrackError.from(cause, "node-failed", { nodeId: "n" });
    assert.deepEqual([error.message, error.cause, error.reason], [
      '[aborted] TypeError: bad (node "n")',
      cause,
      "node-failed",
    ]);
    assert.equal(StreamrackError.from(new Error("plain")).message, "[unknown] plain");
    assert.equal(StreamrackError.from("text").message, '[unknown] a value that is not an Error was thrown: "text"');
    assert.equal(
      StreamrackError.from(undefined).message,
      "[unknown] a value that is not an Error was thrown: undefined",
    );
  });

  it("never throws itself", () => {
    for (const value of HOSTILE) assert.equal(StreamrackError.from(value).reason, "unknown");
  });
});

describe("isError", () => {
  it("knows errors of every realm, and throws for none", () => {
    const foreign = runInContext("new RangeError('far')", createContext({}));
    for (const error of [new Error(), new TypeError(), new DOMException("x"), new AggregateError([]), foreign]) {
      assert.ok(isError(error));
    }
    for (const value of [undefined, null, "x", {}, { name: "Error", message: "x" }, revoked({}), revoked([])]) {
      assert.equal(isError(value), false);
    }
  });
});

describe("renderProblem", () => {
  it("does not show the value twice when the message of a schema library has it", () => {
    const problem = { path: "p", message: 'Invalid type: Expected number but received "x"', received: '"x"' };
    assert.equal(renderProblem(problem), `p: ${problem.message}`);
  });

  it("shows the value also if the message happens to hold the same characters", () => {
    const problem = { path: "p", message: "is not one of 1 to 5", received: "1" };
    assert.equal(renderProblem(problem), "p: is not one of 1 to 5; received 1");
  });
});

describe("displayValue", () => {
  it("shows values as a programmer would write them", () => {
    const cases: [unknown, string][] = [
      [undefined, "undefined"],
      [null, "null"],
      [NaN, "NaN"],
      ['a"b\n', '"a\\"b\\n"'],
      [12n, "12n"],
      [Symbol("s"), "a symbol"],
      [() => {}, "a function"],
      [function named() {}, "function named"],
      [new Uint8Array(3), "Uint8Array of 3 bytes"],
      [{ a: [1, "x", null, undefined], b: {}, absent: undefined }, '{"a":[1,"x",null,undefined],"b":{}}'],
      [{ samples: new Float32Array(2) }, '{"samples":Float32Array of 8 bytes}'],
      [new Map(), "a value of class Map"],
      [new (class Custom {})(), "a value of class Custom"],
      [new Date(0), "a value of class Date"],
      [[], "[]"],
    ];
    for (const [value, text] of cases) assert.equal(displayValue(value), text);
  });

  it("shows cycles", () => {
    const value: Record<string, unknown> = { a: 1 };
    value["self"] = value;
    assert.equal(displayValue(value), '{"a":1,"self":(cyclic)}');
    const shared = {};
    assert.equal(displayValue([shared, shared]), "[{},{}]");
  });

  it("is at most 80 characters long, however large the value", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = i % 2 === 0 ? [deep] : { key: deep };
    let shared: unknown = "leaf";
    for (let i = 0; i < 100; i++) shared = [shared, shared];
    const huge = [
      "x".repeat(10_000_000),
      new Array(10_000_000).fill(0),
      new Array(2 ** 32 - 1),
      { ["k".repeat(1000)]: 1 },
      { a: "x".repeat(1000), b: 1 },
      10n ** 500n,
      Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i])),
      Object.defineProperty(() => {}, "name", { value: "n".repeat(1000) }),
      deep,
      shared,
    ];
    huge.forEach((value, i) => {
      const text = displayValue(value);
      assert.ok(text.length <= 100 && text.endsWith("…"), `value ${i}: ${text}`);
    });
  });

  it("never cuts a character in half", () => {
    for (let i = 0; i < 4; i++) assert.ok(displayValue("x".repeat(i) + "😀".repeat(100)).isWellFormed());
  });

  it("never throws", () => {
    for (const value of HOSTILE) {
      assert.equal(typeof displayValue(value), "string");
      assert.equal(typeof displayValue([{ value }]), "string");
    }
    const detached = new DataView(new ArrayBuffer(4));
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    assert.equal(typeof displayValue(detached), "string");
  });
});
