import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CASES } from "../../bench/cases/mod.ts";
import { renderPage } from "../../bench/harness/html/page.ts";
import { logScale, spreadOut } from "../../bench/harness/html/lines.ts";
import { benchmarksDocument, readShortfalls } from "../../bench/harness/markdown_page.ts";
import { judgeReport } from "../../bench/harness/ratios.ts";
import { readBudgets } from "../../bench/harness/budgets.ts";
import { readResult, RESULT_MARK } from "../../bench/harness/result_line.ts";
import { parseReport, serializeReport, toSeries } from "../../bench/harness/report.ts";
import { renderText } from "../../bench/harness/text_table.ts";
import { failed, observed, reportOf } from "./_reports.ts";

const point = { params: { samplesPerChunk: 480, window: 16 } };
const report = reportOf([
  observed("streamrack", 0, { chunksPerSecond: 400 }, point),
  observed("streamrack", 1, { chunksPerSecond: 500 }, point),
  observed("piscina", 0, { chunksPerSecond: 100 }, point),
  observed("piscina", 1, { chunksPerSecond: 100 }, point),
  failed("threads", 'Error: <script>alert("no")</script>', point.params),
  failed("streamrack", "Error: alone", { window: 99 }),
  ...[1, 2, 3, 6].map((stages) =>
    observed("streamrack", 0, { chunksPerSecond: 120 / stages }, { caseId: "stages", params: { stages } })
  ),
]);

describe("a report", () => {
  it("survives being written and read", () => {
    assert.deepEqual(parseReport(serializeReport(report)), report);
    const lines = serializeReport(report).split("\n").filter((line) => line.includes('"caseId"'));
    assert.equal(lines.length, report.observations.length, "a line for each observation");
  });

  it("of another form is refused", () => {
    assert.throws(() => parseReport("{}"), /no benchmark report of version 1/);
    assert.throws(() => parseReport('{"reportVersion":2,"observations":[]}'), /found version 2/);
  });

  it("gathers what belongs together", () => {
    const [first, second, third] = toSeries(report.observations);
    assert.deepEqual(first?.metrics["chunksPerSecond"], { median: 450, mad: 50, count: 2 });
    assert.equal(second?.contender, "piscina");
    assert.deepEqual(third?.errors, ['Error: <script>alert("no")</script>']);
  });

  it("is shown as text, failures with their errors", () => {
    const text = renderText(report, CASES);
    assert.match(text, /Throughput of one worker · node 26\.10\.0/);
    assert.match(text, /streamrack +450 ±11%/);
    assert.match(text, /threads: Error: <script>/);
  });
});

const verdicts = judgeReport(report, await readBudgets());

describe("the page", () => {
  const page = renderPage(report, { cases: CASES, verdicts });

  it("needs nothing else: no script, no address", () => {
    assert.doesNotMatch(page, /<script|<link|<img|src=|url\(|https?:/);
    assert.match(page, /prefers-color-scheme: dark/);
  });

  it("draws bars and lines, and tells who could not run", () => {
    assert.match(page, /<rect [^>]*class="bar streamrack"/);
    assert.match(page, /class="line streamrack streamrack"/);
    assert.match(page, /cannot: Error: &lt;script&gt;/);
    assert.match(page, /Streamrack on node cannot: Error: alone/);
    assert.match(page, /Some &lt;CPU&gt;/);
  });

  it("shows each promised ratio with its figure", () => {
    assert.match(page, /<strong>4\.5×<\/strong> ± 0\.5 .*of Piscina/);
    assert.match(page, /at least 5×/);
  });

  it("warns when the machine was busy", () => {
    const busy = reportOf([], { machine: { ...report.machine, loadBefore: 1.5 } });
    assert.match(renderPage(busy, { cases: CASES, verdicts: [] }), /The machine was busy/);
    assert.doesNotMatch(page, /The machine was busy/);
  });
});

describe("lines", () => {
  it("have logarithmic scales, and labels that do not overlap", () => {
    const scale = logScale(1, 100, [0, 10]);
    assert.deepEqual([1, 10, 100].map((value) => Math.round(scale(value))), [0, 5, 10]);
    assert.equal(logScale(3, 3, [0, 10])(3), 5);
    assert.deepEqual(spreadOut([5, 0, 6], { gap: 10, limit: 100 }), [10, 0, 20]);
    assert.deepEqual(spreadOut([5, 0, 28], { gap: 10, limit: 30 }), [10, 0, 28], "what is apart stays");
    assert.deepEqual(spreadOut([25, 26, 28], { gap: 10, limit: 30 }), [10, 20, 30], "nothing leaves the picture");
  });
});

describe("the document", () => {
  it("says that there is no run where there is none", () => {
    const text = benchmarksDocument({ cases: CASES, verdicts: [], shortfalls: new Map() });
    assert.match(text, /No full run has been committed yet/);
  });

  it("has machine, ratios, losses, results, and what is said of a ratio that falls short", () => {
    const losing = reportOf([...report.observations, observed("ring", 0, { chunksPerSecond: 900 }, point)]);
    const shortfalls = new Map([["packages", "The profile says so."]]);
    const text = benchmarksDocument({ report: losing, cases: CASES, verdicts, shortfalls });
    assert.match(text, /commit `0123456789ab`, 2026-01-02/);
    assert.match(text, /\| 4\.5× ±0\.5, short \|/);
    assert.match(text, /promised at least 5×\)\. The profile says so\./);
    assert.match(text, /bare ring \(node 2×\)/);
    assert.match(text, /\| Streamrack \| chunks\/s \| 450 ±11% \|/);
    assert.match(text, /\| threads\.js \| chunks\/s \| cannot: Error/);
    assert.match(text, /\| Streamrack \| {2}\| cannot: Error: alone \|/);
  });

  it("says what has changed since its very run, and not since another", () => {
    const textWith = (commit: string) =>
      benchmarksDocument({
        report,
        cases: CASES,
        verdicts,
        shortfalls: new Map([[`since ${commit}`, "It is quicker."]]),
      });
    assert.match(textWith(report.commit), /### Since this run\n\nIt is quicker\./);
    assert.doesNotMatch(textWith("fedcba987654"), /Since this run/);
  });

  it("takes its texts from the headings of a file", () => {
    const found = readShortfalls("# Title\n\nHead.\n\n## one\n\nText\nof one.\n\n## two\n\n");
    assert.deepEqual([...found], [["one", "Text\nof one."]]);
  });
});

describe("the result of an observation", () => {
  it("is its last marked line", () => {
    const result = { ok: true, metrics: { p50Us: 1 } };
    const output = `noise\n${RESULT_MARK}{"ok":false,"error":"early"}\n${RESULT_MARK}${JSON.stringify(result)}\nnoise`;
    assert.deepEqual(readResult(output, "exit code 0", output), result);
  });

  it("is the error of a process that gave none", () => {
    assert.deepEqual(readResult("", "killed after 60 s", "Warning\n"), {
      ok: false,
      error: "no result (killed after 60 s)",
    });
    const crash = readResult(
      "",
      "exit code 1",
      "\u001b[31merror\u001b[0m: Uncaught (in promise) TypeError: no\n    at x",
    );
    assert.deepEqual(crash, { ok: false, error: "error: Uncaught (in promise) TypeError: no" });
  });
});
