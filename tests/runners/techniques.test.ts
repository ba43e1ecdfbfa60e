import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { batch, buffered, ModelStore, pace, ResultCache } from "../../runners/mod.ts";
import { FakeClock } from "../../testing/mod.ts";

/** A source whose values come when the test says so. */
function handFed<T>() {
  const waiting: ((step: IteratorResult<T>) => void)[] = [];
  const ready: IteratorResult<T>[] = [];
  const state = { asked: 0, returned: 0 };
  const give = (step: IteratorResult<T>) => void (waiting.shift() ?? ((step) => void ready.push(step)))(step);
  const source: AsyncIterable<T> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        state.asked += 1;
        const step = ready.shift();
        return step === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(step);
      },
      return: () => {
        state.returned += 1;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  return {
    source,
    state,
    give: (value: T) => give({ done: false, value }),
    end: () => give({ done: true, value: undefined }),
  };
}

describe("batch", () => {
  it("gives a batch when it is full, or when its first value has waited long enough", async () => {
    const clock = new FakeClock();
    const { source, give, end } = handFed<number>();
    const batches: number[][] = [];
    const reading = (async () => {
      for await (const values of batch(source, { maxItems: 3, maxWaitMs: 50, clock })) batches.push(values);
    })();
    for (const value of [1, 2, 3, 4]) give(value);
    await clock.tick(0);
    assert.deepEqual(batches, [[1, 2, 3]]);
    await clock.tick(49);
    give(5);
    await clock.tick(1);
    assert.deepEqual(batches, [[1, 2, 3], [4, 5]]);
    give(6);
    end();
    await reading;
    assert.deepEqual(batches, [[1, 2, 3], [4, 5], [6]]);
    assert.equal(clock.pendingCount, 0);
  });

  it("gives what is there before a failure, and leaves its source when it is left", async () => {
    async function* failing() {
      yield 1;
      throw new Error("cut");
    }
    const seen: number[][] = [];
    const read = async () => {
      for await (const values of batch(failing(), { maxItems: 9, maxWaitMs: 1e6 })) seen.push(values);
    };
    await assert.rejects(read(), /cut/);
    assert.deepEqual(seen, [[1]]);
    const { source, give, state } = handFed<number>();
    give(1);
    for await (const _ of batch(source, { maxItems: 1, maxWaitMs: 0 })) break;
    assert.equal(state.returned, 1);
  });
});

describe("buffered", () => {
  it("reads ahead as far as its capacity, and no further", async () => {
    let made = 0;
    async function* numbers() {
      for (;;) yield ++made;
    }
    const values = buffered(numbers(), 4);
    assert.equal((await values.next()).value, 1);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.ok(made >= 4 && made <= 6, `${made}`);
    const [before] = [made];
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(made, before);
    await values.return();
  });

  it("gives all, in order, then the failure", async () => {
    async function* failing() {
      yield* [1, 2, 3];
      throw new Error("cut");
    }
    const seen: number[] = [];
    await assert.rejects(
      (async () => {
        for await (const value of buffered(failing(), 2)) seen.push(value);
      })(),
      /cut/,
    );
    assert.deepEqual(seen, [1, 2, 3]);
    await assert.rejects(buffered(failing(), 0).next(), RangeError);
  });
});

describe("pace", () => {
  it("gives the first at once, the others no faster than the interval, and holds nothing slower back", async () => {
    const clock = new FakeClock();
    const at: number[] = [];
    async function* quick() {
      yield* [1, 2, 3];
    }
    const { signal } = new AbortController();
    const reading = (async () => {
      for await (const _ of pace(quick(), { intervalMs: 50, signal, clock })) at.push(clock.now());
    })();
    await clock.tick(500);
    await reading;
    assert.deepEqual(at, [0, 50, 100]);
  });

  it("is cancelled while it waits", async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const values = pace([1, 2] as never, { intervalMs: 50, signal: stop.signal, clock });
    await values.next();
    const second = assert.rejects(values.next(), /enough/);
    await clock.tick(10);
    stop.abort(new Error("enough"));
    await second;
    assert.equal(clock.pendingCount, 0);
  });
});

