import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EdgeCounts, EdgeTable } from "../../core/flow/edge_counts.ts";
import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import { type CountedEnd, HOST, SessionCounters } from "../../core/pipeline/session_counters.ts";
import { RuntimeData } from "../../core/plugin.ts";

const MEMORIES = [
  { name: "shared memory", make: (bytes: number) => new SharedArrayBuffer(bytes) },
  { name: "memory of its own", make: (bytes: number) => new ArrayBuffer(bytes) },
];

function deferred(): { readonly promise: Promise<void>; resolve(): void; reject(error: Error): void } {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((...functions) => [resolve, reject] = functions);
  return { promise, resolve, reject };
}

for (const { name, make } of MEMORIES) {
  describe(`EdgeTable in ${name}`, () => {
    it("counts each row for itself", () => {
      const table = new EdgeTable(make(EdgeTable.bytesFor(3)));
      const [first, last] = [table.open(0), table.open(2)];
      first.written(100);
      first.written(50);
      first.taken(100);
      last.written(7);
      first.dropped();
      assert.deepEqual(table.read(0), {
        ...{ itemsWritten: 2, bytesWritten: 150, itemsInFlight: 1, bytesInFlight: 50 },
        ...{ itemsDropped: 1, stalls: 0, stalledMs: 0 },
      });
      assert.deepEqual(table.read(1).itemsWritten, 0);
      assert.deepEqual(table.read(2).bytesWritten, 7);
    });

    it("counts beyond 32 bits", () => {
      const table = new EdgeTable(make(EdgeTable.bytesFor(1)));
      const counts = table.open(0);
      for (let i = 0; i < 5; i++) counts.written(2 ** 31);
      assert.equal(table.read(0).bytesWritten, 5 * 2 ** 31);
    });

    it("counts waits that overlap as one stall, while it lasts too, whatever comes of them", async () => {
      const table = new EdgeTable(make(EdgeTable.bytesFor(1)));
      const counts = table.open(0);
      const [first, second] = [deferred(), deferred()];
      assert.equal(counts.stalled(first.promise), first.promise);
      counts.stalled(second.promise);
      assert.equal(table.read(0).stalls, 1);
      first.resolve();
      await first.promise;
      counts.stalled(Promise.resolve());
      assert.equal(table.read(0).stalls, 1);
      second.reject(new Error("given up"));
      await second.promise.catch(() => {});
      await Promise.resolve();
      const { stalledMs } = table.read(0);
      assert.ok(stalledMs >= 0 && Number.isFinite(stalledMs));
      // It is over: no time is added any more.
      assert.equal(table.read(0).stalledMs, stalledMs);
      await counts.stalled(Promise.resolve());
      assert.equal(table.read(0).stalls, 2);
    });

    it("goes on when the thread of an end has died: totals stay, what is in flight is what the new end finds", () => {
      const table = new EdgeTable(make(EdgeTable.bytesFor(3)));
      const inFlight = (row: number) => [table.read(row).itemsInFlight, table.read(row).bytesInFlight];
      for (const row of [0, 1, 2]) for (let i = 0; i < 5; i++) table.open(row).written(10);
      for (const row of [0, 1, 2]) table.open(row).taken(10);
      void table.open(0).stalled(new Promise(() => {}));
      table.open(0).beginBoth();
      assert.deepEqual(inFlight(0), [0, 0]);
      assert.deepEqual([table.read(0).itemsWritten, table.read(0).bytesWritten], [5, 50]);
      assert.ok(table.read(0).stalledMs < 1e9);
      // A new reader, in memory of its own, has taken nothing yet.
      table.open(1).readerReplaced(3, 30);
      table.open(1).writerReplaced(0, 0);
      assert.deepEqual(inFlight(1), [3, 30]);
      assert.equal(table.read(1).itemsWritten, 5);
      // A new writer has written nothing yet, while two wait at the reader.
      table.apply(new EdgeTable(make(EdgeTable.bytesFor(3))).sample(2, "writer"));
      table.open(2).writerReplaced(2, 20);
      assert.deepEqual(inFlight(2), [2, 20]);
    });

    it("takes the samples of both ends, each leaving the other's alone", () => {
      const [writer, reader, host] = [1, 2, 3].map(() => new EdgeTable(make(EdgeTable.bytesFor(2)))) as [
        EdgeTable,
        EdgeTable,
        EdgeTable,
      ];
      writer.open(1).written(30);
      writer.open(1).written(30);
      reader.open(1).taken(30);
      host.apply(structuredClone(writer.sample(1, "writer")));
      host.apply(structuredClone(reader.sample(1, "reader")));
      host.apply(structuredClone(writer.sample(1, "writer")));
      const { itemsWritten, bytesWritten, itemsInFlight, bytesInFlight } = host.read(1);
      assert.deepEqual([itemsWritten, bytesWritten, itemsInFlight, bytesInFlight], [2, 60, 1, 30]);
    });
  });
}

