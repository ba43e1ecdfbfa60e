import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { ROLES } from "../../plugins/synth/preset/roles.ts";
import { createSynth } from "../../synth/mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { hashOf, peakOf } from "./_kit.ts";
import { mine, withSynth } from "./_synth.ts";

/**
 * Hashes of the bits of a second of each role. They are the same on all
 * runtimes and machines; whoever changes what the engine computes changes its
 * version, and these.
 */
const HASHES: { readonly [role: string]: number } = {
  pad: 833_723_640,
  bass: 3_641_664_339,
  lead: 2_573_809_242,
  keys: 3_056_000_339,
  pluck: 2_561_282_118,
  drum: 1_352_421_739,
  percussion: 3_997_432_215,
  ambient: 665_653_338,
  texture: 762_192_009,
  effect: 2_099_456_240,
};

describe("a synth", () => {
  it("gives the same bits for the same request everywhere", async () => {
    await withSynth(async (synth) => {
      const found: Record<string, number> = {};
      for (const role of ROLES) {
        const { samples } = await synth.generateAudio({
          prompt: "",
          role,
          durationS: 1,
          tempo: 97,
          key: "Eb",
          scale: "dorian",
          seed: 7,
        });
        found[role] = hashOf(samples);
      }
      assert.deepEqual(found, HASHES);
    });
  });

  it("generates from a prompt, and says what it decided and why", async () => {
    await withSynth(async (synth) => {
      const request = {
        prompt: "warm analog pad",
        role: "pad",
        key: "A",
        scale: "minor",
        tempo: 90,
        durationS: 4,
      } as const;
      const { samples, sampleRate, channels, report } = await synth.generateAudio(request);
      assert.deepEqual([samples.length, sampleRate, channels], [2 * 4 * 44_100, 44_100, 2]);
      assert.equal(samples.byteLength, samples.buffer.byteLength, "it was moved whole");
      const { decision, quality, trace } = report;
      assert.equal(decision.presetId, "warm-analog-pad");
      assert.ok(decision.matches[0]?.reasons.some(({ word }) => word === "warm"));
      assert.ok(decision.changes.some(({ by }) => by === "role") && decision.changes.every(({ why }) => why !== ""));
      assert.ok((quality?.score ?? 0) > 80, JSON.stringify(quality));
      assert.ok((quality?.measures.truePeakDb ?? 0) <= -1);
      assert.ok(Math.abs((quality?.measures.loudnessLufs ?? 0) + 20) < 1);

      const again = await synth.replay(trace);
      assert.equal(hashOf(again.samples), hashOf(samples));
      const error = await rejectionOf(synth.replay({ ...trace, graphHash: "other" }));
      assert.equal(error.problems[0]?.path, "trace.graphHash");
      const other = await synth.generateAudio({ ...request, seed: 2 });
      assert.notEqual(hashOf(other.samples), hashOf(samples));

      const status = await synth.getStatus();
      assert.match(`${status.version} by ${status.backend}`, /^\d+\.\d+\.\d+ by typescript/);
      assert.equal(status.version, trace.engine);
      assert.ok(status.graphHashes.includes(trace.graphHash) && status.graphHashes.length === status.cachedGraphs);
      assert.ok(status.cacheHits >= 2 && status.renderedBlocks > 0 && status.uptimeS > 0 && status.cpuLoad > 0);
      assert.ok((status.heapBytes ?? 0) > 1e6 && (status.rssBytes ?? 0) > 1e6);
      assert.deepEqual([status.activeVoices, status.slowBlocks, status.deadlineMisses], [0, 0, 0]);
    });
  });

  it("plays presets at any rate, mono or stereo", async () => {
    await withSynth(async (synth) => {
      for (const [sampleRate, channels] of [[8000, 1], [44_100, 2], [192_000, 2]] as const) {
        const { samples } = await synth.generateFromPreset(mine, { durationS: 0.25, sampleRate, channels });
        assert.equal(samples.length, 0.25 * sampleRate * channels);
        assert.ok(peakOf(samples) > 0.01 && peakOf(samples) < 1);
      }
      const { samples } = await synth.generateFromPreset("marimba-wood", {
        notes: [{ note: "A4", startS: 0.5 }],
        durationS: 1,
        channels: 1,
      });
      assert.ok(peakOf(samples.subarray(0, 22_050)) < 1e-20);
      assert.ok(peakOf(samples.subarray(22_050)) > 0.01);
    });
  });

  it("lists, loads, checks and searches presets", async () => {
    await withSynth(async (synth) => {
      assert.ok((await synth.listPresets()).length >= 48);
      assert.ok((await synth.listPresets({ role: "drum" })).every(({ role }) => role === "drum"));
      const { preset, normal, graph } = await synth.loadPreset("electric-piano");
      assert.equal(preset.name, "Electric Piano");
      assert.equal(normal.values["amp.velocityAmount"]?.rule, "percent to a share");
      assert.ok(graph.nodes.length > 5);
      assert.equal((await synth.search("8-bit game", { limit: 1 }))[0]?.id, "chip-square-lead");
      assert.equal(
        (await rejectionOf(synth.loadPreset("electric"))).problems[0]?.expected,
        "perhaps finger-electric-bass, electric-piano, electric-hum",
      );
      assert.match(
        (await rejectionOf(synth.checkPreset({ ...mine, filter: { cutoff: "warmish" } }))).message,
        /preset\.filter\.cutoff/,
      );
    });
  });

  it("searches by a model of meaning that a module brings, and says what is wrong with one", async () => {
    const folder = await mkdtemp(join(tmpdir(), "streamrack-embedder-"));
    const module = async (name: string, code: string) => {
      await writeFile(join(folder, `${name}.mjs`), code);
      return pathToFileURL(join(folder, `${name}.mjs`));
    };
    try {
      const embed = "async (texts) => texts.map((text) => [/whale|ocean/i.test(text) ? 1 : 0, 0.1])";
      await withSynth(async (synth) => {
        const [best] = await synth.search("whale", { limit: 1 });
        assert.equal(best?.id, "ocean-waves");
        assert.ok((best?.similarity ?? 0) > 0.9);
      }, { embedder: await module("good", `export default { embed: ${embed} };`) });
      for (
        const [name, code, says] of [
          ["empty", "export default {};", /has no embed\(texts\)/],
          ["broken", "this is no code", /could not be loaded/],
        ] as const
      ) {
        const embedder = await module(name, code);
        await withSynth(async (synth) => {
          assert.match((await rejectionOf(synth.search("whale"))).message, says);
        }, { embedder });
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("refuses bad requests with their paths, and goes on", async () => {
    await withSynth(async (synth) => {
      const bad: readonly (readonly [object, string])[] = [
        [{ prompt: "" }, "request.prompt"],
        [{ prompt: "zzzzqqq" }, "request.prompt"],
        [{ prompt: "pad", role: "king" }, "request.role"],
        [{ prompt: "pad", key: "H" }, "request.key"],
        [{ prompt: "pad", scale: "sad" }, "request.scale"],
        ...[0, -1, 1e9, NaN].map((tempo) => [{ prompt: "pad", tempo }, "request.tempo"] as const),
        [{ prompt: "pad", durationS: 0 }, "request.durationS"],
        [{ prompt: "pad", durationS: 36_000 }, "request.durationS"],
        [{ prompt: "pad", sampleRate: 4000 }, "request.sampleRate"],
        [{ prompt: "pad", presetId: "none" }, "request.presetId"],
        [{ prompt: "pad", colour: "red" }, "request.colour"],
      ];
      for (const [request, path] of bad) {
        const error = await rejectionOf(synth.generateAudio(request as never));
        assert.equal(error.code, "invalid-argument", JSON.stringify(request));
        assert.equal(error.problems[0]?.path, path, JSON.stringify(request));
      }
      const misread = await synth.generateAudio({ prompt: "brass", durationS: 0.1 });
      assert.match(misread.report.decision.notes[0] ?? "", /"brass" was taken for "bass"/);
      const long = await synth.generateAudio({ prompt: `pad ${"x ".repeat(50_000)}`, durationS: 0.1 });
      assert.match(long.report.decision.notes[0] ?? "", /the first 2000 were read/);
    });
  });

  it("renders no further than its listener needs, so that hours take no more memory than seconds", async () => {
    await withSynth(async (synth) => {
      const blockFrames = 16_384;
      const audio = synth.streamFromPreset(mine, { durationS: 36_000, blockFrames })[Symbol.asyncIterator]();
      const rendered = async () => (await synth.getStatus()).renderedBlocks;
      /** Blocks that are rendered once the engine has come to rest. */
      const atRest = async () => {
        for (let before = -1, now = await rendered();; before = now, now = await rendered()) {
          if (before === now) return now;
        }
      };
      let taken = 0;
      let most = 0;
      for (let pause = 0; pause < 8; pause++) {
        for (let i = 0; i < 25; i++, taken++) {
          assert.equal((await audio.next()).value?.length, 2 * blockFrames);
        }
        most = Math.max(most, await atRest() - taken);
      }
      // What links hold: a few megabytes, and not more after 200 blocks than after 25.
      assert.ok(most * 8 * blockFrames <= 16e6, `${most} blocks ahead`);
      await audio.return?.(undefined);
    });
  });

  it("streams hours, and can be left or aborted", async () => {
    await withSynth(async (synth) => {
      const audio = synth.streamAudio({
        prompt: "ocean waves",
        durationS: 36_000,
        sampleRate: 8000,
        channels: 1,
        blockFrames: 4000,
      });
      let frames = 0;
      for await (const block of audio) {
        frames += block.length;
        if (frames >= 40_000) break;
      }
      assert.equal(frames, 40_000);
      assert.equal((await rejectionOf(audio.report)).reason, "session-cancelled");
      const stop = new AbortController();
      const endless = synth.streamAudio({ prompt: "rain", durationS: 36_000, sampleRate: 8000, channels: 1 }, {
        signal: stop.signal,
      });
      const why = new Error("enough");
      await assert.rejects(async () => {
        for await (const _ of endless) stop.abort(why);
      }, why);
      assert.equal((await synth.generateAudio({ prompt: "rain", durationS: 0.1, channels: 1 })).samples.length, 4410);
    });
  });

  it("steps a request down to its budget, and says so", async () => {
    await withSynth(async (synth) => {
      const { report: { decision } } = await synth.generateAudio({
        prompt: "supersaw anthem",
        role: "lead",
        maxCpu: 0.003,
        durationS: 0.2,
      });
      assert.equal(decision.budget.qualityStep, 4);
      assert.ok(decision.changes.some(({ by, param }) => by === "budget" && param === "oscillators.0.unison"));
      assert.match(decision.notes[0] ?? "", /more than maxCpu/);
      const late = async (maxLatencyMs: number, sampleRate: number) => {
        const request = { prompt: "pad", maxLatencyMs, sampleRate, durationS: 0.1 };
        const { budget, notes } = (await synth.generateAudio(request)).report.decision;
        return [budget.latencyMs <= maxLatencyMs, notes.some((note) => /more than maxLatencyMs/.test(note))];
      };
      assert.deepEqual(await late(10, 44_100), [true, false]);
      assert.deepEqual(await late(3, 44_100), [true, false], "a shorter look-ahead and shorter blocks");
      assert.deepEqual(await late(3, 8000), [false, true], "a block alone lasts 8 ms");
    });
  });

  it("refuses calls after its end", async () => {
    const synth = await createSynth();
    await synth.close();
    await synth.close();
    assert.equal((await rejectionOf(synth.getStatus())).reason, "runtime-closed");
    assert.equal((await rejectionOf(createSynth({ threads: 0 }))).reason, "invalid-options");
  });
});
