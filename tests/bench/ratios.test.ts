import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findFailures } from "../../bench/check.ts";
import { compareReports, comparisonWarnings } from "../../bench/harness/compare.ts";
import { findLosses } from "../../bench/harness/losses.ts";
import { type Budget, judgeReport, type Selector } from "../../bench/harness/ratios.ts";
import { toSeries } from "../../bench/harness/report.ts";
import { renderVerdict } from "../../bench/harness/verdict_text.ts";
import { failed, observed, reportOf } from "./_reports.ts";

const rate = (chunksPerSecond: number) => ({ chunksPerSecond });
const of = (...contenders: string[]): Selector => {
  return { case: "throughput", params: { window: 16 }, metric: "chunksPerSecond", contenders };
};
const budget = (more: Partial<Budget>): Budget => {
  return { id: "demo", title: "Demo", value: of("streamrack"), against: of("slow", "fast"), noise: 0.5, ...more };
};
const rounds = (contender: string, values: readonly number[]) =>
  values.map((value, round) => observed(contender, round, rate(value)));
const judgeOne = (more: Partial<Budget>, observations: ReturnType<typeof observed>[]) =>
  judgeReport(reportOf(observations), [budget(more)])[0];

describe("judgeReport", () => {
  const observations = [
    ...rounds("streamrack", [40, 50, 60]),
    ...rounds("slow", [5, 5, 5]),
    ...rounds("fast", [10, 10, 20]),
  ];

  it("divides round by round, by the best of the others", () => {
    const verdict = judgeOne({ atLeast: { node: 4 } }, observations);
    assert.deepEqual(verdict?.measured, { median: 4, mad: 1, count: 3 });
    assert.equal(verdict?.rival, "fast");
    assert.equal(verdict?.standing, "met");
    assert.equal(
      renderVerdict(verdict as NonNullable<typeof verdict>),
      "met           node  Demo: 4× ±1 of fast (at least 4×)",
    );
  });

  it("tells a miss within the noise from one beyond", () => {
    assert.equal(judgeOne({ atLeast: { node: 4.5 } }, observations)?.standing, "within noise");
    assert.equal(judgeOne({ atLeast: { node: 4.6 } }, observations)?.standing, "short");
    assert.equal(judgeOne({ atMost: { node: 3.5 } }, observations)?.standing, "within noise");
    assert.equal(judgeOne({ atMost: { node: 3.4 } }, observations)?.standing, "short");
  });

  it("judges a value by itself where nothing is to be divided by", () => {
    const [verdict] = judgeReport(reportOf(rounds("streamrack", [1, 2, 3])), [{
      id: "alone",
      title: "Alone",
      unit: "KiB",
      value: of("streamrack"),
      atMost: { node: 2 },
      noise: 0,
    }]);
    assert.equal(verdict?.standing, "met");
    assert.equal(verdict?.measured?.median, 2);
  });

  it("goes on with the others when one rival failed, and fails when we did", () => {
    const ours = rounds("streamrack", [50]);
    const partly = judgeOne({ atLeast: { node: 5 } }, [...ours, ...rounds("slow", [10]), failed("fast", "no")]);
    assert.equal(partly?.standing, "met");
    const broken = judgeOne({ atLeast: { node: 5 } }, [failed("streamrack", "crash"), ...rounds("slow", [10])]);
    assert.deepEqual([broken?.standing, broken?.error], ["failed", "streamrack: crash"]);
  });

  it("says what was not measured, and nothing where nothing is promised", () => {
    assert.equal(judgeOne({ atLeast: { node: 5 } }, [])?.standing, "not measured");
    assert.equal(judgeOne({ atLeast: { bun: 5 } }, observations), undefined);
  });

  it("makes the check fail for everything that is short, failed or missing", () => {
    const standings = (more: Partial<Budget>, from: ReturnType<typeof observed>[]) =>
      findFailures(judgeReport(reportOf(from), [budget(more)])).map(({ standing }) => standing);
    assert.deepEqual(standings({ atLeast: { node: 4.5 } }, observations), []);
    assert.deepEqual(standings({ atLeast: { node: 9 } }, observations), ["short"]);
    assert.deepEqual(standings({ atLeast: { node: 1 } }, []), ["not measured"]);
    assert.deepEqual(standings({ atLeast: { node: 1 } }, [failed("streamrack", "crash")]), ["failed"]);
  });
});

describe("compareReports", () => {
  const changes = (before: readonly number[], after: readonly number[], metric = "chunksPerSecond") => {
    const report = (values: readonly number[]) =>
      reportOf(values.map((value, round) => observed("streamrack", round, { [metric]: value })));
    return compareReports(report(before), report(after)).map(({ verdict }) => verdict);
  };

  it("knows in which direction a metric is better", () => {
    assert.deepEqual(changes([100, 100, 100], [120, 120, 120]), ["better"]);
    assert.deepEqual(changes([100, 100, 100], [80, 80, 80]), ["worse"]);
    assert.deepEqual(changes([100, 100, 100], [120, 120, 120], "p50Us"), ["worse"]);
  });

  it("does not count what is within the spread of both", () => {
    assert.deepEqual(changes([90, 100, 110], [110, 120, 130]), ["same"]);
    assert.deepEqual(changes([100, 100, 100], [103, 103, 103]), ["same"]);
    assert.deepEqual(changes([0, 0, 0], [0, 0, 0]), ["same"]);
  });

  it("warns of another machine, mode or version", () => {
    const before = reportOf([]);
    assert.deepEqual(comparisonWarnings(before, before), []);
    const other = reportOf([], {
      mode: "quick",
      runtimes: { node: "99.0.0" },
      machine: { ...before.machine, processors: 64 },
    });
    assert.equal(comparisonWarnings(before, other).length, 3);
  });
});

describe("findLosses", () => {
  it("names who did better, and never Streamrack itself", () => {
    const observations = [
      ...rounds("streamrack", [10]),
      ...rounds("streamrack-fused", [50]),
      ...rounds("ring", [40]),
      ...rounds("piscina", [5]),
    ];
    const [loss, ...others] = findLosses(toSeries(observations));
    assert.deepEqual([loss?.contender, loss?.factor, others.length], ["ring", 4, 0]);
  });
});
