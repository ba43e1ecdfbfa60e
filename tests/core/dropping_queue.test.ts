import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { StreamrackError } from "../../core/errors.ts";
import { DroppingQueue } from "../../core/flow/dropping_queue.ts";
import { EdgeTable } from "../../core/flow/edge_counts.ts";
import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import { FanIn } from "../../core/flow/fan_in.ts";
import type { Item, ItemWriter, WhenFull } from "../../core/flow/item.ts";
import { Lease } from "../../core/flow/lease.ts";
import { Outlet } from "../../core/flow/outlet.ts";
import { RuntimeData } from "../../core/plugin.ts";
import { settle } from "../_support/promises.ts";
import { thrownBy } from "../_support/errors.ts";

const STOP = new StreamrackError("session-cancelled", "stop");
const POLICIES = ["drop-oldest", "drop-newest"] as const satisfies WhenFull[];

/** A writer that takes one value at a time, when the test says so. */
class SlowWriter implements ItemWriter {
  readonly nextSequence = 5;
  readonly taken: number[] = [];
  readonly events: string[] = [];
  #answer: { resolve(): void; reject(error: Error): void } | undefined;

  write({ sequence }: Item): Promise<void> {
    this.taken.push(sequence);
    return new Promise((resolve, reject) => this.#answer = { resolve, reject });
  }

  async next(): Promise<void> {
    this.#answer?.resolve();
    await settle();
  }

  async fail(error: Error): Promise<void> {
    this.#answer?.reject(error);
    await settle();
  }

  end(): void {
    this.events.push("end");
  }

  abort(error: Error): void {
    this.events.push(error.message);
  }
}

/** A branch over a slow writer, and what became of its values. */
class Branch {
  readonly writer = new SlowWriter();
  readonly table = new EdgeTable(new ArrayBuffer(EdgeTable.bytesFor(1)));
  readonly released: number[] = [];
  readonly failures: Error[] = [];
  readonly queue: DroppingQueue;

  constructor(whenFull: (typeof POLICIES)[number], items: number, bytes = 1_000) {
    this.queue = new DroppingQueue(this.writer, {
      ...{ whenFull, limits: { items, bytes }, counts: this.table.open(0) },
      onFailure: (error) => this.failures.push(error),
    });
  }

  write(...sequences: number[]): void {
    for (const sequence of sequences) {
      const lease = new Lease(() => this.released.push(sequence));
      this.queue.write({ data: RuntimeData.json(sequence), sequence, epoch: 0, bytes: 1, lease });
    }
  }

