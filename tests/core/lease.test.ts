import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { StreamrackError } from "../../core/errors.ts";
import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import type { ItemWriter } from "../../core/flow/item.ts";
import { Lease, LeaseQueue } from "../../core/flow/lease.ts";
import { Outlet } from "../../core/flow/outlet.ts";
import { RuntimeData } from "../../core/plugin.ts";
import { rejectionOf, thrownBy } from "../_support/errors.ts";

const REFUSED = new StreamrackError("not-cloneable", "refused");
const LIMITS = { items: 1, bytes: 1 << 20 };

/** A lease, and how often it was released for good. */
function counted(): { lease: Lease; count: () => number } {
  let released = 0;
  return { lease: new Lease(() => released++), count: () => released };
}

describe("Lease", () => {
  it("calls back once, when the last who holds it lets go", () => {
    const { lease, count } = counted();
    assert.equal(lease.hold(), lease);
    lease.hold();
    for (const expected of [0, 0, 1]) {
      lease.release();
      assert.equal(count(), expected);
    }
  });
});

describe("LeaseQueue", () => {
  it("settles in the order of taking, each once, whatever the order of releases", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant("take" as const), fc.nat({ max: 20 })), { maxLength: 80, size: "max" }),
        (steps) => {
          let settled = 0;
          const queue = new LeaseQueue(() => settled++);
          const held: { lease: Lease; place: number }[] = [];
          const released = new Set<number>();
          let taken = 0;
          const release = (at: number) => {
            const [entry] = held.splice(at % held.length, 1);
            entry?.lease.release();
            if (entry !== undefined) released.add(entry.place);
          };
          for (const step of steps) {
            if (step === "take") held.push({ lease: queue.take(), place: taken++ });
            else if (held.length > 0) release(step);
            // As many as were released without a gap.
            let expected = 0;
            while (released.has(expected)) expected += 1;
            assert.equal(settled, expected);
            assert.equal(queue.size, taken - settled);
          }
          while (held.length > 0) release(0);
          assert.deepEqual([settled, queue.size], [taken, 0]);
        },
      ),
      { numRuns: 500, seed: 33 },
    );
  });
});

describe("a lease on its way through an outlet", () => {
  const audio = () => RuntimeData.audio({ samples: new Float32Array(4), sampleRate: 8_000 });

  it("is held by every edge until its value is taken and done with", async () => {
    const { lease, count } = counted();
    const edges = [1, 2, 3].map(() => new EdgeQueue({ port: "in", from: "n" }, LIMITS));
    await new Outlet(edges).write(audio(), { epoch: 0, lease });
    lease.release();
    for (const expected of [0, 0, 1]) {
      edges.pop()?.take().lease?.release();
      assert.equal(count(), expected);
    }
  });

  it("is not held where nobody reads", () => {
    const { lease, count } = counted();
    assert.equal(new Outlet([]).write(audio(), { epoch: 0, lease }), undefined);
    lease.release();
    assert.equal(count(), 1);
  });

  it("is let go by what a flush drops, waiting or late", () => {
    const { lease, count } = counted();
    const edge = new EdgeQueue({ port: "in", from: "n" }, { ...LIMITS, items: 3 });
    const outlet = new Outlet([edge]);
    outlet.write(audio(), { epoch: 0, lease });
    edge.flushBefore(1);
    outlet.write(audio(), { epoch: 0, lease });
    lease.release();
    assert.equal(count(), 1);
  });

  it("is let go where an edge refuses the value, at once or later, and by the copies of others when they are done", async () => {
    const atOnce: ItemWriter = {
      write: () => {
        throw REFUSED;
      },
      end() {},
      abort() {},
    };
    const later: ItemWriter = { ...atOnce, write: () => Promise.reject(REFUSED) };
    const single = counted();
    assert.equal(thrownBy(() => new Outlet([atOnce]).write(audio(), { epoch: 0, lease: single.lease })), REFUSED);
    single.lease.release();
    assert.equal(single.count(), 1);
    for (const refusing of [atOnce, later]) {
      const { lease, count } = counted();
      const edge = new EdgeQueue({ port: "in", from: "n" }, LIMITS);
      const written = new Outlet([refusing, edge]).write(audio(), { epoch: 0, lease });
      assert.equal(await rejectionOf(written as Promise<void>), REFUSED);
      lease.release();
      assert.equal(count(), 0);
      edge.take().lease?.release();
      assert.equal(count(), 1);
    }
  });
});
