import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDetached } from "../../../core/data/transfer.ts";
import { BufferPool, recycle, takeBuffer } from "../../../workers/link/buffer_pool.ts";
import { MEMORY_COSTS } from "../../../workers/adapters/memory_costs.ts";
import { OpenLink } from "./_link_kit.ts";
import { audioOf, itemOf } from "./_ring_kit.ts";

/** A length, in floats, from which on memory is used again on every runtime. */
const LENGTH = MEMORY_COSTS.cheapBufferBytesMax / 4 + 16;
const QUARTER = 1024 * 1024 / 4;

describe("recycled buffers", () => {
  it("are detached for whoever gave them, so that nobody sees another's bytes", () => {
    const view = new Float32Array(LENGTH).fill(3);
    recycle(view);
    assert.ok(isDetached(view));
    const buffer = takeBuffer(4 * LENGTH);
    assert.equal(buffer.byteLength, 4 * LENGTH);
    assert.deepEqual(new Float32Array(buffer), new Float32Array(LENGTH).fill(3));
    // And only once.
    assert.deepEqual(new Float32Array(takeBuffer(4 * LENGTH)), new Float32Array(LENGTH));
  });

  it("are not taken where new ones cost less", () => {
    const view = new Float32Array(MEMORY_COSTS.cheapBufferBytesMax / 4);
    recycle(view);
    assert.equal(isDetached(view), false);
  });

  it("are new where none of that length was given", () => {
    recycle(new Uint8Array(40).fill(1));
    assert.deepEqual(new Uint8Array(takeBuffer(41)), new Uint8Array(41));
    assert.equal(takeBuffer(40).byteLength, 40);
    assert.equal(takeBuffer(0).byteLength, 0);
  });

  it("are not taken from what cannot be moved: parts, pooled buffers, shared and resizable memory", () => {
    const whole = new Uint8Array(32).fill(7);
    const resizable = new (ArrayBuffer as new (length: number, options: object) => ArrayBuffer)(32, {
      maxByteLength: 64,
    });
    const views = [
      ...[whole.subarray(0, 16), Buffer.from("pooled"), new Uint8Array(new SharedArrayBuffer(32))],
      ...[new Uint8Array(resizable), new Uint8Array(0)],
    ];
    const lengths = views.map(({ byteLength }) => byteLength);
    views.forEach(recycle);
    assert.deepEqual(views.map(({ byteLength }) => byteLength), lengths);
    assert.deepEqual(whole, new Uint8Array(32).fill(7));
  });

  it("bring every value whole through a ring, whatever went through before", async () => {
    const link = new OpenLink({ shared: true });
    for (let n = 0; n < 300; n++) {
      const bytes = [64, 128, 64, 4096][n % 4] as number;
      await link.writer.write(itemOf(audioOf(bytes, { seed: n }), n));
      const data = (await link.fanIn.next())?.items[0]?.data;
      assert.deepEqual(data, audioOf(bytes, { seed: n }));
    }
    link.close();
  });
});

describe("BufferPool", () => {
  const give = (pool: BufferPool, count: number) => {
    for (let i = 0; i < count; i++) pool.give(new Uint8Array(QUARTER).fill(9).buffer);
  };
  /** How many of so many buffers that are taken were given before. */
  const reused = (pool: BufferPool, count: number) =>
    Array.from({ length: count }, () => new Uint8Array(pool.take(QUARTER))[0] === 9).filter(Boolean).length;

  it("keeps a mebibyte, and more where that turns out to be too little", () => {
    const pool = new BufferPool();
    const counts: number[] = [];
    for (let round = 0; round < 8; round++) {
      give(pool, 200);
      counts.push(reused(pool, 200));
    }
    assert.deepEqual(counts, [4, 8, 16, 32, 64, 128, 128, 128]);
  });

  it("lets go what nobody has used for a while, but for a mebibyte", () => {
    const pool = new BufferPool();
    for (let round = 0; round < 3; round++) {
      give(pool, 16);
      reused(pool, 16);
    }
    give(pool, 16);
    pool.letGo();
    assert.equal(pool.keptBytes, 16 * QUARTER, "all of it has been used since the last look");
    reused(pool, 8);
    give(pool, 8);
    pool.letGo();
    assert.equal(pool.keptBytes, 8 * QUARTER, "half of it has not");
    pool.letGo();
    assert.equal(pool.keptBytes, 4 * QUARTER);
    give(pool, 16);
    assert.equal(pool.keptBytes, 4 * QUARTER);
  });

  it("lets go what it has when the lengths of the stream change", () => {
    const pool = new BufferPool();
    give(pool, 4);
    assert.equal(pool.take(8).byteLength, 8);
    assert.equal(pool.keptBytes, 0);
  });
});
