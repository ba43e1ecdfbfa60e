import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settledWithin } from "../../core/flow/settled_within.ts";
import { rejectionOf } from "../_support/errors.ts";
import { STOP } from "./_flow_kit.ts";

describe("settledWithin", () => {
  it("gives the value, passes a rejection on, and gives up on what never settles", async () => {
    assert.equal(await settledWithin(Promise.resolve(1), 1e6), 1);
    assert.equal(await settledWithin(Promise.resolve(1), Infinity), 1);
    assert.equal(await rejectionOf(settledWithin(Promise.reject(STOP), 1e6)), STOP);
    assert.equal(await settledWithin(new Promise(() => {}), 0), undefined);
  });
});
