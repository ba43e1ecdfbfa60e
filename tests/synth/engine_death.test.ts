/** What happens when the worker of an engine ends. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRuntime, type Runtime } from "../../mod.ts";
import type { Synth } from "../../synth/mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { testPlugin } from "../_support/runtime.ts";
import { hashOf } from "./_kit.ts";
import { mine, withSynth } from "./_synth.ts";

/** Runs a test with a synth whose thread it shares with nodes that can end it. */
async function withMortalSynth(use: (synth: Synth, runtime: Runtime) => Promise<void>): Promise<void> {
  const runtime = await createRuntime({
    plugins: [testPlugin("faults")],
    trust: [["synth", "faults"]],
    maxThreads: 1,
    killGraceMs: 500,
  });
  try {
    await withSynth((synth) => use(synth, runtime), { runtime });
  } finally {
    await runtime.close();
  }
}

describe("an engine that dies", () => {
  it("is replaced, with its graphs", async () => {
    await withMortalSynth(async (synth, runtime) => {
      const before = await synth.generateFromPreset(mine, { durationS: 0.2 });
      const endless = synth.streamFromPreset(mine, { durationS: 36_000 })[Symbol.asyncIterator]();
      await endless.next();
      const killer = await runtime.open({ version: "v1", nodes: [{ id: "kill", node_type: "fault.exit" }] });
      await killer.send({ type: "text", text: "now" });
      const error = await rejectionOf((async () => {
        while (!(await endless.next()).done);
      })());
      assert.deepEqual([error.reason, error.retryable], ["worker-crashed", true]);
      await killer[Symbol.asyncDispose]();
      const after = await synth.generateFromPreset(mine, { durationS: 0.2 });
      assert.equal(hashOf(after.samples), hashOf(before.samples));
      // Compiled before it was asked for: the new engine was given it.
      const { cacheHits, cacheMisses } = await synth.getStatus();
      assert.deepEqual([cacheHits, cacheMisses], [1, 1]);
    });
  });

  it("is noticed while nothing is asked of it", async () => {
    await withMortalSynth(async (synth, runtime) => {
      await synth.generateFromPreset(mine, { durationS: 0.1 });
      const killer = await runtime.open({ version: "v1", nodes: [{ id: "kill", node_type: "fault.exit" }] });
      await killer.send({ type: "text", text: "now" });
      await rejectionOf((async () => {
        for await (const _ of killer);
      })());
      assert.equal((await synth.generateFromPreset(mine, { durationS: 0.1 })).samples.length, 2 * 4410);
    });
  });

  it("fails the instruments that it played, and the synth opens others", async () => {
    await withMortalSynth(async (synth, runtime) => {
      const instrument = await synth.openInstrument(mine);
      await instrument.fill(new Float32Array(256));
      const killer = await runtime.open({ version: "v1", nodes: [{ id: "kill", node_type: "fault.exit" }] });
      await killer.send({ type: "text", text: "now" });
      const error = await rejectionOf((async () => {
        for await (const _ of instrument.blocks());
      })());
      assert.deepEqual([error.reason, error.retryable], ["worker-crashed", true]);
      await instrument.closed;
      await killer[Symbol.asyncDispose]();
      const another = await synth.openInstrument(mine);
      assert.equal((await another.fill(new Float32Array(256))).length, 256);
      await another.close();
    });
  });
});
