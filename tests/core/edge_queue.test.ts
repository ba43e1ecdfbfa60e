import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { rejectionOf } from "../_support/errors.ts";
import { Random } from "../_support/random.ts";
import type { Item } from "../../core/flow/item.ts";
import { isSettled } from "../_support/promises.ts";
import { item, queueOf, STOP, textOf } from "./_flow_kit.ts";

describe("EdgeQueue", () => {
  it("gives items in order, and room back with each that is taken", async () => {
    const queue = queueOf();
    assert.equal(queue.write(item("a")), undefined);
    assert.equal(queue.write(item("b")), undefined);
    const third = queue.write(item("c"));
    assert.equal(await isSettled(third), false);
    assert.equal(queue.depth, 2);
    assert.equal(textOf(queue.peek() as Item), "a");
    assert.equal(textOf(queue.take()), "a");
    await third;
    assert.deepEqual([queue.take(), queue.take()].map(textOf), ["b", "c"]);
    assert.equal(queue.peek(), undefined);
  });

  it("keeps order over thousands of items, through a few places", () => {
    const queue = queueOf("in", { items: 100, bytes: 1 << 20 });
    const random = new Random(8);
    let [written, taken] = [0, 0];
    while (taken < 5000) {
      if (queue.depth < 100 && random.unit() < 0.55) assert.equal(queue.write(item(`${written++}`)), undefined);
      else if (queue.depth > 0) assert.equal(textOf(queue.take()), `${taken++}`);
    }
  });

  it("has ended for its reader only when nothing waits any more", () => {
    const queue = queueOf();
    queue.write(item("a"));
    queue.end();
    assert.deepEqual([queue.isDrained, queue.source.ended], [false, false]);
    queue.take();
    assert.deepEqual([queue.isDrained, queue.source.ended], [true, true]);
  });

  it("refuses a link that delivers more than it may", () => {
    const queue = queueOf();
    queue.deliver(item("a"));
    queue.deliver(item("b"));
    assert.throws(() => queue.deliver(item("c")), { reason: "protocol-violation", code: "internal" });
  });

  it("tells a link the bytes of each item taken, and of each dropped", () => {
    const queue = queueOf();
    const bytes: number[] = [];
    queue.onTaken = (count) => void bytes.push(count);
    queue.deliver(item("a"));
    queue.deliver(item("abc"));
    queue.take();
    queue.flushBefore(1);
    queue.deliver(item("old"));
    assert.deepEqual(bytes, [66, 70, 70]);
  });

  it("drops what is of an earlier epoch: what waits, what waits for room, what comes late", async () => {
    const queue = queueOf();
    queue.write(item("a"));
    queue.write(item("b"));
    const waiting = [queue.write(item("c")), queue.write(item("d"))];
    queue.flushBefore(1);
    await Promise.all(waiting);
    assert.equal(queue.depth, 0);
    queue.write(item("late"));
    assert.equal(queue.depth, 0);
    queue.write(item("new", 0, 1));
    assert.equal(textOf(queue.take()), "new");
  });

  it("tells of a later epoch that it meets before the flush is heard of", () => {
    const queue = queueOf();
    const epochs: number[] = [];
    queue.onLaterEpoch = (epoch) => {
      epochs.push(epoch);
      queue.flushBefore(epoch);
    };
    queue.write(item("old"));
    queue.write(item("new", 0, 3));
    assert.deepEqual(epochs, [3]);
    assert.deepEqual([queue.depth, textOf(queue.take())], [1, "new"]);
  });

  it("rejects writers, waiting and later, once it is aborted", async () => {
    const queue = queueOf();
    queue.write(item("a"));
    queue.write(item("b"));
    const waiting = rejectionOf(queue.write(item("c")) as Promise<void>);
    queue.abort(STOP);
    assert.equal(await waiting, STOP);
    assert.equal(await rejectionOf((async () => await queue.write(item("d")))()), STOP);
  });
});
