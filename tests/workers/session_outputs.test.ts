import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamrackError } from "../../core/errors.ts";
import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import { FanIn } from "../../core/flow/fan_in.ts";
import type { Item } from "../../core/flow/item.ts";
import { Lease } from "../../core/flow/lease.ts";
import { RuntimeData, type SessionOutput } from "../../mod.ts";
import { SessionOutputs } from "../../workers/session_outputs.ts";
import { isSettled } from "../_support/promises.ts";
import { rejectionOf } from "../_support/errors.ts";

const BROKEN = new StreamrackError("node-failed", "it broke");

const itemOf = (n: number, more: Partial<Item> = {}): Item => ({
  ...{ data: RuntimeData.json(n), sequence: n, epoch: 0, bytes: 1 },
  ...more,
});

/** Outputs over a queue, and what the session was told. */
class Reading {
  readonly queue = new EdgeQueue({ port: "out", from: "n" }, { items: 100, bytes: 1 << 20 });
  readonly source = new FanIn([this.queue], "any");
  readonly events: string[] = [];
  failure: Error | undefined;
  refusal: Error | undefined;
  readonly outputs = new SessionOutputs({
    source: this.source,
    open: () => {
      if (this.refusal !== undefined) throw this.refusal;
      this.events.push("open");
    },
    end: () => {
      this.events.push("end");
      return this.failure === undefined ? Promise.resolve() : Promise.reject(this.failure);
    },
    leave: () => {
      this.events.push("leave");
      return Promise.resolve();
    },
  });

  write(...numbers: number[]): void {
    for (const n of numbers) this.queue.write(itemOf(n));
  }
}

/** The number that a read gave, or that it was the end. */
const numberOf = ({ done, value }: IteratorResult<SessionOutput, void>) =>
  done === true ? "end" : RuntimeData.asJson((value as SessionOutput).data);

describe("SessionOutputs", () => {
  it("gives what is there, then waits, then ends, and has nothing more after that", async () => {
    const reading = new Reading();
    const { outputs, queue } = reading;
    assert.equal(outputs[Symbol.asyncIterator](), outputs);
    reading.write(0);
    assert.equal(numberOf(await outputs.next()), 0);
    const next = outputs.next();
    assert.equal(await isSettled(next), false);
    reading.write(1);
    assert.equal(numberOf(await next), 1);
    queue.end();
    assert.deepEqual([await outputs.next(), await outputs.next()], Array(2).fill({ done: true, value: undefined }));
    assert.deepEqual(reading.events, ["open", "end"]);
  });

  it("tells of each value where it came from, what is missing before it, and how far its node is", async () => {
    const { outputs, queue } = new Reading();
    let released = 0;
    const progress = { progressPercent: 40 };
    queue.write(itemOf(2, { isPartial: true, progress, lease: new Lease(() => released++) }));
    queue.write(itemOf(7));
    queue.write(itemOf(8));
    const place = { nodeId: "n", port: "out" };
    assert.deepEqual((await outputs.next()).value, {
      ...{ ...place, data: RuntimeData.json(2), sequence: 2, missing: 2, isPartial: true, progress },
    });
    assert.equal(released, 1);
    const [second, third] = [(await outputs.next()).value, (await outputs.next()).value];
    assert.deepEqual([second?.missing, second?.isPartial, second?.progress], [4, false, undefined]);
    assert.equal(third?.missing, 0);
  });

  it("queues reads that are made at once, however they meet what comes", async () => {
    for (let early = 0; early <= 3; early++) {
      const reading = new Reading();
      const { outputs, queue } = reading;
      reading.write(...Array.from({ length: early }, (_, n) => n));
      const order: number[] = [];
      const read = (place: number) => outputs.next().then((result) => (order.push(place), numberOf(result)));
      const reads = [read(0), read(1), read(2)];
      // Now and then another joins while those before it are on their way.
      for (let n = early; n < 12; n++) {
        reading.write(n);
        for (let step = 0; step < n; step++) await Promise.resolve();
        reads.push(read(n + 3 - early));
      }
      for (let step = 0; step < 20; step++) await Promise.resolve();
      queue.end();
      const numbers = await Promise.all(reads);
      const values = numbers.filter((number) => number !== "end");
      assert.deepEqual(values, Array.from({ length: values.length }, (_, n) => n));
      assert.deepEqual(order, reads.map((_, place) => place));
      assert.equal(values.length, 12);
    }
  });

  it("ends every read that waits, when the end comes", async () => {
    const { outputs, queue, events } = new Reading();
    const reads = [outputs.next(), outputs.next(), outputs.next()];
    queue.end();
    assert.deepEqual((await Promise.all(reads)).map(numberOf), ["end", "end", "end"]);
    assert.deepEqual(events, ["open", "end"]);
  });

  it("throws what the session failed with once, after all that came before it", async () => {
    const reading = new Reading();
    const { outputs, queue } = reading;
    reading.failure = BROKEN;
    reading.write(0);
    queue.end();
    const reads = [outputs.next(), rejectionOf(outputs.next()), outputs.next()] as const;
    assert.equal(numberOf(await reads[0]), 0);
    assert.equal(await reads[1], BROKEN);
    assert.equal(numberOf(await reads[2]), "end");
    assert.equal(numberOf(await outputs.next()), "end");
  });

  it("throws what broke the read that waits once, and ends the reads behind it", async () => {
    const { outputs, source, events } = new Reading();
    const reads = [rejectionOf(outputs.next()), outputs.next()] as const;
    source.abort(BROKEN);
    assert.equal(await reads[0], BROKEN);
    assert.equal(numberOf(await reads[1]), "end");
    assert.deepEqual(events, ["open", "leave"]);
  });

  it("leaves the session when it is left before the end, and not otherwise", async () => {
    const open = new Reading();
    open.write(0, 1);
    for await (const { sequence } of open.outputs) if (sequence === 0) break;
    assert.deepEqual(open.events, ["open", "leave"]);
    assert.equal(numberOf(await open.outputs.next()), "end");
    await open.outputs.return();
    assert.deepEqual(open.events, ["open", "leave"]);

    const ended = new Reading();
    ended.queue.end();
    assert.equal(numberOf(await ended.outputs.next()), "end");
    await ended.outputs.return();
    assert.deepEqual(ended.events, ["open", "end"]);

    // Before its first read it holds nothing: another may read the session.
    const fresh = new Reading();
    assert.deepEqual(await fresh.outputs.return(), { done: true, value: undefined });
    assert.equal(numberOf(await fresh.outputs.next()), "end");
    assert.deepEqual(fresh.events, []);
  });

  it("leaves behind the reads that wait, as a generator would", async () => {
    const reading = new Reading();
    const reads = [reading.outputs.next(), reading.outputs.next()];
    const left = reading.outputs.return();
    assert.equal(await isSettled(left), false);
    reading.write(0, 1);
    assert.deepEqual((await Promise.all(reads)).map(numberOf), [0, 1]);
    await left;
    assert.deepEqual(reading.events, ["open", "leave"]);
  });

  it("refuses where the session does, once, and leaves the session to whoever reads it", async () => {
    const reading = new Reading();
    reading.refusal = BROKEN;
    reading.write(0);
    assert.equal(await rejectionOf(reading.outputs.next()), BROKEN);
    assert.equal(numberOf(await reading.outputs.next()), "end");
    await reading.outputs.return();
    assert.deepEqual(reading.events, []);
    assert.equal(reading.queue.depth, 1);
  });
});
