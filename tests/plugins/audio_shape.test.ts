/** What changes the shape of audio but not its sound: gain, format, channels, rechunk. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData } from "../../core/plugin.ts";
import { discreteMatrix, speakerMatrix } from "../../audio/dsp/mixing_matrix.ts";
import { cut, FORMATS, joined, run, shapes, signal } from "./_audio_kit.ts";

describe("audio.gain", () => {
  it("multiplies floats", async () => {
    const audio = RuntimeData.audio({ samples: Float32Array.of(0.25, -0.5, 1), sampleRate: 8000 });
    const [half] = (await run("audio.gain", [audio], { gainDb: 20 * Math.log10(0.5) })).audio;
    assert.deepEqual([...half?.samples ?? []], [0.125, -0.25, 0.5]);
  });

  it("rounds and saturates integers", async () => {
    const i16 = RuntimeData.audio({ samples: Int16Array.of(1, -1, 3, 20_000, -20_000), sampleRate: 8000 });
    const i32 = RuntimeData.audio({ samples: Int32Array.of(2 ** 30, -(2 ** 30)), sampleRate: 8000 });
    assert.deepEqual(joined((await run("audio.gain", [i16], { gainDb: 20 })).audio), [10, -10, 30, 32_767, -32_768]);
    assert.deepEqual(joined((await run("audio.gain", [i16], { gainDb: 20 * Math.log10(0.5) })).audio), [
      1,
      -1,
      2,
      10_000,
      -10_000,
    ]);
    assert.deepEqual(joined((await run("audio.gain", [i32], { gainDb: 20 })).audio), [2 ** 31 - 1, -(2 ** 31)]);
  });

  it("leaves audio alone at 0 dB", async () => {
    const audio = signal({ frames: 10, timestampUs: 7 });
    assert.deepEqual((await run("audio.gain", [audio])).audio, [audio]);
  });
});

describe("audio.format", () => {
  it("gives the format asked for, from every other", async () => {
    for (const { format: from, channels } of shapes()) {
      for (const format of FORMATS) {
        const input = signal({ frames: 50, channels, format: from, timestampUs: 9 });
        const [output] = (await run("audio.format", [input], { format })).audio;
        assert.equal(output?.format, format);
        assert.equal(output?.timestampUs, 9);
        if (from === format) assert.deepEqual(output, input);
      }
    }
  });
});

describe("audio.channels", () => {
  const ROUNDING = 1e-12;

  it("averages stereo to mono and copies mono to stereo", async () => {
    const stereo = RuntimeData.audio({ samples: Float32Array.of(0.5, 0.25, -1, 1), sampleRate: 8000, channels: 2 });
    assert.deepEqual(joined((await run("audio.channels", [stereo], { channels: 1 })).audio), [0.375, 0]);
    const mono = RuntimeData.audio({ samples: Int16Array.of(5, -7), sampleRate: 8000 });
    assert.deepEqual(joined((await run("audio.channels", [mono], { channels: 2 })).audio), [5, 5, -7, -7]);
  });

  it("folds 5.1 into stereo with the gains of BS.775, lowered so that nothing clips", () => {
    const [left, right] = speakerMatrix(6, 2);
    const whole = 1 + Math.SQRT2;
    const side = Math.SQRT1_2 / whole;
    const expected = [[1 / whole, 0, side, 0, side, 0], [0, 1 / whole, side, 0, 0, side]];
    [left, right].forEach((row, r) =>
      row?.forEach((gain, c) => assert.ok(Math.abs(gain - (expected[r]?.[c] ?? NaN)) < ROUNDING))
    );
  });

  it("never lets an output pass full scale, and uses every speaker but the LFE", () => {
    for (let from = 1; from <= 9; from++) {
      for (let to = 1; to <= 9; to++) {
        const matrix = speakerMatrix(from, to);
        assert.equal(matrix.length, to);
        for (const row of matrix) {
          assert.equal(row.length, from);
          assert.ok(row.every((gain) => gain >= 0));
          assert.ok(row.reduce((sum, gain) => sum + gain, 0) <= 1 + ROUNDING, `${from} → ${to}`);
        }
        if (from > 8 || to > 8) continue;
        for (let input = 0; input < from; input++) {
          const isLost = matrix.every((row) => row[input] === 0);
          assert.equal(isLost, from > 5 && input === 3 && to < 6, `input ${input} of ${from} → ${to}`);
        }
      }
    }
  });

  it("keeps channels apart in discrete mode", async () => {
    assert.deepEqual(discreteMatrix(3, 2), [[1, 0, 0], [0, 1, 0]]);
    assert.deepEqual(discreteMatrix(1, 3), [[1], [1], [1]]);
    assert.deepEqual(discreteMatrix(4, 1), [[0.25, 0.25, 0.25, 0.25]]);
    const audio = RuntimeData.audio({ samples: Int16Array.of(1, 2), sampleRate: 8000, channels: 2 });
    assert.deepEqual(joined((await run("audio.channels", [audio], { channels: 4, mode: "discrete" })).audio), [
      1,
      2,
      0,
      0,
    ]);
  });

  it("applies a matrix, also to the same number of channels, and saturates integers", async () => {
    const audio = RuntimeData.audio({ samples: Int16Array.of(30_000, 10_000), sampleRate: 8000, channels: 2 });
    const params = { channels: 2, matrix: [[1, 1], [0, 0.5]] };
    assert.deepEqual(joined((await run("audio.channels", [audio], params)).audio), [32_767, 5000]);
  });

  it("says when the matrix does not fit the audio", async () => {
    const failure = run("audio.channels", [signal({ frames: 1, channels: 3 })], { channels: 1, matrix: [[1, 1]] });
    await assert.rejects(failure, /params\.matrix\[0\], which has 2 gains; received 3; expected 2/);
  });
});

describe("audio.rechunk", () => {
  it("gives chunks of exactly so many frames, the last one shorter", async () => {
    for (const shape of shapes()) {
      const whole = signal({ frames: 1000, timestampUs: 100, ...shape });
      for (const frames of [3, 128, 700, 5000]) {
        const { audio } = await run("audio.rechunk", cut(whole, frames), { frames: 128 });
        const sizes = audio.map(({ samples }) => samples.length / shape.channels);
        assert.deepEqual(sizes, [128, 128, 128, 128, 128, 128, 128, 104]);
        assert.deepEqual(joined(audio), [...whole.samples]);
        assert.deepEqual(
          audio.map(({ timestampUs }) => timestampUs),
          [0, 1, 2, 3, 4, 5, 6, 7].map((i) => 100 + i * 16_000),
        );
      }
    }
  });

  it("fills the last chunk up with silence if asked to", async () => {
    const { audio } = await run("audio.rechunk", [signal({ frames: 5, at: () => 1 })], { frames: 4, pad: true });
    assert.deepEqual(joined(audio), [1, 1, 1, 1, 1, 0, 0, 0]);
  });

  it("takes a duration, 20 ms if nothing is said, in whole frames of each rate", async () => {
    const inputs = [signal({ frames: 400 }), signal({ frames: 900, sampleRate: 22_050 })];
    const sizes = async (params: { durationMs?: number }) =>
      (await run("audio.rechunk", inputs, { ...params })).audio.map(({ samples }) => samples.length);
    assert.deepEqual(await sizes({}), [160, 160, 80, 441, 441, 18]);
    assert.deepEqual(await sizes({ durationMs: 30 }), [240, 160, 662, 238]);
  });

  it("does not drift over timestamps that were rounded to milliseconds", async () => {
    const inputs = cut(signal({ frames: 44_100, sampleRate: 44_100, timestampUs: 0 }), 441)
      .map((chunk) => ({ ...chunk, timestampUs: Math.round((chunk.timestampUs ?? 0) / 1000) * 1000 }));
    const { audio } = await run("audio.rechunk", inputs, { frames: 512 });
    audio.forEach(({ timestampUs }, i) => assert.equal(timestampUs, Math.round(i * 512 / 44_100 * 1e6)));
  });

  it("keeps its size over a gap in time, and tells the time after it", async () => {
    const inputs = [signal({ frames: 100, timestampUs: 0 }), signal({ frames: 100, timestampUs: 1_000_000 })];
    const { audio } = await run("audio.rechunk", inputs, { frames: 80 });
    assert.deepEqual(audio.map(({ samples, timestampUs }) => [samples.length, timestampUs]), [
      [80, 0],
      [80, 10_000],
      [40, 1_007_500],
    ]);
  });

  it("keeps the metadata of the chunk that the first frame came in", async () => {
    const inputs = ["a", "b", "c"].map((name) => ({ ...signal({ frames: 30 }), metadata: { name } }));
    const { audio } = await run("audio.rechunk", inputs, { frames: 40 });
    assert.deepEqual(audio.map(({ metadata }) => metadata?.name), ["a", "b", "c"]);
  });
});
