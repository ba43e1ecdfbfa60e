import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Allowance } from "../../../workers/link/allowance.ts";

describe("Allowance", () => {
  it("never runs out where each message follows a record of its own, however late it is heard", () => {
    fc.assert(fc.property(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.array(fc.constantFrom("written", "taken", "heard"), { maxLength: 400 }),
      (start, steps) => {
        const window = 16;
        const allowance = new Allowance(window);
        allowance.use(start);
        let [written, taken, heard] = [0, 0, 0];
        for (const step of steps) {
          if (step === "written" && written - taken < window) written += 1;
          if (step === "taken" && taken < written) taken += 1;
          if (step === "heard" && heard < written) {
            heard += 1;
            assert.ok(allowance.use((start + taken) >>> 0));
          }
        }
      },
    ));
  });

  it("hears a thousand that have waited, one after the other", () => {
    const allowance = new Allowance(16);
    for (let i = 0; i < 1_000; i++) assert.ok(allowance.use(1_000));
  });

  it("runs out where messages come without a reason, also after much that had one", () => {
    const allowance = new Allowance(16);
    for (let i = 0; i < 100_000; i++) assert.ok(allowance.use(i));
    let count = 0;
    while (allowance.use(100_000)) count += 1;
    assert.ok(count <= 16 + 1_024 + 1, String(count));
  });
});
