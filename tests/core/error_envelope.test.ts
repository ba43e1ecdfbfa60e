import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createContext, runInContext } from "node:vm";
import { type ErrorEnvelope, fromErrorEnvelope, toErrorEnvelope } from "../../core/error_envelope.ts";
import { ERROR_CODES, ERROR_REASONS, StreamrackError } from "../../core/errors.ts";
import { HOSTILE } from "../_support/hostile.ts";

/** There and back again, as between two threads. */
function roundTrip(thrown: unknown): Error {
  const envelope = toErrorEnvelope(thrown);
  const cloned: ErrorEnvelope = structuredClone(envelope);
  assert.deepEqual(cloned, envelope);
  return fromErrorEnvelope(cloned);
}

describe("error envelope", () => {
  it("keeps every code and every reason of our errors", () => {
    for (const reason of Object.keys(ERROR_REASONS) as (keyof typeof ERROR_REASONS)[]) {
      const error = roundTrip(new StreamrackError(reason, "it failed"));
      assert.ok(error instanceof StreamrackError);
      assert.deepEqual([error.reason, error.code], [reason, ERROR_REASONS[reason]]);
    }
    for (const code of ERROR_CODES) {
      const error = roundTrip(new StreamrackError("unknown", "it failed", { code }));
      assert.ok(error instanceof StreamrackError);
      assert.deepEqual([error.reason, error.code], ["unknown", code]);
    }
  });

  it("keeps all fields, message and stack of our errors", () => {
    const original = new StreamrackError("node-failed", "it failed", {
      nodeId: "n",
      pluginName: "p",
      retryable: true,
      retryAfterMs: 250,
      problems: [{ path: "a", message: "is wrong", received: "1", expected: "2" }, { path: "b", message: "too" }],
      remedy: "Do this.",
      cause: new RangeError("below"),
    });
    const error = roundTrip(original) as StreamrackError;
    for (
      const key of [
        "message",
        "stack",
        "detail",
        "nodeId",
        "pluginName",
        "retryable",
        "retryAfterMs",
        "problems",
        "remedy",
      ] as const
    ) {
      assert.deepEqual(error[key], original[key], key);
    }
    assert.equal((error.cause as Error).name, "RangeError");
    assert.equal((error.cause as Error).message, "below");
  });

  it("adds no fields that were absent", () => {
    const error = roundTrip(new StreamrackError("unknown", "x")) as StreamrackError;
    assert.deepEqual([error.nodeId, error.pluginName, error.remedy, error.problems], [
      undefined,
      undefined,
      undefined,
      [],
    ]);
    assert.equal("cause" in error, false);
  });

  it("keeps name, message, stack and plain fields of other errors", () => {
    class HttpError extends Error {
      override name = "HttpError";
      status = 404;
      url = "http://example.test/";
      isFinal = true;
      body = null;
      headers = new Map();
      retry() {}
      skipped = undefined;
      big = 1n;
    }
    const original = new HttpError("not there");
    const error = roundTrip(original) as HttpError;
    assert.equal(error.name, "HttpError");
    assert.equal(error.stack, original.stack);
    assert.deepEqual([error.status, error.url, error.isFinal, error.body], [404, "http://example.test/", true, null]);
    assert.deepEqual(["headers", "retry", "skipped", "big"].filter((key) => key in error), []);
    assert.equal(Object.keys(error).includes("stack"), false);
  });

  it("keeps the code of a system error", () => {
    const error = roundTrip(Object.assign(new Error("ENOENT: no such file"), { code: "ENOENT", errno: -2 }));
    assert.deepEqual([(error as { code?: unknown }).code, (error as { errno?: unknown }).errno], ["ENOENT", -2]);
  });

  it("keeps the name of an error whose name stands on its prototype", () => {
    for (const error of [new TypeError("t"), new AggregateError([], "a"), new DOMException("d", "DataCloneError")]) {
      const back = roundTrip(error);
      assert.deepEqual([back.name, back.message], [error.name, error.message]);
    }
  });

  it("takes errors of another realm", () => {
    const foreign = runInContext("Object.assign(new RangeError('far'), { code: 7 })", createContext({}));
    const error = roundTrip(foreign);
    assert.deepEqual([error.name, error.message, (error as { code?: unknown }).code], ["RangeError", "far", 7]);
  });

  it("follows a chain of causes, of errors and other values", () => {
    const error = roundTrip(new Error("a", { cause: new StreamrackError("invalid-data", "b", { cause: "c" }) }));
    const second = error.cause as StreamrackError;
    assert.ok(second instanceof StreamrackError);
    assert.equal(second.detail, "b");
    assert.equal((second.cause as Error).message, 'a value that is not an Error was thrown: "c"');
  });

  it("cuts long and cyclic chains", () => {
    const long = Array.from({ length: 1000 }).reduce<Error>(
      (cause, _, i) => new Error(`${i}`, { cause }),
      new Error("end"),
    );
    const cyclic = new Error("round");
    cyclic.cause = new Error("and round", { cause: cyclic });
    const own = new Error("self");
    own.cause = own;
    for (const thrown of [long, cyclic, own]) {
      let depth = 0;
      for (let error: unknown = roundTrip(thrown); error !== undefined; error = (error as Error).cause) depth += 1;
      assert.equal(depth, 9);
    }
  });

  it("packs whatever is thrown, and never throws", () => {
    for (const thrown of [undefined, null, 0, "", "text", 1n, Symbol("s"), {}, [], () => {}, ...HOSTILE]) {
      assert.equal(typeof roundTrip(thrown).message, "string");
    }
    const branded = Object.assign(new Error("of another version"), {
      [Symbol.for("streamrack.error")]: true,
      code: "x",
    });
    assert.equal(roundTrip(branded).message, "of another version");
    const noProblems = Object.assign(new StreamrackError("unknown", "x"), { problems: undefined });
    assert.equal(roundTrip(noProblems).message, "[unknown] x");
    const uncloneable = Object.assign(new StreamrackError("unknown", "x"), {
      problems: [{ path: "p", message: "m", received: () => {}, extra: () => {} }],
    });
    assert.equal((roundTrip(uncloneable) as StreamrackError).problems[0]?.path, "p");
  });

  it("does not let a field reach a prototype", () => {
    const thrown = new Error("x");
    Object.defineProperty(thrown, "__proto__", { value: "mine", enumerable: true });
    Object.defineProperty(thrown, "constructor", { value: 1, enumerable: true });
    const error = roundTrip(thrown);
    assert.ok(error instanceof Error);
    assert.equal(Object.getOwnPropertyDescriptor(error, "__proto__")?.value, "mine");
  });

  it("believes nothing of an envelope: any field may be missing, of another type, too long, too many or cyclic", () => {
    const cyclic: Record<string, unknown> = { message: "round" };
    cyclic["cause"] = cyclic;
    const ours = { code: "internal", reason: "unknown", detail: "d", problems: [], retryable: false };
    const forged: readonly unknown[] = [
      ...[undefined, null, 5, "text", [], {}, { message: 5, name: {}, stack: [] }, cyclic],
      { message: "x".repeat(1_000_000), stack: "y".repeat(1_000_000) },
      { fields: Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f${i}`, "z".repeat(20_000)])) },
      { fields: { toString: "no", constructor: 5, message: "other", hasOwnProperty: 1, nested: {} } },
      ...[{ streamrack: 5 }, { streamrack: { ...ours, problems: "none" } }, { streamrack: { ...ours, detail: 5 } }],
      { streamrack: { ...ours, problems: new Array(100_000).fill({ path: {}, message: "m" }) } },
      { streamrack: { ...ours, problems: [Object.create(null), null, { path: Object.create(null) }] } },
      { streamrack: { ...ours, nodeId: {}, pluginName: 7, remedy: [], retryAfterMs: -1, retryable: "yes" } },
      { streamrack: { ...ours, code: "toString", reason: "__proto__" } },
    ];
    for (const envelope of forged) {
      const error = fromErrorEnvelope(structuredClone(envelope) as ErrorEnvelope);
      assert.ok(error instanceof Error);
      assert.equal(typeof error.message, "string");
      assert.ok(String(error).length < 200_000);
      let depth = 0;
      for (let at: unknown = error; at !== undefined; at = (at as Error).cause) depth += 1;
      assert.ok(depth <= 9);
      assert.ok(Object.keys(error).length <= 80);
    }
  });

  it("gives a plain error for a reason that this version does not know", () => {
    const envelope = toErrorEnvelope(new StreamrackError("unknown", "x", { nodeId: "n" }));
    for (const reason of ["from-the-future", "toString", "__proto__"]) {
      const changed = { ...envelope, streamrack: { ...envelope.streamrack, reason } } as unknown as ErrorEnvelope;
      const error = fromErrorEnvelope(changed);
      assert.equal(error.message, envelope.message);
      assert.equal(error instanceof StreamrackError, false);
    }
  });
});
