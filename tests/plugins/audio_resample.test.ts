import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cut, joined, run, signal, sine, snrDb } from "./_audio_kit.ts";

describe("audio.resample", () => {
  const RATES = [[44_100, 16_000], [16_000, 48_000], [48_000, 44_100], [8000, 96_000], [22_050, 8000]] as const;

  // Measured: 121.7, 145.1, 134.2, … dB. The edges of a sine that starts at once are left out.
  for (const [from, to] of RATES) {
    it(`keeps 1 kHz at 110 dB from ${from} to ${to} Hz, in place and at full length`, async () => {
      const frames = Math.round(from * 0.3217);
      const { audio } = await run(
        "audio.resample",
        cut(signal({ frames, sampleRate: from, at: sine(1000, from) }), 1024),
        {
          sampleRateHz: to,
        },
      );
      const output = joined(audio);
      assert.equal(output.length, Math.round(frames * to / from));
      const snr = snrDb(output, sine(1000, to), Math.round(to * 0.03));
      assert.ok(snr >= 110, `${snr} dB`);
      assert.ok(audio.every(({ format, sampleRate }) => format === "f32" && sampleRate === to));
    });
  }

  it("suppresses what the output rate cannot hold", async () => {
    const input = signal({ frames: 22_050, sampleRate: 44_100, at: sine(10_000, 44_100) });
    for (const [quality, limitDb] of [["fast", -90], ["medium", -110], ["best", -120]] as const) {
      const { audio } = await run("audio.resample", [input], { sampleRateHz: 16_000, quality });
      const middle = joined(audio).slice(1000, -1000);
      const residueDb = 20 * Math.log10(Math.max(...middle.map(Math.abs)) / 0.5);
      assert.ok(residueDb < limitDb, `${quality}: ${residueDb} dB`);
    }
  });

  it("passes audio that has the rate already, untouched", async () => {
    const input = signal({ frames: 100, format: "i16", timestampUs: 5 });
    assert.deepEqual((await run("audio.resample", [input], { sampleRateHz: 8000 })).audio, [input]);
  });

  it("ends one stretch and begins another at a gap in time", async () => {
    const before = signal({ frames: 4000, timestampUs: 0 });
    const after = signal({ frames: 4000, timestampUs: 2_000_000 });
    const { audio } = await run("audio.resample", [before, after], { sampleRateHz: 16_000 });
    const second = audio.findIndex(({ timestampUs }) => timestampUs === 2_000_000);
    assert.equal(joined(audio.slice(0, second)).length, 8000);
    assert.equal(joined(audio.slice(second)).length, 8000);
    assert.deepEqual(joined(audio.slice(second)), joined(audio.slice(0, second)));
  });

  it("does not take rounded or trembling timestamps for gaps", async () => {
    const whole = signal({ frames: 8000, timestampUs: 0 });
    const trembling = cut(whole, 80).map((chunk, i) => ({
      ...chunk,
      timestampUs: Math.round((chunk.timestampUs ?? 0) / 1000) * 1000 + (i % 3) * 20_000,
    }));
    const steady = await run("audio.resample", [whole], { sampleRateHz: 16_000 });
    const actual = await run("audio.resample", trembling, { sampleRateHz: 16_000 });
    assert.deepEqual(joined(actual.audio), joined(steady.audio));
  });

  it("takes up to 128 channels, and says so beyond", async () => {
    const many = signal({ frames: 500, channels: 10, at: (frame, channel) => sine(100 * (channel + 1), 8000)(frame) });
    const output = joined((await run("audio.resample", [many], { sampleRateHz: 16_000 })).audio);
    const tenth = output.filter((_, i) => i % 10 === 9);
    assert.ok(snrDb(tenth, sine(1000, 16_000), 300) > 110);

    const tooMany = signal({ frames: 10, channels: 129 });
    await assert.rejects(
      run("audio.resample", [tooMany], { sampleRateHz: 16_000 }),
      /channels: .*received 129; expected at most 128/,
    );
  });

  it("reduces rates beyond 192 kHz, and refuses what cannot be converted", async () => {
    const frames = 76_800;
    const input = signal({ frames, sampleRate: 768_000, at: sine(1000, 768_000) });
    const output = joined((await run("audio.resample", [input], { sampleRateHz: 48_000 })).audio);
    assert.equal(output.length, 4800);
    assert.ok(snrDb(output, sine(1000, 48_000), 1000) > 100);

    for (const sampleRate of [44_100.5, 3, 767_999]) {
      const refused = run("audio.resample", [signal({ frames: 10, sampleRate })], { sampleRateHz: 48_000 });
      await assert.rejects(refused, /cannot be resampled[\s\S]*sampleRate/);
    }
  });
});
