import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { GraphReport } from "../../synth/mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { peakOf } from "./_kit.ts";
import { mine, withSynth } from "./_synth.ts";

describe("an instrument", () => {
  it("plays what it is told, in blocks that are filled", async () => {
    await withSynth(async (synth) => {
      const instrument = await synth.openInstrument(mine, { blockFrames: 128, channels: 1 });
      assert.equal(peakOf(await instrument.fill(new Float32Array(512))), 0);
      await instrument.noteOn(69, { velocity: 1 });
      let peak = 0;
      let count = 0;
      for await (const block of instrument.blocks()) {
        assert.equal(block.length, 128);
        peak = Math.max(peak, peakOf(block));
        if (++count === 40) break;
      }
      assert.ok(peak > 0.05);
      assert.equal((await instrument.status()).activeVoices, 1);
      await instrument.noteOff(69);
      for (let i = 0; i < 40; i++) await instrument.fill(new Float32Array(512));
      assert.equal((await instrument.status()).activeVoices, 0);
      await instrument.close();
      assert.equal((await rejectionOf(instrument.fill(new Float32Array(64)))).code, "failed-precondition");
    });
  });

  it("changes numbers without a click", async () => {
    await withSynth(async (synth) => {
      const instrument = await synth.openInstrument(mine, { channels: 1 });
      await instrument.noteOn(45, { velocity: 1 });
      const parts: number[] = [];
      for (let i = 0; i < 60; i++) {
        if (i === 30) await instrument.set("output.gain", 0.05);
        parts.push(...await instrument.fill(new Float32Array(256)));
      }
      const step = parts.slice(1).reduce((most, sample, i) => Math.max(most, Math.abs(sample - parts[i]!)), 0);
      assert.ok(step < 0.05, `${step}`);
      await instrument.set("nothing.gain", 1);
      const error = await rejectionOf((async () => {
        for (;;) await instrument.fill(new Float32Array(64));
      })());
      assert.match(error.message, /command\.node: names no node of the graph/);
    });
  });

  it("has as many blocks on their way as its latency has time for, in buffers that go round", async () => {
    await withSynth(async (synth) => {
      for (const [maxLatencyMs, blocksAhead] of [[10, 2], [20, 5]] as const) {
        const instrument = await synth.openInstrument(mine, { blockFrames: 128, maxLatencyMs });
        assert.equal(instrument.blocksAhead, blocksAhead);
        assert.ok(instrument.latencyMs <= maxLatencyMs);
        const blocks = instrument.blocks();
        const { renderedBlocks: before } = await synth.getStatus();
        for (let i = 0; i < 50; i++) await blocks.next();
        // Nobody asks for another one until the one that is held goes back.
        while ((await synth.getStatus()).renderedBlocks - before < 49 + blocksAhead);
        assert.equal((await synth.getStatus()).renderedBlocks - before, 49 + blocksAhead);
        await blocks.return(undefined);
        await instrument.close();
      }
    });
  });

  for (const blockFrames of [64, 512]) {
    it(`makes no buffers in the steady state: ${blockFrames} frames`, async () => {
      await withSynth(async (synth) => {
        const instrument = await synth.openInstrument(mine, { blockFrames });
        await instrument.noteOn(60);
        const blocks = instrument.blocks();
        for (let i = 0; i < 500; i++) await blocks.next();
        const made: string[] = [];
        const originals = { Float32Array, Uint8Array, ArrayBuffer };
        for (const name of ["Float32Array", "Uint8Array", "ArrayBuffer"] as const) {
          globalThis[name] = new Proxy(originals[name], {
            construct: (target, args, newTarget) => {
              // A view of memory that is there already is not a buffer.
              if (!(args[0] instanceof originals.ArrayBuffer || args[0] instanceof SharedArrayBuffer)) made.push(name);
              return Reflect.construct(target, args, newTarget);
            },
          }) as never;
        }
        try {
          for (let i = 0; i < 500; i++) assert.equal((await blocks.next()).value?.length, 2 * blockFrames);
        } finally {
          Object.assign(globalThis, originals);
        }
        assert.deepEqual(made, []);
        await blocks.return(undefined);
        await instrument.close();
      });
    });
  }

  it("steps its quality down to its budget, and says so", async () => {
    await withSynth(async (synth) => {
      const reports: Extract<GraphReport, { readonly kind: "quality" }>[] = [];
      const instrument = await synth.openInstrument("supersaw-anthem", {
        maxCpu: 0.001,
        blockFrames: 64,
        onQuality: (report) => reports.push(report),
      });
      for (const note of [45, 57, 64, 69]) await instrument.noteOn(note);
      // No machine renders four notes in a thousandth of their time.
      while (reports.length < 3) await instrument.fill(new Float32Array(2 * 64));
      assert.deepEqual(reports.map(({ step }) => step), [1, 2, 3]);
      for (const { load, frame } of reports) assert.ok(load > 0.001 && frame > 0);
      await instrument.noteOn(71); // what is played from now on has fewer voices: the oldest make room
      while ((await instrument.status()).activeVoices > 3) await instrument.fill(new Float32Array(2 * 64));
      await instrument.close();
    });
  });
});
