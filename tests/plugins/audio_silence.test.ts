import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AudioData, JsonValue } from "../../core/plugin.ts";
import { cut, joined, run, shapes, signal } from "./_audio_kit.ts";

async function events(inputs: readonly AudioData[], params = {}): Promise<JsonValue[]> {
  return ((await run("audio.silence", inputs, params)).events ?? []).map((data) =>
    data.type === "json" ? data.value : null
  );
}

/** Sound from frame 1000 to 2000, from 2100 to 3000, and from 6001 to 7000. */
const at = (frame: number, channel: number) => {
  const isSound = (frame >= 1000 && frame < 2000) || (frame >= 2100 && frame < 3000) || (frame >= 6001 && frame < 7000);
  return channel === 0 && isSound ? 0.5 : 0.001;
};

describe("audio.silence", () => {
  it("tells start and end exact to the sample, in every form", async () => {
    for (const shape of shapes()) {
      const whole = signal({ frames: 8000, sampleRate: 8000, timestampUs: 1000, at, ...shape });
      for (const frames of [1, 333, 8000]) {
        assert.deepEqual(await events(cut(whole, frames), { minSilenceMs: 100 }), [
          { event: "silence-start", timestampUs: 1000 },
          { event: "silence-end", timestampUs: 126_000, durationUs: 125_000 },
          { event: "silence-start", timestampUs: 376_000 },
          { event: "silence-end", timestampUs: 751_125, durationUs: 375_125 },
          { event: "silence-start", timestampUs: 876_000 },
          { event: "silence-end", timestampUs: 1_001_000, durationUs: 125_000 },
        ]);
        if (shape.format !== "f32") break; // chunk by chunk once is enough
      }
    }
  });

  it("takes threshold and shortest silence as told", async () => {
    const inputs = [signal({ frames: 8000, at })];
    assert.deepEqual(await events(inputs, { thresholdDb: -70, minSilenceMs: 10 }), []);
    assert.equal((await events(inputs, { minSilenceMs: 12 })).length, 8);
    assert.equal((await events(inputs, { minSilenceMs: 13 })).length, 6);
    assert.deepEqual(await events(inputs, { minSilenceMs: 370 }), [
      { event: "silence-start", timestampUs: 375_000 },
      { event: "silence-end", timestampUs: 750_125, durationUs: 375_125 },
    ]);
  });

  it("marks chunks that lie in a known silence, or leaves them out", async () => {
    const inputs = cut(signal({ frames: 4000, at: (frame) => frame < 1000 ? 0.5 : 0 }), 500);
    const { audio } = await run("audio.silence", inputs, { minSilenceMs: 100 });
    const sounding = audio.filter(({ samples }) => samples.length > 0);
    assert.deepEqual(sounding.map(({ metadata }) => metadata?.silent), [
      false,
      false,
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
    assert.deepEqual(joined(audio), inputs.flatMap((input) => [...input.samples]));
    const kept = (await run("audio.silence", inputs, { minSilenceMs: 100, drop: true })).audio;
    assert.equal(joined(kept).length, 2000);
  });

  it("ends a silence at a gap in time", async () => {
    const quiet = (timestampUs: number) => signal({ frames: 4000, timestampUs, at: () => 0 });
    assert.deepEqual(await events([quiet(0), quiet(9_000_000)]), [
      { event: "silence-start", timestampUs: 0 },
      { event: "silence-end", timestampUs: 500_000, durationUs: 500_000 },
      { event: "silence-start", timestampUs: 9_000_000 },
      { event: "silence-end", timestampUs: 9_500_000, durationUs: 500_000 },
    ]);
  });

  it("counts from the start where the audio has no timestamps, and NaN as silence", async () => {
    const inputs = [signal({ frames: 4000, at: (frame) => frame === 3000 ? 1 : NaN })];
    assert.deepEqual(await events(inputs), [
      { event: "silence-start", timestampUs: 0 },
      { event: "silence-end", timestampUs: 375_000, durationUs: 375_000 },
    ]);
  });
});
