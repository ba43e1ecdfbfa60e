import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import type { Delivery } from "../../core/flow/alignment.ts";
import { FanIn } from "../../core/flow/fan_in.ts";
import { Gate } from "../../core/flow/gate.ts";
import type { Item, ItemWriter } from "../../core/flow/item.ts";
import { Outlet } from "../../core/flow/outlet.ts";
import { settledWithin } from "../../core/flow/settled_within.ts";
import { RuntimeData } from "../../core/plugin.ts";
import { rejectionOf } from "../_support/errors.ts";
import { isSettled, settle } from "../_support/promises.ts";
import { Random } from "../_support/random.ts";
import { StreamrackError } from "../../core/errors.ts";

const STOP = new StreamrackError("session-cancelled", "stop");
const LIMITS = { items: 2, bytes: 1 << 20 };

const itemOf = (data: RuntimeData, sequence = 0, epoch = 0): Item => ({
  data,
  sequence,
  epoch,
  bytes: RuntimeData.byteLength(data),
});
const item = (text: string, sequence = 0, epoch = 0): Item => itemOf(RuntimeData.text(text), sequence, epoch);
const audioItem = (frames: number, sampleRate = 1000): Item =>
  itemOf(RuntimeData.audio({ samples: new Float32Array(frames), sampleRate }));
const textOf = ({ data }: Item) => RuntimeData.asText(data);
const queueOf = (port = "in", limits = LIMITS) => new EdgeQueue({ port, from: undefined }, limits);

const nothing = () => {};

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

/** All that a reader gets until the end, as texts; items taken together in one. */
async function readAll(fanIn: FanIn): Promise<string[]> {
  const read: string[] = [];
  for (let next = await fanIn.next(); next !== undefined; next = await fanIn.next()) {
    read.push(next.items.map(textOf).join("+"));
  }
  return read;
}
const ROOMY = { items: 100, bytes: 1 << 20 };

function filled(texts: readonly string[], port = "in"): EdgeQueue {
  const queue = queueOf(port, ROOMY);
  for (const text of texts) queue.write(item(text));
  queue.end();
  return queue;
}

