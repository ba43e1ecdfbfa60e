import assert from "node:assert/strict";
import { StreamrackError } from "../../core/errors.ts";
import { describe, it } from "node:test";
import { Gate } from "../../core/flow/gate.ts";
import { RuntimeData } from "../../core/plugin.ts";
import { rejectionOf } from "../_support/errors.ts";
import { Random } from "../_support/random.ts";
import { isSettled, settle } from "../_support/promises.ts";
import { item, itemOf, nothing, queueOf, STOP, textOf } from "./_flow_kit.ts";

describe("Gate", () => {
  it("lets in up to its limits, and the others one by one, in order", async () => {
    const gate = new Gate({ items: 2, bytes: 1000 });
    assert.equal(gate.enter(1, nothing), undefined);
    assert.equal(gate.enter(1, nothing), undefined);
    const entered: number[] = [];
    const waits = [3, 4, 5].map((n) => Promise.resolve(gate.enter(1, nothing)).then(() => entered.push(n)));
    await settle();
    assert.deepEqual(entered, []);
    gate.leave(1, 1);
    await settle();
    assert.deepEqual([...entered], [3]);
    gate.leave(2, 2);
    await Promise.all(waits);
    assert.deepEqual(entered, [3, 4, 5]);
    assert.deepEqual([gate.items, gate.bytes], [2, 2]);
  });

  it("lets nobody overtake, although there would be room for a small one", async () => {
    const gate = new Gate({ items: 10, bytes: 100 });
    gate.enter(100, nothing);
    const large = gate.enter(90, nothing);
    const small = gate.enter(1, nothing);
    assert.equal(await isSettled(large), false);
    assert.equal(await isSettled(small), false);
    gate.leave(1, 100);
    await large;
    await small;
    assert.equal(gate.bytes, 91);
  });

  it("lets a value pass that is larger than the whole limit, alone", async () => {
    const gate = new Gate({ items: 10, bytes: 100 });
    assert.equal(gate.enter(1000, nothing), undefined);
    const next = gate.enter(1, nothing);
    assert.equal(await isSettled(next), false);
    gate.leave(1, 1000);
    await next;
  });

  it("rejects whoever waits and whoever comes later, once it is aborted", async () => {
    const gate = new Gate({ items: 1, bytes: 1 });
    gate.enter(1, nothing);
    const waits = [gate.enter(1, nothing), gate.enter(1, nothing)].map((wait) => rejectionOf(wait as Promise<void>));
    gate.abort(STOP);
    gate.abort(new StreamrackError("unknown", "too late"));
    for (const error of await Promise.all(waits)) assert.equal(error, STOP);
    assert.throws(() => gate.enter(1, nothing), STOP);
    gate.leave(1, 1);
    assert.throws(() => gate.enter(1, nothing), STOP);
  });

  it("keeps its limits and its order under any traffic, and leaves nobody waiting", async () => {
    const random = new Random(7);
    for (let round = 0; round < 30; round++) {
      const limits = { items: random.integer(1, 5), bytes: random.integer(1, 50) };
      const gate = new Gate(limits);
      const inside: number[] = [];
      const order: number[] = [];
      const waits: Promise<unknown>[] = [];
      for (let n = 0; n < 200; n++) {
        if (random.unit() < 0.6) {
          const bytes = random.integer(0, 30);
          const enter = () => {
            order.push(n);
            inside.push(bytes);
          };
          const entered = gate.enter(bytes, enter);
          if (entered !== undefined) waits.push(entered);
        } else if (inside.length > 0) gate.leave(1, inside.shift() as number);
        await settle();
        assert.ok(gate.items <= limits.items);
        assert.ok(gate.bytes < limits.bytes + 30);
        assert.deepEqual([gate.items, gate.bytes], [inside.length, inside.reduce((sum, bytes) => sum + bytes, 0)]);
      }
      while (inside.length > 0) {
        gate.leave(1, inside.shift() as number);
        await settle();
      }
      await Promise.all(waits);
      assert.deepEqual(order, [...order].sort((a, b) => a - b));
    }
  });
});

describe("Gate.enter", () => {
  it("admits in the turn in which room is made, so that nobody slips in between", async () => {
    const queue = queueOf();
    await queue.write(item("a"));
    await queue.write(item("b"));
    const waiting = queue.write(item("c"));
    queue.take();
    queue.take();
    await queue.write(item("d"));
    await waiting;
    assert.deepEqual([textOf(queue.take()), textOf(queue.take())], ["c", "d"]);
  });

  it("gives the room back when the admission throws", async () => {
    const gate = new Gate({ items: 1, bytes: 10 });
    const fail = () => {
      throw STOP;
    };
    assert.throws(() => gate.enter(5, fail), STOP);
    assert.deepEqual([gate.items, gate.bytes], [0, 0]);
    gate.enter(5, nothing);
    const rejected = rejectionOf(gate.enter(5, fail) as Promise<void>);
    const next = gate.enter(5, nothing);
    gate.leave(1, 5);
    assert.equal(await rejected, STOP);
    await next;
    assert.deepEqual([gate.items, gate.bytes], [1, 5]);
  });

  it("counts a value as it was when it came, even if it is changed while it waits", () => {
    const queue = queueOf("in", { items: 100, bytes: 10_000 });
    const history = Array.from({ length: 100 }, () => "a line");
    for (let i = 0; i < 50; i++) {
      assert.equal(queue.write(itemOf(RuntimeData.json(history))), undefined);
      history.length = 0;
      queue.take();
      history.push(...Array.from({ length: 100 }, () => "a line"));
    }
  });
});
