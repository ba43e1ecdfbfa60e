import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitSlope } from "../../scripts/lib/slope.ts";

describe("fitSlope", () => {
  it("finds a line, without error", () => {
    assert.deepEqual(fitSlope([[0, 1], [1, 3], [2, 5], [3, 7]]), { slope: 2, standardError: 0 });
  });

  it("tells how far off it may be", () => {
    // By hand: slope 0.6, squared residuals 2.4, spread of x 10.
    const { slope, standardError } = fitSlope([[1, 2], [2, 4], [3, 5], [4, 4], [5, 5]]);
    assert.ok(Math.abs(slope - 0.6) < 1e-12);
    assert.ok(Math.abs(standardError - Math.sqrt(2.4 / 3 / 10)) < 1e-12);
  });

  it("knows nothing of the error of two points", () => {
    assert.deepEqual(fitSlope([[0, 0], [2, 1]]), { slope: 0.5, standardError: Infinity });
  });
});
