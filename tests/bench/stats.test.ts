import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkTimer, clockStepMs, timeTask } from "../../bench/harness/measure.ts";
import { renderNumber, renderSummary } from "../../bench/harness/numbers.ts";
import { median, slope, summarise } from "../../bench/harness/stats.ts";

describe("median and spread", () => {
  it("are those of the middle, whatever the order", () => {
    assert.equal(median([5, 1, 3]), 3);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.ok(Number.isNaN(median([])));
    assert.deepEqual(summarise([1, 2, 3, 4, 100]), { median: 3, mad: 1, count: 5 });
  });

  it("slope is that of the line, also with an outlier", () => {
    assert.equal(slope([0, 1, 2, 3, 4], [1, 3, 5, 700, 9]), 2);
    assert.equal(slope([0, 10, 20], [7, 7, 7]), 0);
  });

  it("are shown with three digits", () => {
    assert.deepEqual([1234567, 999.6, 45.678, 0.01234, 0, -0.0000001, NaN].map(renderNumber), [
      "1,230,000",
      "1,000",
      "45.7",
      "0.0123",
      "0",
      "0",
      "–",
    ]);
    assert.equal(renderSummary({ median: 200, mad: 10, count: 3 }), "200 ±5%");
    assert.equal(renderSummary({ median: 200, mad: 0, count: 1 }), "200");
  });
});

describe("timeTask", () => {
  it("runs the task between its hooks, at least as often as told", async () => {
    const calls: string[] = [];
    const note = (what: string) => () => {
      calls.push(what);
      return Promise.resolve();
    };
    const { latency } = await timeTask({
      before: note("before"),
      run: note("run"),
      after: note("after"),
      timeMs: 0,
      iterations: 4,
      warmupMs: 0,
    });
    assert.equal(latency.samplesCount, 4);
    assert.deepEqual(calls, Array.from({ length: 4 }, () => ["before", "run", "after"]).flat());
  });

  it("rejects with what the task throws", async () => {
    const run = () => Promise.reject(new Error("wrong sample"));
    await assert.rejects(timeTask({ run, timeMs: 0, iterations: 2, warmupMs: 0 }), /wrong sample/);
  });
});

describe("the check of the clock", () => {
  it("finds the step of a coarse clock", () => {
    let calls = 0;
    assert.equal(clockStepMs(() => Math.floor(calls++ / 7) * 0.5), 0.5);
  });

  it("calls a task too short for the clock so", () => {
    assert.deepEqual(checkTimer(100, 0.5), { resolutionUs: 500, taskUs: 100_000 });
    assert.match(checkTimer(1, 0.5).problem ?? "", /only 2\.0 steps/);
    assert.match(checkTimer(100, 0.001, "zero-mad").problem ?? "", /zero-mad/);
  });

  it("calls a clock that stands still too coarse", () => {
    assert.match(checkTimer(100, clockStepMs(() => 3)).problem ?? "", /0\.0 steps/);
  });
});
