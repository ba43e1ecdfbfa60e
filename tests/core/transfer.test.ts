import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import {
  byteLength,
  copyData,
  isDetached,
  isMovable,
  payloadOf,
  toMovable,
  transferables,
} from "../../core/data/transfer.ts";
import { ELEMENT_ARRAYS } from "../../core/data/validate.ts";
import { RuntimeData } from "../../core/plugin.ts";
import { thrownBy } from "../_support/errors.ts";
import { SAMPLE_DATA } from "../_support/sample_data.ts";

const binary = (bytes: Uint8Array) => RuntimeData.binary(bytes);
const bytesOf = (data: RuntimeData) => RuntimeData.asBinary(data);

class OwnArray extends Uint8Array {}

/** Views that must be copied, never moved. */
const UNMOVABLE: readonly [string, () => Uint8Array][] = [
  ["the front of a buffer", () => new Uint8Array(new ArrayBuffer(8), 0, 4)],
  ["the end of a buffer", () => new Uint8Array(new ArrayBuffer(8), 4)],
  ["a small Buffer, from the pool", () => Buffer.from("abcd")],
  ["a large Buffer", () => Buffer.alloc(100_000, 1)],
  ["a Buffer that covers its memory", () => Buffer.from(new ArrayBuffer(8))],
  ["shared memory", () => new Uint8Array(new SharedArrayBuffer(8))],
  ["resizable memory", () => new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }))],
  ["a subclass", () => new OwnArray(8)],
  ["an empty view of a large buffer", () => new Uint8Array(new ArrayBuffer(1 << 20), 5, 0)],
  ["an empty view of shared memory", () => new Uint8Array(new SharedArrayBuffer(8), 0, 0)],
];

describe("isMovable", () => {
  it("is true for a view of every class that covers its buffer", () => {
    for (const TypedArray of Object.values(ELEMENT_ARRAYS)) assert.equal(isMovable(new TypedArray(3)), true);
  });

  for (const [name, make] of UNMOVABLE) {
    it(`is false for ${name}`, () => {
      assert.equal(isMovable(make()), false);
      assert.deepEqual(transferables(binary(make())), []);
    });
  }

  it("is false for a view without bytes and for a DataView", () => {
    assert.equal(isMovable(new Uint8Array(0)), false);
    assert.equal(isMovable(new DataView(new ArrayBuffer(4))), false);
  });
});

describe("toMovable", () => {
  it("gives what can move, and what has no bytes, back as it is", () => {
    for (const data of SAMPLE_DATA) assert.equal(toMovable(data), data);
    const empty = binary(new Uint8Array(0));
    assert.equal(toMovable(empty), empty);
  });

  for (const [name, make] of UNMOVABLE) {
    it(`copies ${name}, and only the bytes that are meant`, () => {
      const view = make();
      const moved = toMovable(binary(view));
      const { buffer } = bytesOf(moved);
      assert.notEqual(buffer, view.buffer);
      assert.ok(buffer instanceof ArrayBuffer);
      assert.equal(buffer.byteLength, view.byteLength);
      assert.deepEqual([...bytesOf(moved)], [...view]);
      assert.equal(Object.getPrototypeOf(bytesOf(moved)), Uint8Array.prototype);
      // What postMessage would do with it:
      const transfer = transferables(moved);
      assert.equal(transfer.length, view.byteLength > 0 ? 1 : 0);
      assert.deepEqual([...bytesOf(structuredClone(moved, { transfer }))], [...view]);
    });
  }
});

