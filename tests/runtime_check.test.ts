import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";

// The runner says which runtime it meant to start; a mixed-up PATH must not pass for three runtimes.
const meant = process.env["STREAMRACK_TEST_RUNTIME"];
const skip = meant === undefined ? "start it with `deno task test`" : false;

describe("the runtime that runs these tests", () => {
  it("is the one that the runner meant to start", { skip }, () => {
    const has = (name: string) => name in globalThis;
    const runtime = has("Deno") ? "deno" : has("Bun") ? "bun" : "node";
    assert.equal(`${runtime} ${process.versions[runtime]}`, meant);
  });
});
