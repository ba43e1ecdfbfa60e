import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fuzzRing } from "./_fuzz_ring.ts";

describe("the host's ends of a ring, while another thread writes anything to its memory", () => {
  it("give values that are valid, or a violation that names the other end (short form of the fuzz)", async () => {
    let seed = 0;
    const report = await fuzzRing({ seed: 1, rounds: 60, onRound: (drawn) => seed = drawn })
      .catch((cause) => assert.fail(new Error(`the round of seed ${seed} failed`, { cause })));
    assert.ok(report.taken > 0 && report.written > 0, "nothing went over the links");
    const violations = Object.keys(report.endings).filter((ending) => ending !== "nothing was wrong");
    assert.ok(violations.length > 0, "nothing was found out");
  });
});