describe("copyData", () => {
  it("shares no bytes, keeps class, values and everything beside", () => {
    for (const data of SAMPLE_DATA) {
      const copy = copyData(data);
      assert.notEqual(copy, data);
      assert.deepEqual(copy, data);
      const [payload, copied] = [payloadOf(data), payloadOf(copy)];
      if (payload === undefined || copied === undefined) continue;
      assert.notEqual(copied.buffer, payload.buffer);
      assert.equal(copied.constructor, payload.constructor);
    }
  });

  it("copies tensors of every dtype", () => {
    for (const TypedArray of Object.values(ELEMENT_ARRAYS)) {
      const data = new TypedArray(2);
      const copy = copyData(RuntimeData.tensor({ data: data as Float32Array }));
      assert.equal(copy.data.constructor, TypedArray);
    }
  });

  it("copies a subclass with a tag of its own as the standard class", () => {
    class Tagged extends Uint8Array {
      override get [Symbol.toStringTag](): "Uint8Array" {
        return "Map" as "Uint8Array";
      }
    }
    const copy = copyData(binary(new Tagged([1, 2])));
    assert.equal(Object.getPrototypeOf(copy.bytes), Uint8Array.prototype);
    assert.deepEqual([...copy.bytes], [1, 2]);
  });

  it("refuses detached bytes with an error of ours", () => {
    const data = binary(new Uint8Array(4));
    structuredClone(data, { transfer: transferables(data) });
    assert.equal(thrownBy(() => copyData(data)).reason, "detached-data");
    assert.equal(thrownBy(() => RuntimeData.copy(data)).reason, "detached-data");
  });
});

describe("isDetached", () => {
  it("tells moved memory from empty memory", () => {
    const view = new Float32Array(4);
    assert.equal(isDetached(view), false);
    structuredClone(view, { transfer: [view.buffer] });
    assert.equal(isDetached(view), true);
    assert.equal(isDetached(new Float32Array(0)), false);
    assert.equal(isDetached(new Float32Array(new ArrayBuffer(8), 8)), false);
    assert.equal(isDetached(new Uint8Array(new SharedArrayBuffer(0))), false);
    const shrunk = new ArrayBuffer(8, { maxByteLength: 8 });
    const outside = new Uint8Array(shrunk, 4);
    shrunk.resize(0);
    assert.equal(isDetached(outside), false);
  });

  it("is false for kinds without bytes", () => {
    for (const data of SAMPLE_DATA) assert.equal(RuntimeData.isDetached(data), false);
  });
});

describe("byteLength", () => {
  it("counts 64 bytes for the envelope, and the payload", () => {
    assert.equal(byteLength(binary(new Uint8Array(100))), 164);
    assert.equal(byteLength(binary(new Uint8Array(100).subarray(10, 20))), 74);
    assert.equal(byteLength(RuntimeData.audio({ samples: new Int16Array(100), sampleRate: 8000 })), 264);
    assert.equal(byteLength(RuntimeData.text("héé")), 70);
    assert.equal(byteLength(RuntimeData.file({ path: "a/long/path" })), 64);
  });

  it("estimates JSON by what it holds", () => {
    const size = (value: unknown) => byteLength({ type: "json", value: value as null }) - 64;
    assert.equal(size(null), 8);
    assert.equal(size("four"), 8);
    assert.equal(size([]), 16);
    assert.equal(size([1, true, "ab"]), 16 + 8 + 8 + 4);
    assert.equal(size({ ab: 1, c: { d: [] } }), 16 + 4 + 8 + 2 + 16 + 2 + 16);
  });

  it("neither overflows nor hangs, whatever the shape", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 500_000; i++) deep = i % 2 === 0 ? [deep] : { deep };
    assert.ok(byteLength({ type: "json", value: deep as null }) > 500_000 * 16);
    const cyclic: unknown[] = [];
    cyclic.push(cyclic, { cyclic });
    assert.equal(byteLength({ type: "json", value: cyclic as unknown as null }), 64 + 16 + 16 + 12);
    const wide = new Array(1_000_000).fill(0);
    assert.equal(byteLength({ type: "json", value: wide }), 64 + 16 + 8_000_000);
  });

  it("says the same before and after a structured clone, since both ends of a link count", () => {
    for (const data of SAMPLE_DATA) assert.equal(byteLength(structuredClone(data)), byteLength(data));
    const shared = { a: "text" };
    const twice = RuntimeData.json([shared, shared, [shared]]);
    assert.equal(byteLength(structuredClone(twice)), byteLength(twice));
  });
});