describe("FanIn", () => {
  it("ends at once without edges, and when all edges have ended", async () => {
    for (const align of ["any", "zip", "time", "duration"] as const) {
      assert.equal(await new FanIn([], align).next(), undefined);
      const fanIn = new FanIn([filled([]), filled([])], align);
      assert.equal(await fanIn.next(), undefined);
      assert.equal(await fanIn.next(), undefined);
    }
  });

  it("any: takes turns, so that no edge starves", async () => {
    const fanIn = new FanIn([filled(["a1", "a2", "a3"]), filled(["b1"]), filled(["c1", "c2"])], "any");
    assert.equal(fanIn.depth, 6);
    assert.deepEqual(await readAll(fanIn), ["a1", "b1", "c1", "a2", "c2", "a3"]);
  });

  it("any: waits until something comes, from whichever edge", async () => {
    const [a, b] = [queueOf(), queueOf()];
    const fanIn = new FanIn([a, b], "any");
    const next = fanIn.next();
    assert.equal(await isSettled(next), false);
    b.write(item("b1"));
    assert.deepEqual((await next)?.items.map(textOf), ["b1"]);
    const last = fanIn.next();
    a.end();
    assert.equal(await isSettled(last), false);
    b.end();
    assert.equal(await last, undefined);
  });

  it("zip: takes one of every edge that has not ended", async () => {
    const fanIn = new FanIn([filled(["a1", "a2", "a3"], "a"), filled(["b1"], "b"), filled(["c1", "c2"], "c")], "zip");
    assert.deepEqual(await readAll(fanIn), ["a1+b1+c1", "a2+c2", "a3"]);
  });

  it("zip: waits for the edge that lags, and goes on without it when it ends", async () => {
    const [a, b] = [queueOf("a"), queueOf("b")];
    const fanIn = new FanIn([a, b], "zip");
    a.write(item("a1"));
    a.write(item("a2"));
    const first = fanIn.next();
    assert.equal(await isSettled(first), false);
    b.write(item("b1"));
    assert.deepEqual((await first)?.edges.map(({ source }) => source.port), ["a", "b"]);
    const second = fanIn.next();
    assert.equal(await isSettled(second), false);
    b.end();
    assert.deepEqual((await second)?.edges.map(({ source }) => source.port), ["a"]);
  });

  it("time: takes from the edge that is furthest behind in media time", async () => {
    const [a, b] = [queueOf("a", ROOMY), queueOf("b", ROOMY)];
    for (let i = 0; i < 2; i++) a.write(audioItem(30));
    for (let i = 0; i < 6; i++) b.write(audioItem(10));
    a.end();
    b.end();
    const ports: string[] = [];
    const fanIn = new FanIn([a, b], "time");
    for (let next: Delivery | undefined; (next = await fanIn.next()) !== undefined;) {
      ports.push(next.edges[0]?.source.port as string);
    }
    assert.equal(ports.join(""), "abbbabbb");
  });

  it("duration: lets all edges start together, whatever their timestamps say", async () => {
    const [a, b] = [queueOf("a", ROOMY), queueOf("b", ROOMY)];
    const stamped = (frames: number, timestampUs: number): Item => {
      const { data, ...rest } = audioItem(frames);
      return { ...rest, data: { ...data, timestampUs } };
    };
    for (let i = 0; i < 2; i++) a.write(stamped(30, 1.7e15 + i * 30));
    for (let i = 0; i < 6; i++) b.write(stamped(10, i * 10));
    a.end();
    b.end();
    const ports: string[] = [];
    const fanIn = new FanIn([a, b], "duration");
    for (let next: Delivery | undefined; (next = await fanIn.next()) !== undefined;) {
      ports.push(next.edges[0]?.source.port as string);
    }
    assert.equal(ports.join(""), "abbbabbb");
  });

  it("time: waits for the edge that is behind, although another has something", async () => {
    const [a, b] = [queueOf("a"), queueOf("b")];
    const fanIn = new FanIn([a, b], "time");
    a.write(audioItem(30));
    a.write(audioItem(30));
    assert.equal((await fanIn.next())?.edges[0], a);
    const next = fanIn.next();
    assert.equal(await isSettled(next), false);
    b.end();
    assert.equal((await next)?.edges[0], a);
  });

  for (const align of ["any", "zip", "time", "duration"] as const) {
    it(`${align}: gives every item once, each edge in order`, async () => {
      const random = new Random(9);
      for (let round = 0; round < 20; round++) {
        const queues = Array.from(
          { length: random.integer(1, 5) },
          (_, i) => queueOf(`p${i}`, { items: 3, bytes: 1 << 20 }),
        );
        const lengths = queues.map(() => random.integer(0, 15));
        const fanIn = new FanIn(queues, align);
        const writers = queues.map(async (queue, i) => {
          for (let n = 0; n < (lengths[i] as number); n++) {
            for (let pause = random.integer(0, 3); pause > 0; pause--) await Promise.resolve();
            await queue.write(item(`${n}`));
          }
          queue.end();
        });
        const seen = queues.map(() => [] as string[]);
        for (let next: Delivery | undefined; (next = await fanIn.next()) !== undefined;) {
          next.edges.forEach((edge, i) =>
            seen[queues.indexOf(edge as EdgeQueue)]?.push(textOf(next?.items[i] as Item))
          );
        }
        await Promise.all(writers);
        assert.deepEqual(seen, lengths.map((length) => Array.from({ length }, (_, n) => `${n}`)));
      }
    });

    it(`${align}: rejects the read that waits, every later one, and all writers, once it is aborted`, async () => {
      const queues = [queueOf(), queueOf()] as const;
      const fanIn = new FanIn(queues, align);
      const next = rejectionOf((async () => await fanIn.next())());
      await settle();
      fanIn.abort(STOP);
      fanIn.abort(new StreamrackError("unknown", "too late"));
      assert.equal(await next, STOP);
      assert.equal(await rejectionOf((async () => await fanIn.next())()), STOP);
      for (const queue of queues) assert.equal(await rejectionOf((async () => await queue.write(item("x")))()), STOP);
    });
  }

  it("leaves neither reader nor writer pending when it is aborted at any step", async () => {
    for (let steps = 0; steps < 40; steps++) {
      const queues = [queueOf(), queueOf(), queueOf()];
      const fanIn = new FanIn(queues, steps % 2 === 0 ? "any" : "zip");
      const parties = [
        readAll(fanIn),
        ...queues.map(async (queue) => {
          for (let n = 0; n < 10; n++) await queue.write(item(`${n}`));
          queue.end();
        }),
      ].map((party) => party.then(() => "done", (error: unknown) => assert.equal(error, STOP)));
      for (let i = 0; i < steps; i++) await Promise.resolve();
      fanIn.abort(STOP);
      await Promise.all(parties);
    }
  });

  it("drops what is old on every edge, and begins to align anew", async () => {
    const [a, b] = [queueOf("a", ROOMY), queueOf("b", ROOMY)];
    const fanIn = new FanIn([a, b], "zip");
    a.write(item("a1"));
    const next = fanIn.next();
    await settle();
    fanIn.flushBefore(1);
    assert.equal(fanIn.depth, 0);
    b.write(item("b2", 0, 1));
    assert.equal(await isSettled(next), false);
    a.write(item("a2", 0, 1));
    assert.deepEqual((await next)?.items.map(textOf), ["a2", "b2"]);
  });
});

