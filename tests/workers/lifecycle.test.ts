import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProgram } from "../_support/runtime_process.ts";

const program = new URL("../_support/programs/ends_by_itself.ts", import.meta.url);

describe("a program that uses a runtime", () => {
  it("ends by itself after close", async () => {
    assert.equal((await runProgram(program, ["close"])).stdout.trim(), "done");
  });

  it("ends by itself even if it never closes the runtime", async () => {
    assert.equal((await runProgram(program)).stdout.trim(), "done");
  });
});
