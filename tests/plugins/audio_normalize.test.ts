import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SlidingMean, SlidingMinimum } from "../../plugins/audio/sliding_window.ts";
import { cut, joined, noise, run, shapes, signal, sine } from "./_audio_kit.ts";

const decibels = (amplitude: number) => 20 * Math.log10(amplitude);
const peakOf = (samples: readonly number[]) => samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);

async function normalized(at: (frame: number) => number, frames: number, params = {}): Promise<number[]> {
  return joined((await run("audio.normalize", cut(signal({ frames, at }), 160), params)).audio);
}

describe("audio.normalize", () => {
  it("brings a steady tone to the target, up or down", async () => {
    for (const amplitude of [0.1, 0.5, 1, 4]) {
      for (const peakDb of [-1, -12, 0]) {
        const output = await normalized(sine(400, 8000, amplitude), 8000, { peakDb });
        for (const part of [output.slice(0, 1000), output.slice(3000, 4000), output.slice(-1000)]) {
          assert.ok(Math.abs(decibels(peakOf(part)) - peakDb) < 0.01, `${amplitude} → ${decibels(peakOf(part))} dB`);
        }
      }
    }
  });

  it("never passes the target, whatever comes", async () => {
    const random = noise(3);
    for (const lookaheadMs of [1, 20, 300]) {
      for (const riseDbPerSecond of [0, 3, 120]) {
        const wild = (frame: number) => random() * (frame % 997 === 0 ? 30 : Math.abs(random()) ** 4);
        const output = await normalized(wild, 16_000, { peakDb: -3, lookaheadMs, riseDbPerSecond });
        assert.ok(peakOf(output) <= Math.fround(10 ** (-3 / 20)), `${decibels(peakOf(output))} dB`);
      }
    }
  });

  it("keeps length, chunks, timestamps and metadata, in every format", async () => {
    for (const shape of shapes()) {
      const inputs = cut(signal({ frames: 1000, timestampUs: 33, ...shape }), 300)
        .map((chunk, i) => ({ ...chunk, metadata: { i } }));
      const { audio } = await run("audio.normalize", inputs);
      const outline = (chunks: typeof audio) =>
        chunks.map(({ samples, timestampUs, metadata, format }) => [samples.length, timestampUs, metadata, format]);
      assert.deepEqual(outline(audio), outline(inputs));
    }
  });

  it("gives all channels one gain", async () => {
    const at = (frame: number, channel: number) => sine(400, 8000, 0.2)(frame) * (channel === 0 ? 1 : -0.25);
    const output = joined((await run("audio.normalize", [signal({ frames: 4000, channels: 2, at })])).audio);
    for (let i = 0; i < output.length; i += 2) {
      assert.ok(Math.abs((output[i + 1] as number) + 0.25 * (output[i] as number)) < 1e-7);
    }
  });

  it("rises by no more than riseDbPerSecond after a loud passage, and by no more than maxGainDb", async () => {
    const at = (frame: number) => sine(400, 8000, frame < 8000 ? 0.8 : 0.01)(frame);
    const gainAt = async (second: number, params: { riseDbPerSecond: number }) => {
      const output = await normalized(at, 64_000, { maxGainDb: 12, ...params });
      const from = second * 8000;
      return decibels(peakOf(output.slice(from - 400, from)) / 0.01);
    };
    const start = decibels(10 ** (-1 / 20) / 0.8);
    assert.ok(Math.abs(await gainAt(3, { riseDbPerSecond: 3 }) - (start + 6)) < 0.2);
    assert.ok(Math.abs(await gainAt(8, { riseDbPerSecond: 3 }) - 12) < 0.01);
    assert.ok(Math.abs(await gainAt(8, { riseDbPerSecond: 0 }) - start) < 0.01);
  });

  it("turns down along a ramp that starts lookaheadMs ahead of a peak", async () => {
    const at = (frame: number) => frame === 4000 ? 1 : sine(400, 8000, 0.25)(frame);
    const output = await normalized(at, 8000, { peakDb: 0, lookaheadMs: 50, maxGainDb: 12.04 });
    const gains = output.map((sample, frame) => sample / at(frame));
    assert.ok((gains[3595] as number) > 3.9);
    assert.ok(Math.abs((gains[3802] as number) - 2.5) < 0.1);
    assert.ok(Math.abs((gains[4000] as number) - 1) < 1e-6);
  });

  it("does not raise the gain while there is only sound below the gate", async () => {
    const at = (frame: number) => sine(400, 8000, frame < 8000 ? 0.5 : 0.0005)(frame);
    const output = await normalized(at, 64_000, { peakDb: 0 });
    assert.ok(Math.abs(peakOf(output.slice(-800)) - 0.001) < 1e-5);
  });
});

describe("SlidingMinimum and SlidingMean", () => {
  it("agree with looking at the whole window", () => {
    const random = noise(5);
    const values = Array.from({ length: 1000 }, random);
    for (const length of [1, 2, 17, 400]) {
      const minimum = new SlidingMinimum(length);
      const mean = new SlidingMean(length);
      values.forEach((value, i) => {
        minimum.add(i, value);
        const window = Array.from({ length }, (_, back) => values[Math.max(0, i - back)] as number);
        const first = i - length + 1;
        assert.equal(minimum.from(first), Math.min(...window.slice(0, i - Math.max(0, first) + 1)));
        assert.ok(Math.abs(mean.add(value) - window.reduce((sum, each) => sum + each, 0) / length) < 1e-12);
      });
    }
  });
});