/** A writer that keeps what it was given, and waits when told so. */
class TestWriter implements ItemWriter {
  readonly items: Item[] = [];
  readonly events: string[] = [];
  gate: Promise<void> | undefined;

  write(item: Item): void | Promise<void> {
    this.items.push(item);
    return this.gate;
  }
  end(): void {
    this.events.push("end");
  }
  abort(error: Error): void {
    this.events.push(error.message);
  }
}

describe("Outlet", () => {
  const audio = () => RuntimeData.audio({ samples: Float32Array.of(1, 2), sampleRate: 8000 });

  it("drops what nobody reads, and hands on without a copy what one reads", () => {
    assert.equal(new Outlet([]).write(audio(), { epoch: 0 }), undefined);
    const writer = new TestWriter();
    const outlet = new Outlet([writer]);
    const data = audio();
    assert.equal(outlet.write(data, { epoch: 4 }), undefined);
    outlet.write(audio(), { epoch: 4 });
    assert.equal(writer.items[0]?.data, data);
    assert.deepEqual(writer.items.map(({ sequence, epoch }) => [sequence, epoch]), [[0, 4], [1, 4]]);
  });

  it("gives every edge bytes of its own, the last the value itself", async () => {
    const writers = [new TestWriter(), new TestWriter(), new TestWriter()];
    const data = audio();
    await new Outlet(writers).write(data, { epoch: 0 });
    const given = writers.map(({ items }) => RuntimeData.asAudio((items[0] as Item).data));
    assert.equal(given[2], data);
    assert.equal(new Set(given.map(({ samples }) => samples.buffer)).size, 3);
    for (const { samples } of given) assert.deepEqual(samples, Float32Array.of(1, 2));
  });

  it("goes at the pace of the slowest", async () => {
    const slow = new TestWriter();
    let open = () => {};
    slow.gate = new Promise((resolve) => open = resolve);
    const written = new Outlet([slow, new TestWriter()]).write(audio(), { epoch: 0 });
    assert.equal(await isSettled(written), false);
    open();
    await written;
  });

  it("rejects when an edge rejects, and has taken its copies before", async () => {
    const failing = new TestWriter();
    failing.gate = Promise.reject(STOP);
    failing.gate.catch(() => {});
    const data = audio();
    assert.equal(
      await rejectionOf(new Outlet([failing, new TestWriter()]).write(data, { epoch: 0 }) as Promise<void>),
      STOP,
    );
    assert.equal(RuntimeData.isDetached(data), false);
  });

  it("ends and aborts every edge", () => {
    const writers = [new TestWriter(), new TestWriter()];
    const outlet = new Outlet(writers);
    outlet.end();
    outlet.abort(STOP);
    for (const { events } of writers) assert.deepEqual(events, ["end", STOP.message]);
  });
});

describe("settledWithin", () => {
  it("gives the value, passes a rejection on, and gives up on what never settles", async () => {
    assert.equal(await settledWithin(Promise.resolve(1), 1e6), 1);
    assert.equal(await settledWithin(Promise.resolve(1), Infinity), 1);
    assert.equal(await rejectionOf(settledWithin(Promise.reject(STOP), 1e6)), STOP);
    assert.equal(await settledWithin(new Promise(() => {}), 0), undefined);
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
