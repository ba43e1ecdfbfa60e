import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countTests } from "../../scripts/lib/junit.ts";

describe("countTests", () => {
  it("leaves out the groups that Deno reports as tests", () => {
    const xml = `<testsuites>
      <testcase name="group" classname="a"><failure message="1 test step failed">x</failure></testcase>
      <testcase name="group &gt; holds" time="0"></testcase>
      <testcase name="group &gt; fails"><failure message="Uncaught 1 > 2">…</failure></testcase>
      <testcase name="group &gt; waits"><skipped/></testcase>
    </testsuites>`;
    assert.deepEqual(countTests(xml, "x.test.ts"), {
      passed: 1,
      failed: 1,
      skipped: [{ name: "group > waits", reason: "" }],
    });
  });

  it("reads the form of Bun, with tests that have no body", () => {
    const xml = `<testsuite name="x" tests="3"><testcase name="a" time="0.1" assertions="0" />
      <testcase name="b" time="0"><skipped message="TODO" /></testcase>
      <testcase name="c > d"><failure type="AssertionError" message="&quot;&gt;">…</failure></testcase></testsuite>`;
    assert.deepEqual(countTests(xml, "x.test.ts"), { passed: 1, failed: 1, skipped: [{ name: "b", reason: "TODO" }] });
  });

  it("reads the form of Node, with the reason of a skip", () => {
    const xml =
      `<testcase name="a &lt;b&gt;" file="/x"><skipped type="skipped" message="no &quot;ffmpeg&quot;"/></testcase>
      <testcase name="c" file="/x"><skipped type="skipped" message="true"/></testcase>
      <testcase name="d" failure="boom"><error>boom</error></testcase><!-- tests 3 -->`;
    assert.deepEqual(countTests(xml, "x.test.ts"), {
      passed: 0,
      failed: 1,
      skipped: [{ name: "a <b>", reason: 'no "ffmpeg"' }, { name: "c", reason: "" }],
    });
  });

  it("leaves out the file itself, which Node reports when it finds no test in it", () => {
    assert.deepEqual(countTests(`<testcase name="x.test.ts" file="/x"/>`, "x.test.ts"), {
      passed: 0,
      failed: 0,
      skipped: [],
    });
  });

  it("counts nothing in an empty report", () => {
    assert.deepEqual(countTests("", "x.test.ts"), { passed: 0, failed: 0, skipped: [] });
  });
});
