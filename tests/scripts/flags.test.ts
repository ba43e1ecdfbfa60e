import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readFlags, Usage } from "../../scripts/lib/flags.ts";

const read = (...args: string[]) =>
  readFlags(args, "usage: deno task it", { rounds: { type: "string", default: "5" }, json: { type: "boolean" } });

function usageOf(...args: string[]): Usage {
  try {
    read(...args);
  } catch (thrown) {
    if (thrown instanceof Usage) return thrown;
  }
  throw new Error("it was read");
}

describe("readFlags", () => {
  it("gives what was written, and defaults", () => {
    const { rounds, json } = read("--rounds", "7");
    assert.deepEqual([rounds, json], ["7", undefined]);
    assert.equal(read().rounds, "5");
  });

  it("ends with the usage: when it is asked for, and for what is not known", () => {
    assert.deepEqual([usageOf("--help").message, usageOf("-h").exitCode], ["usage: deno task it", 0]);
    const { message, exitCode } = usageOf("--round", "7");
    assert.match(message, /--round[^]*\nusage: deno task it$/);
    assert.equal(exitCode, 2);
    assert.equal(usageOf("file").exitCode, 2);
  });
});
