import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RingReader } from "../../../workers/link/ring_reader.ts";
import { RingWriter } from "../../../workers/link/ring_writer.ts";
import { RingPool, RingPools } from "../../../workers/link/ring_pool.ts";
import { audioOf } from "./_ring_kit.ts";

const stamp = { sequence: 0, epoch: 0, bytes: 1 };

describe("RingPool", () => {
  it("gives each ring to one at a time, and keeps them apart", () => {
    const pool = new RingPool();
    const rings = Array.from({ length: 100 }, () => pool.take());
    for (const [i, ring] of rings.entries()) {
      new RingWriter(ring).tryWriteAudio(audioOf(480), { ...stamp, sequence: i });
    }
    for (const [i, ring] of rings.entries()) assert.equal(new RingReader(ring).read()?.sequence, i);
  });

  it("uses a ring again, with nothing in it", () => {
    const pool = new RingPool();
    const ring = pool.take();
    const writer = new RingWriter(ring);
    while (writer.tryWriteAudio(audioOf(480), stamp));
    writer.fallAsleep();
    pool.giveBack(ring);
    assert.equal(pool.take(), ring);
    const reader = new RingReader(ring);
    assert.equal(reader.read(), undefined);
    assert.equal(new RingWriter(ring).nextSequence, 0);
    assert.equal(reader.mustWakeWriter(), false);
  });

  it("takes no more memory than was in use at once, and a spare piece", () => {
    const pool = new RingPool();
    const buffers = new Set<SharedArrayBuffer>();
    for (let round = 0; round < 20; round++) {
      const rings = Array.from({ length: 3 }, () => pool.take());
      for (const ring of rings) buffers.add(ring.buffer);
      for (const ring of rings) pool.giveBack(ring);
    }
    assert.equal(buffers.size, 1);
  });

  it("lets all but one piece go when nothing is in use", () => {
    const pool = new RingPool();
    const rings = Array.from({ length: 200 }, () => pool.take());
    for (const ring of rings) pool.giveBack(ring);
    const before = new Set(rings.map(({ buffer }) => buffer));
    assert.ok(before.size > 2);
    const again = Array.from({ length: 200 }, () => pool.take());
    const kept = new Set(again.map(({ buffer }) => buffer).filter((buffer) => before.has(buffer)));
    assert.equal(kept.size, 1);
  });

  it("never uses a ring again that somebody may still write to, nor its neighbours", () => {
    const pool = new RingPool();
    const [lost, neighbour] = [pool.take(), pool.take()];
    pool.abandon(lost);
    pool.giveBack(neighbour);
    const later = Array.from({ length: 100 }, () => pool.take());
    assert.ok(later.every(({ buffer }) => buffer !== lost.buffer));
  });
});

describe("RingPools", () => {
  it("shares no memory between different pairs of groups", () => {
    const pools = new RingPools();
    const pairs = [["a", undefined], ["b", undefined], ["a", "b"], ["a", "a"], [undefined, undefined]] as const;
    const buffers = new Set(pairs.map(([one, other]) => pools.between(one, other).take().buffer));
    assert.equal(buffers.size, pairs.length);
    assert.equal(pools.between("b", "a"), pools.between("a", "b"));
  });
});

describe("RingReader.detach", () => {
  it("keeps what was left, whatever becomes of the ring", () => {
    const pool = new RingPool();
    const ring = pool.take();
    const [writer, reader] = [new RingWriter(ring), new RingReader(ring)];
    for (const sequence of [0, 1, 2]) writer.tryWriteAudio(audioOf(480), { ...stamp, sequence });
    reader.read();
    reader.drop();
    reader.detach();
    pool.giveBack(ring);
    new RingWriter(pool.take()).tryWriteAudio(audioOf(480), { ...stamp, sequence: 9 });
    for (const sequence of [1, 2]) {
      assert.equal(reader.read()?.sequence, sequence);
      reader.drop();
    }
    assert.equal(reader.read(), undefined);
    assert.equal(new RingReader(ring).read()?.sequence, 9);
  });
});
