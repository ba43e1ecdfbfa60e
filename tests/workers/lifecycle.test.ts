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

describe("a large chunk", () => {
  it("is moved through two threads and back: no second buffer of its size appears", async () => {
    const { stdout } = await runProgram(new URL("../_support/programs/moves_without_copy.ts", import.meta.url));
    const { isWhole, grownMib } = JSON.parse(stdout) as { isWhole: boolean; grownMib: number };
    assert.ok(isWhole);
    assert.ok(grownMib < 128, `the peak grew by ${grownMib} MiB for a chunk of 256 MiB`);
  });
});
