import assert from "node:assert/strict";
import { StreamrackError } from "../../core/errors.ts";
import { describe, it } from "node:test";
import type { EdgeQueue } from "../../core/flow/edge_queue.ts";
import type { Delivery } from "../../core/flow/alignment.ts";
import { FanIn } from "../../core/flow/fan_in.ts";
import { rejectionOf } from "../_support/errors.ts";
import { Random } from "../_support/random.ts";
import type { Item } from "../../core/flow/item.ts";
import { isSettled, settle } from "../_support/promises.ts";
import { audioItem, item, queueOf, STOP, textOf } from "./_flow_kit.ts";

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
