import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type JsonValue, RuntimeData } from "../../core/plugin.ts";
import plugin from "../../plugins/audio/mod.ts";
import { assertRefused, checkParams, cut, joined, run, shapes, signal } from "./_audio_kit.ts";

/** Parameters with which each node with one input does something. */
const PARAMS = {
  "audio.gain": { gainDb: 6 },
  "audio.resample": { sampleRateHz: 11_025 },
  "audio.channels": { channels: 2 },
  "audio.format": { format: "i16" },
  "audio.rechunk": { frames: 333 },
  "audio.level": { intervalMs: 50 },
  "audio.normalize": { lookaheadMs: 10 },
  "audio.mix": { overflow: "limit" },
  "audio.silence": { minSilenceMs: 50 },
} as const;

/** Those with several ports have tests of their own: audio_interleave.test.ts. */
const WITH_SEVERAL_PORTS = ["audio.interleave", "audio.deinterleave"];

/** What has no default. */
const REQUIRED: { readonly [type: string]: JsonValue } = {
  "audio.resample": { sampleRateHz: 8000 },
  "audio.channels": { channels: 1 },
};

describe("every audio node", () => {
  it("is in the plugin under its name", () => {
    const tested = [...Object.keys(PARAMS), ...WITH_SEVERAL_PORTS];
    assert.deepEqual(plugin.nodes.map((node) => node.type).sort(), tested.sort());
  });

  for (const [type, params] of Object.entries(PARAMS)) {
    it(`${type} gives the same samples and reports however the input is cut`, async () => {
      for (const shape of shapes()) {
        const whole = signal({ frames: 4000, timestampUs: 123_457, ...shape });
        const expected = await run(type, [whole], params);
        assert.ok(joined(expected.audio).length > 0);
        for (const frames of [7, 64, 480, 4410]) {
          const actual = await run(type, cut(whole, frames), params);
          const label = `${type} ${shape.format} × ${shape.channels} in chunks of ${frames}`;
          assert.deepEqual(joined(actual.audio), joined(expected.audio), label);
          for (const port of ["levels", "events"]) assert.deepEqual(actual[port], expected[port], label);
        }
      }
    });

    it(`${type} gives timestamps that follow from the frames before`, async () => {
      const inputs = cut(signal({ frames: 6000, channels: 2, timestampUs: 123_457 }), 100);
      let expectedUs = 123_457;
      for (const { timestampUs, samples, channels, sampleRate } of (await run(type, inputs, params)).audio) {
        if (samples.length === 0) continue;
        assert.ok(Math.abs((timestampUs ?? NaN) - expectedUs) <= 0.5, `${type}: ${timestampUs}, not ${expectedUs}`);
        expectedUs += samples.length / channels / sampleRate * 1e6;
      }
      assert.ok(Math.abs(expectedUs - (123_457 + 750_000)) < 100);
    });

    it(`${type} takes an empty chunk, and no input at all`, async () => {
      assert.deepEqual(joined((await run(type, [], params)).audio), []);
      const empty = RuntimeData.audio({ samples: new Float32Array(0), sampleRate: 8000 });
      assert.deepEqual(joined((await run(type, [empty], params)).audio), []);
    });

    it(`${type} takes a change of rate, channels and format in mid-stream`, async () => {
      // A mix has one form for all its sources, and says so; that has its own test.
      if (type === "audio.mix") return;
      const inputs = [
        signal({ frames: 1000 }),
        signal({ frames: 1000, sampleRate: 11_025 }),
        signal({ frames: 1000, channels: 2 }),
        signal({ frames: 1000, format: "i16" }),
      ];
      const apart = [];
      for (const input of inputs) apart.push(...joined((await run(type, [input], params)).audio));
      assert.deepEqual(joined((await run(type, inputs, params)).audio), apart);
    });

    it(`${type} gets over NaN and infinities`, async () => {
      const bad = signal({ frames: 3000, at: (frame) => [NaN, Infinity, -Infinity][frame] ?? 0.25 });
      const output = joined((await run(type, cut(bad, 100), params)).audio);
      assert.ok(output.length >= 3000);
      assert.ok(output.slice(-1000).every((sample) => Number.isFinite(sample) && Math.abs(sample) > 0.1));
    });

    it(`${type} fills in its defaults`, async () => {
      const given: JsonValue = REQUIRED[type] ?? {};
      assert.ok((await checkParams(type, given)).ok);
    });
  }

  it("refuses parameters out of range, with their path", async () => {
    await assertRefused("audio.gain", { gainDb: -121 }, "params.gainDb");
    await assertRefused("audio.gain", { gainDb: "6" }, "params.gainDb");
    await assertRefused("audio.resample", {}, "params.sampleRateHz");
    await assertRefused("audio.resample", { sampleRateHz: 16_000.5 }, "params.sampleRateHz");
    await assertRefused("audio.resample", { sampleRateHz: 16_000, quality: "better" }, "params.quality");
    await assertRefused("audio.channels", { channels: 0 }, "params.channels");
    await assertRefused("audio.channels", { channels: 2, matrix: [[1]] }, "params");
    await assertRefused("audio.channels", { channels: 1, matrix: [["1"]] }, "params.matrix[0][0]");
    await assertRefused("audio.format", { format: "u8" }, "params.format");
    await assertRefused("audio.rechunk", { frames: 0 }, "params.frames");
    await assertRefused("audio.rechunk", { durationMs: -1 }, "params.durationMs");
    await assertRefused("audio.rechunk", { frames: 512, durationMs: 20 }, "params");
    await assertRefused("audio.level", { intervalMs: 1 }, "params.intervalMs");
    await assertRefused("audio.normalize", { peakDb: 1 }, "params.peakDb");
    await assertRefused("audio.mix", { gainsDb: { left: 61 } }, "params.gainsDb.left");
    await assertRefused("audio.silence", { minSilenceMs: 0 }, "params.minSilenceMs");
  });
});