describe("ResultCache", () => {
  it("keeps within its bytes, and forgets the least recently used", () => {
    const cache = new ResultCache<{ bytes: number }>({ maxBytes: 100, sizeOf: ({ bytes }) => bytes });
    for (const key of ["a", "b"]) cache.set(key, { bytes: 40 });
    cache.get("a");
    cache.set("c", { bytes: 40 });
    assert.deepEqual(["a", "b", "c"].map((key) => cache.get(key) !== undefined), [true, false, true]);
    cache.set("huge", { bytes: 101 });
    assert.equal(cache.get("huge"), undefined);
    assert.ok(cache.bytes <= 100);
  });

  it("answers equal questions once, and keeps no failure", async () => {
    const cache = new ResultCache<{ n: number }>({ maxBytes: 10, sizeOf: () => 1 });
    let made = 0;
    const make = () => Promise.resolve({ n: ++made });
    const [one, two] = await Promise.all([cache.getOrMake("q", make), cache.getOrMake("q", make)]);
    assert.equal(one, two);
    await assert.rejects(cache.getOrMake("x", () => Promise.reject(new Error("cut"))), /cut/);
    assert.equal((await cache.getOrMake("x", make)).n, 2);
  });
});

describe("ResultCache, cancelled", () => {
  it("makes a result anew for those who wait, when the one who made it was cancelled", async () => {
    const cache = new ResultCache<{ by: string }>({ maxBytes: 10, sizeOf: () => 1 });
    const stops = [new AbortController(), new AbortController(), new AbortController()] as const;
    const done = Promise.withResolvers<void>();
    const made: string[] = [];
    const ask = (by: string, { signal }: AbortController) =>
      cache.getOrMake("q", async () => {
        made.push(by);
        await new Promise<void>((resolve, reject) => {
          void done.promise.then(resolve);
          signal.addEventListener("abort", () => reject(signal.reason));
        });
        return { by };
      }, signal);
    const first = assert.rejects(ask("first", stops[0]), /enough/);
    const second = ask("second", stops[1]);
    const third = assert.rejects(ask("third", stops[2]), /me too/);
    stops[2].abort(new Error("me too")); // at once, although the first is at it
    await third;
    stops[0].abort(new Error("enough"));
    await first;
    done.resolve();
    assert.deepEqual([await second, made], [{ by: "second" }, ["first", "second"]]);
    assert.equal(await ask("fourth", stops[1]), await second);
  });

  it("shares a failure that is no cancel", async () => {
    const cache = new ResultCache<object>({ maxBytes: 10, sizeOf: () => 1 });
    let made = 0;
    const fail = () => Promise.reject(new Error(`cut ${++made}`));
    const both = await Promise.allSettled([cache.getOrMake("q", fail), cache.getOrMake("q", fail)]);
    assert.deepEqual(both.map((result) => result.status === "rejected" && result.reason.message), ["cut 1", "cut 1"]);
  });
});

describe("ModelStore", () => {
  it("aborts a load that nobody waits for any more, and does not begin the next before it has gone", async () => {
    const store = new ModelStore();
    const log: string[] = [];
    const loading = Promise.withResolvers<object>();
    const unloading = Promise.withResolvers<void>();
    const loader = {
      load: (signal: AbortSignal) => {
        log.push("load");
        signal.addEventListener("abort", () => log.push("abort"));
        return loading.promise;
      },
      unload: () => {
        log.push("unload");
        return unloading.promise;
      },
    };
    const stop = new AbortController();
    const first = assert.rejects(store.acquire("m", loader, stop.signal), /enough/);
    await new Promise((resolve) => setTimeout(resolve, 0));
    stop.abort(new Error("enough"));
    await new Promise((resolve) => setTimeout(resolve, 0));
    const second = store.acquire("m", loader, new AbortController().signal);
    loading.resolve({});
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual(log, ["load", "abort", "unload"]);
    unloading.resolve();
    await first;
    const lease = await second;
    assert.deepEqual(log, ["load", "abort", "unload", "load"]);
    await lease.release();
    assert.equal(store.size, 0);
  });
});
