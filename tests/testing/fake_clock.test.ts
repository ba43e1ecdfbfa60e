import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../../testing/fake_clock.ts";

describe("FakeClock", () => {
  it("stands still until it is told to go", async () => {
    const clock = new FakeClock({ nowMs: 100 });
    let ran = false;
    clock.setTimeout(() => ran = true, 0);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.deepEqual([clock.now(), ran, clock.pendingCount], [100, false, 1]);
    await clock.tick();
    assert.deepEqual([clock.now(), ran, clock.pendingCount], [100, true, 0]);
    await clock.tick(50);
    assert.equal(clock.now(), 150);
  });

  it("runs timers in order of time, then of their making, each at its own time", async () => {
    const clock = new FakeClock();
    const ran: [string, number][] = [];
    for (const [name, delayMs] of [["c", 30], ["a", 10], ["b1", 20], ["b2", 20], ["late", 31]] as const) {
      clock.setTimeout((given: string) => ran.push([given, clock.now()]), delayMs, name);
    }
    await clock.tick(30);
    assert.deepEqual(ran, [["a", 10], ["b1", 20], ["b2", 20], ["c", 30]]);
    assert.deepEqual([clock.now(), clock.pendingCount], [30, 1]);
  });

  it("counts absent, negative and NaN delays as 0", async () => {
    const clock = new FakeClock();
    let ran = 0;
    clock.setTimeout(() => ran++);
    clock.setTimeout(() => ran++, -5);
    clock.setTimeout(() => ran++, NaN);
    clock.setTimeout(() => ran++, Infinity);
    await clock.tick();
    assert.equal(ran, 3);
  });

  it("runs timers that timers set, if they fall due", async () => {
    const clock = new FakeClock();
    const ran: number[] = [];
    const again = () => {
      ran.push(clock.now());
      clock.setTimeout(again, 10);
    };
    clock.setTimeout(again, 10);
    await clock.tick(35);
    assert.deepEqual(ran, [10, 20, 30]);
  });

  it("lets promises run on between timers, however long the chain", async () => {
    const clock = new FakeClock();
    const sleep = (delayMs: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, delayMs));
    const times: number[] = [];
    const done = (async () => {
      for (let i = 0; i < 3; i++) {
        for (let step = 0; step < 200; step++) await Promise.resolve();
        await sleep(10);
        times.push(clock.now());
      }
    })();
    await clock.tick(30);
    await done;
    assert.deepEqual(times, [10, 20, 30]);
  });

  it("forgets timers that are cleared, also by a timer that runs before", async () => {
    const clock = new FakeClock();
    const ran: string[] = [];
    const first = clock.setTimeout(() => ran.push("first"), 1);
    const third = clock.setTimeout(() => ran.push("third"), 3);
    clock.setTimeout(() => clock.clearTimeout(third), 2);
    clock.clearTimeout(first);
    clock.clearTimeout(first);
    clock.clearTimeout(undefined);
    await clock.tick(10);
    assert.deepEqual([ran, clock.pendingCount], [[], 0]);
  });

  it("works when its functions are taken off it", async () => {
    const { now, setTimeout, clearTimeout, tick } = new FakeClock();
    const ran: number[] = [];
    setTimeout(() => ran.push(now()), 5);
    clearTimeout(setTimeout(() => ran.push(-1), 5));
    await tick(5);
    assert.deepEqual(ran, [5]);
  });

  it("rejects with what a timer throws, stands there, and can go on", async () => {
    const clock = new FakeClock();
    const ran: string[] = [];
    clock.setTimeout(() => {
      throw new Error("boom");
    }, 10);
    clock.setTimeout(() => ran.push("next"), 20);
    await assert.rejects(clock.tick(100), /boom/);
    assert.equal(clock.now(), 10);
    await clock.tick(10);
    assert.deepEqual(ran, ["next"]);
  });

  it("refuses to run backwards, twice at once, or without end", async () => {
    const clock = new FakeClock();
    for (const wrong of [-1, NaN]) await assert.rejects(clock.tick(wrong), RangeError);
    assert.throws(() => new FakeClock({ nowMs: NaN }), RangeError);
    const first = clock.tick(1);
    await assert.rejects(clock.tick(1), /earlier tick/);
    await first;
    assert.equal(clock.now(), 1);
  });
});