describe("EdgeQueue", () => {
  it("counts what is written, taken, flushed and waited for, and nothing that was not admitted", async () => {
    const table = new EdgeTable(new ArrayBuffer(EdgeTable.bytesFor(1)));
    const queue = new EdgeQueue({ port: "in", from: undefined }, { items: 2, bytes: 1 << 20 }, table.open(0));
    const write = (epoch = 0) =>
      Promise.resolve(queue.write({ data: RuntimeData.text("x"), sequence: 0, epoch, bytes: 10 }));
    await write();
    await write();
    const [third, fourth] = [write(), write()];
    assert.equal(table.read(0).itemsWritten, 2);
    assert.equal(table.read(0).stalls, 1);
    queue.take();
    await third;
    assert.deepEqual([table.read(0).itemsWritten, table.read(0).bytesInFlight], [3, 20]);
    queue.abort(new Error("stop"));
    await assert.rejects(fourth);
    queue.flushBefore(1);
    const { itemsWritten, itemsInFlight, bytesWritten, bytesInFlight, stalls } = table.read(0);
    assert.deepEqual([itemsWritten, itemsInFlight, bytesWritten, bytesInFlight, stalls], [3, 0, 30, 0, 1]);
  });

  it("counts where nobody looks if it is told nothing", () => {
    const counts = new EdgeCounts();
    counts.written(1);
    counts.taken(1);
  });
});

describe("SessionCounters", () => {
  it("takes what cannot be a count for nothing, and ends a stall whose writer is gone", () => {
    const end = { owner: HOST, row: 0 };
    const counters = new SessionCounters();
    counters.addTable(HOST, 1);
    counters.add({ from: undefined, to: undefined, isFused: true }, end, end);
    void counters.open(0).stalled(new Promise(() => {}));
    counters.end();
    const [link] = counters.links();
    const atEndMs = performance.now();
    while (performance.now() === atEndMs);
    assert.deepEqual(counters.links(), [link]);
    const hostile = new SessionCounters();
    const memory = hostile.addTable(0, 1) as SharedArrayBuffer;
    const own = { owner: 0, row: 0 };
    hostile.add({ from: undefined, to: undefined, isFused: true }, own, own);
    for (const lie of [NaN, Infinity, -Infinity, -1, 1e300]) {
      new Float64Array(memory).fill(lie);
      const { items, bytes, dropped, stalls, stalledMs } = hostile.links()[0]!;
      assert.deepEqual([items, bytes, dropped, stalls, stalledMs, hostile.bytesInFlight], [0, 0, 0, 0, 0, 0], `${lie}`);
    }
  });

  it("gives each who counts a memory of his own: nobody counts for another, nor for the host", () => {
    const counters = new SessionCounters();
    const [mine, theirs] = [0, 1].map((owner) => counters.addTable(owner, 1) as SharedArrayBuffer) as [
      SharedArrayBuffer,
      SharedArrayBuffer,
    ];
    assert.equal(counters.addTable(HOST, 1), undefined);
    const [host, writer, reader] = [HOST, 0, 1].map((owner): CountedEnd => ({ owner, row: 0 })) as [
      CountedEnd,
      CountedEnd,
      CountedEnd,
    ];
    counters.add({ from: undefined, to: undefined, isFused: false }, host, writer);
    counters.add({ from: undefined, to: undefined, isFused: false }, writer, reader);
    counters.open(0).written(10);
    new EdgeTable(mine).open(0).written(7);
    new EdgeTable(theirs).open(0).taken(7);
    // What the reader says in the columns of the writer, nobody reads.
    new EdgeTable(theirs).open(0).written(1_000);
    assert.deepEqual(counters.links().map(({ items, bytes }) => [items, bytes]), [[1, 10], [1, 7]]);
    assert.equal(counters.bytesInFlight, 10);
  });

  for (const shared of [true, false]) {
    it(`adds up its edges, and has nothing in flight once it has ended (shared: ${shared})`, () => {
      const counters = new SessionCounters({ shared });
      assert.equal(counters.isShared, shared);
      counters.addTable(HOST, 2);
      const [first, second] = [0, 1];
      const [firstEnd, secondEnd] = [{ owner: HOST, row: first }, { owner: HOST, row: second }];
      const node = { nodeId: "n", port: "in" };
      let inFlight = { items: 1, bytes: 5 };
      counters.add({ from: undefined, to: node, isFused: false, inFlight: () => inFlight }, firstEnd, firstEnd);
      counters.add({ from: node, to: undefined, isFused: true }, secondEnd, secondEnd);
      counters.open(first).written(5);
      counters.open(second).written(20);
      counters.open(second).written(10);
      counters.open(second).taken(20);
      assert.equal(counters.bytesInFlight, 15);
      assert.deepEqual(
        counters.links().map(({ items, queueDepth, bytesInFlight }) => [items, queueDepth, bytesInFlight]),
        [
          [1, 1, 5],
          [2, 1, 10],
        ],
      );
      const taken = [{ items: 0, bytes: 0 }, { items: 1, bytes: 20 }];
      assert.deepEqual(counters.taken().map((edge) => edge.taken), taken);
      counters.end();
      inFlight = { items: 99, bytes: 99 };
      assert.equal(counters.bytesInFlight, 0);
      assert.deepEqual(counters.links().map(({ items, queueDepth }) => [items, queueDepth]), [[1, 0], [2, 0]]);
      // What the end has dropped was never taken.
      assert.deepEqual(counters.taken().map((edge) => edge.taken), taken);
    });
  }
});
