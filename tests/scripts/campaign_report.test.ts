import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { campaignTable, parseResult } from "../../scripts/lib/campaign_report.ts";

const result = {
  rounds: 3,
  restarts: 1,
  faults: { throw: { "node-failed": 1 }, exit: { left: 1, done: 2 } },
  breaches: [],
};

describe("parseResult", () => {
  it("reads the last line, and nothing where there is none", () => {
    assert.deepEqual(parseResult(`noise\n${JSON.stringify(result)}\n`), result);
    assert.equal(parseResult("it crashed"), undefined);
    assert.equal(parseResult(""), undefined);
  });
});

describe("campaignTable", () => {
  it("gives rounds by fault and by how they ended, the most frequent first", () => {
    const table = campaignTable([
      { runtime: "node", ok: true, ending: "exit code 0", result },
      { runtime: "bun", ok: false, ending: "ended by SIGSEGV", result: undefined },
    ]);
    assert.deepEqual(table.split("\n"), [
      "node: 3 rounds, 1 restarts, 0 breaches",
      "  exit                   3   done 2, left 1",
      "  throw                  1   node-failed 1",
      "bun: no result",
    ]);
  });
});
