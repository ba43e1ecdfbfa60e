import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { RuntimeData } from "../../mod.ts";
import { chain, withRuntime } from "../_support/runtime.ts";

describe("many sessions of a thread that has to be terminated", () => {
  it("end with it, and nobody is warned of anything", async () => {
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown) => warnings.push(warning);
    process.on("warning", onWarning);
    try {
      await withRuntime(async (runtime) => {
        const sessions = await Promise.all(Array.from({ length: 12 }, () => runtime.open(chain("fault.loop"))));
        await sessions[0]?.send(RuntimeData.text("x"));
        await Promise.all(sessions.map((session) => session.cancel()));
        assert.deepEqual(sessions.map(({ state }) => state), sessions.map(() => "cancelled"));
      }, { maxThreads: 1, tasksPerThread: 12, killGraceMs: 100, onLog: () => {} });
    } finally {
      process.off("warning", onWarning);
    }
    assert.deepEqual(warnings, []);
  });
});