  writeLarge(sequence: number, bytes: number): void {
    const lease = new Lease(() => this.released.push(sequence));
    this.queue.write({ data: RuntimeData.json(sequence), sequence, epoch: 0, bytes, lease });
  }
}

describe("DroppingQueue", () => {
  it("passes everything on, in order, while the writer keeps up", async () => {
    for (const whenFull of POLICIES) {
      const branch = new Branch(whenFull, 1);
      for (let n = 0; n < 5; n++) {
        branch.write(n);
        await branch.writer.next();
      }
      assert.deepEqual([branch.writer.taken, branch.queue.dropped, branch.released], [[0, 1, 2, 3, 4], 0, []]);
      assert.equal(branch.queue.nextSequence, 5);
    }
  });

  it("drop-oldest: drops what waits longest, beside what the writer has already", async () => {
    const branch = new Branch("drop-oldest", 2);
    branch.write(0, 1, 2, 3, 4);
    assert.deepEqual(branch.released, [1, 2]);
    for (let i = 0; i < 3; i++) await branch.writer.next();
    assert.deepEqual(branch.writer.taken, [0, 3, 4]);
  });

  it("drop-newest: drops what has just come", async () => {
    const branch = new Branch("drop-newest", 2);
    branch.write(0, 1, 2, 3, 4);
    assert.deepEqual(branch.released, [3, 4]);
    for (let i = 0; i < 3; i++) await branch.writer.next();
    assert.deepEqual(branch.writer.taken, [0, 1, 2]);
  });

  it("bounds what waits in bytes as well; the last that is let in may exceed them", async () => {
    const oldest = new Branch("drop-oldest", 100, 10);
    for (const [n, bytes] of [20, 4, 4, 4, 50, 3, 20].entries()) oldest.writeLarge(n, bytes);
    // The first is with the writer. Who finds the limit reached drops from the front until it is not.
    assert.deepEqual(oldest.released, [1, 2, 3, 4]);
    for (let i = 0; i < 3; i++) await oldest.writer.next();
    assert.deepEqual(oldest.writer.taken, [0, 5, 6]);

    const newest = new Branch("drop-newest", 100, 10);
    for (const [n, bytes] of [20, 4, 50, 1, 1].entries()) newest.writeLarge(n, bytes);
    assert.deepEqual(newest.released, [3, 4]);
    for (let i = 0; i < 3; i++) await newest.writer.next();
    newest.writeLarge(5, 50);
    assert.deepEqual([newest.writer.taken, newest.queue.dropped], [[0, 1, 2, 5], 2]);
  });

  it("counts what it drops, and leaves what is written to the writer", async () => {
    const branch = new Branch("drop-newest", 1);
    branch.write(0, 1, 2, 3);
    await branch.writer.next();
    assert.equal(branch.queue.dropped, 2);
    assert.equal(branch.table.read(0).itemsDropped, 2);
    assert.equal(branch.table.read(0).itemsWritten, 0);
  });

  it("ends behind what waits, once", async () => {
    const branch = new Branch("drop-oldest", 2);
    branch.write(0, 1);
    branch.queue.end();
    assert.deepEqual(branch.writer.events, []);
    await branch.writer.next();
    assert.deepEqual(branch.writer.events, []);
    await branch.writer.next();
    assert.deepEqual(branch.writer.events, ["end"]);

    const idle = new Branch("drop-oldest", 2);
    idle.queue.end();
    assert.deepEqual(idle.writer.events, ["end"]);
  });

  it("refuses whatever comes after an abort, drops what waits, and says no end", async () => {
    const branch = new Branch("drop-oldest", 2);
    branch.write(0, 1, 2);
    branch.queue.end();
    branch.queue.abort(STOP);
    assert.deepEqual(branch.released, [1, 2]);
    assert.equal(thrownBy(() => branch.write(3)), STOP);
    await branch.writer.fail(STOP);
    assert.deepEqual([branch.writer.taken, branch.writer.events, branch.failures], [[0], [STOP.message], []]);
  });

  it("tells of a value that the writer refuses, although nobody waits for it", async () => {
    for (const isEnding of [false, true]) {
      const refused = new StreamrackError("detached-data", "moved away");
      const branch = new Branch("drop-oldest", 2);
      branch.write(0, 1);
      if (isEnding) branch.queue.end();
      await branch.writer.fail(refused);
      assert.deepEqual(branch.failures, [refused]);
      assert.equal(thrownBy(() => branch.write(2)), refused);
      assert.deepEqual(branch.writer.events, []);
    }
  });

  it("costs the other branches nothing, however slow its reader", async () => {
    const limits = { items: 2, bytes: 1 << 20 };
    const open = () => new EdgeQueue({ port: "in", from: "n" }, limits);
    const [quick, slow] = [open(), open()];
    const branch = new DroppingQueue(slow, { whenFull: "drop-oldest", limits, onFailure: assert.fail });
    const outlet = new Outlet([quick, branch]);
    const reader = new FanIn([quick], "any");
    for (let n = 0; n < 50; n++) {
      await outlet.write(RuntimeData.json(n), { epoch: 0 });
      assert.equal(RuntimeData.asJson((await reader.next())?.items[0]?.data as RuntimeData), n);
    }
    outlet.end();
    const late = new FanIn([slow], "any");
    const left: number[] = [];
    for (let next = await late.next(); next !== undefined; next = await late.next()) {
      left.push(...next.items.map(({ sequence }) => sequence));
      await settle();
    }
    // The first two stand in the edge, one waits at its gate, the last two wait in the queue before it.
    assert.deepEqual(left, [0, 1, 2, 48, 49]);
    assert.equal(branch.dropped, 45);
  });

  it("keeps order, bounds what waits and loses nothing uncounted, whatever the traffic", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...POLICIES),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.constantFrom("write", "take"), { maxLength: 60, size: "max" }),
        async (whenFull, items, steps) => {
          const branch = new Branch(whenFull, items);
          const { writer, queue, released } = branch;
          let written = 0;
          for (const step of steps) {
            if (step === "write") branch.write(written++);
            else await writer.next();
            assert.ok(written - writer.taken.length - queue.dropped <= items);
          }
          queue.end();
          for (let i = 0; i <= items + 1; i++) await writer.next();
          const byNumber = (a: number, b: number) => a - b;
          assert.deepEqual(writer.taken, [...writer.taken].sort(byNumber));
          const all = [...writer.taken, ...released].sort(byNumber);
          assert.deepEqual(all, Array.from({ length: written }, (_, n) => n));
          assert.equal(queue.dropped, released.length);
          assert.deepEqual(writer.events, ["end"]);
        },
      ),
      { numRuns: 200, seed: 32 },
    );
  });
});
