import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseResult } from "../../scripts/lib/campaign_report.ts";
import { runProgram } from "../_support/runtime_process.ts";

describe("the fault campaign", () => {
  it("in its short form: nothing is lost, left pending or left over, and nobody else is disturbed", async () => {
    const args = ["--seed", "1", "--rounds", "60", "--minutes", "0.3"];
    // It rejects if the process does not end well, and by itself.
    const { stdout } = await runProgram(new URL("./campaign/main.ts", import.meta.url), args);
    const result = parseResult(stdout);
    assert.ok(result !== undefined && result.rounds > 0, stdout);
    assert.deepEqual(result.breaches, []);
  });
});
