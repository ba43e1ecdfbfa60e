import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ActivityRecorder, readSpans } from "../../core/pipeline/activity.ts";

describe("ActivityRecorder", () => {
  /** Works from and to the given times. */
  function record(steps: Iterable<readonly [fromMs: number, toMs: number]>): ActivityRecorder {
    let nowMs = 0;
    const recorder = new ActivityRecorder(undefined, () => nowMs);
    for (const [fromMs, toMs] of steps) {
      nowMs = fromMs;
      recorder.begin();
      nowMs = toMs;
      recorder.end();
    }
    return recorder;
  }

  it("notes when work began and ended, and joins what lies close together", () => {
    assert.deepEqual(record([[0, 1], [1.2, 2], [5, 7], [9, 9]]).spans, [[0, 2], [5, 7], [9, 9]]);
  });

  it("shows work that is going on up to now", () => {
    let nowMs = 3;
    const recorder = new ActivityRecorder(undefined, () => nowMs);
    recorder.begin();
    nowMs = 8;
    assert.deepEqual(recorder.spans, [[3, 8]]);
    assert.deepEqual(recorder.spans, [[3, 8]]);
  });

  it("tells another watch as well", () => {
    const calls: string[] = [];
    const recorder = new ActivityRecorder({ begin: () => calls.push("begin"), end: () => calls.push("end") });
    recorder.begin();
    recorder.end();
    assert.deepEqual(calls, ["begin", "end"]);
  });

  it("keeps a bounded number of spans, which cover all the work in order", () => {
    function* steps() {
      for (let i = 0; i < 100_000; i++) yield [2 * i, 2 * i + 1] as const;
    }
    const { spans } = record(steps());
    assert.ok(spans.length <= 2048, `${spans.length}`);
    assert.deepEqual([spans[0]?.[0], spans.at(-1)?.[1]], [0, 199_999]);
    spans.forEach(([from, to], i) => assert.ok(to >= from && from > (spans[i - 1]?.[1] ?? -1)));
  });
});

describe("readSpans", () => {
  it("gives what a recorder has noted, and nothing that it cannot have noted", () => {
    const spans = [[0, 2], [5, 7.5], [9, 9]];
    assert.deepEqual(readSpans(spans), spans);
    for (const garbage of [undefined, null, 5, {}, "spans"]) assert.deepEqual(readSpans(garbage), []);
    const mixed = [[1, 2], 3, [1, 3], [4, NaN], ["5", 6], [8, 7], [-1, 2], [6, Infinity], [3, 3, 3]];
    assert.deepEqual(readSpans(mixed), [[1, 2], [3, 3]]);
    assert.equal(readSpans(Array.from({ length: 10_000 }, (_, i) => [i, i])).length, 2049);
  });
});
