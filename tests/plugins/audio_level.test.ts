import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import type { AudioData } from "../../core/plugin.ts";
import { IntegratedLoudness } from "../../audio/dsp/loudness.ts";
import { cut, noise, run, signal, sine } from "./_audio_kit.ts";

type Report = { readonly [key: string]: number | boolean | null };

async function levels(inputs: readonly AudioData[], params = {}): Promise<Report[]> {
  const { levels } = await run("audio.level", inputs, params);
  return (levels ?? []).map((data) => data.type === "json" ? data.value as Report : {});
}

async function integrated(audio: AudioData): Promise<number> {
  return (await levels(cut(audio, 4000))).at(-1)?.integratedLufs as number;
}

function assertNear(actual: unknown, expected: number, tolerance: number): void {
  assert.ok(typeof actual === "number" && Math.abs(actual - expected) <= tolerance, `${actual}, not ${expected}`);
}

/** Filtered noise and tones in passages from loud to silent, which the gates treat differently. */
function programme(sampleRate: number, channels: number): AudioData {
  const random = noise(7);
  const smoothed: number[] = Array.from({ length: channels }, () => 0);
  const at = (frame: number, channel: number) => {
    const seconds = frame / sampleRate;
    const passage = [0.5, 0.05, 0.002, 0.2, 0][Math.floor(seconds * 0.7) % 5] as number;
    const rumble = smoothed[channel] = (smoothed[channel] as number) * 0.9 + random() * 0.3;
    const low = Math.sin(2 * Math.PI * (180 + 97 * channel) * seconds);
    return passage * (0.6 * rumble + 0.4 * low + 0.2 * Math.sin(2 * Math.PI * 3100 * seconds));
  };
  return signal({ frames: sampleRate * 12, sampleRate, channels, at });
}

/**
 * Integrated loudness of {@linkcode programme} in LUFS after ffmpeg 5.1.9,
 * `-af ebur128=metadata=1`, the last value of `lavfi.r128.I`.
 */
const FFMPEG_LUFS = [
  { sampleRate: 8000, channels: 1, lufs: -16.917 },
  { sampleRate: 16_000, channels: 2, lufs: -13.613 },
  { sampleRate: 22_050, channels: 2, lufs: -13.704 },
  { sampleRate: 44_100, channels: 2, lufs: -13.356 },
  { sampleRate: 48_000, channels: 6, lufs: -8.596 },
  { sampleRate: 96_000, channels: 1, lufs: -16.062 },
] as const;

describe("audio.level", () => {
  it("reports level and peak of each interval, and of the whole at the end", async () => {
    const at = (frame: number) => frame < 800 ? sine(1000, 8000, 0.5)(frame) : frame < 1600 ? 0 : 0.25;
    const reports = await levels([signal({ frames: 2000, at })]);
    assert.deepEqual(reports.map(({ final, durationMs }) => [final, durationMs]), [
      [false, 100],
      [false, 100],
      [false, 50],
      [true, 250],
    ]);
    assertNear(reports[0]?.rmsDb, 20 * Math.log10(0.5 / Math.SQRT2), 1e-6);
    assertNear(reports[0]?.peakDb, 20 * Math.log10(0.5), 1e-6);
    assert.deepEqual([reports[1]?.rmsDb, reports[1]?.peakDb], [null, null]);
    assertNear(reports[2]?.rmsDb, 20 * Math.log10(0.25), 1e-6);
    assertNear(reports[3]?.rmsDb, 10 * Math.log10((800 * 0.125 + 400 * 0.0625) / 2000), 1e-6);
    assertNear(reports[3]?.peakDb, 20 * Math.log10(0.5), 1e-6);
  });

  it("gives each report the timestamp of its first frame", async () => {
    const inputs = cut(signal({ frames: 2000, timestampUs: 50 }), 300);
    const { levels } = await run("audio.level", inputs);
    assert.deepEqual((levels ?? []).map((data) => data.timestampUs), [50, 100_050, 200_050, 250_050]);
  });

  it("knows momentary loudness after 400 ms and short-term loudness after 3 s", async () => {
    const reports = await levels([signal({ frames: 32_000, at: sine(997, 8000, 0.5) })]);
    const known = (key: string) => reports.findIndex((report) => report[key] !== null);
    assert.deepEqual([known("momentaryLufs"), known("integratedLufs"), known("shortTermLufs")], [3, 3, 29]);
  });

  it("passes the audio on unchanged, NaN included", async () => {
    const input = signal({ frames: 100, at: (frame) => frame === 3 ? NaN : 0.1 });
    assert.deepEqual((await run("audio.level", [input])).audio, [input]);
  });

  it("says null for the levels of digital silence", async () => {
    const reports = await levels([signal({ frames: 8000, at: () => 0 })]);
    for (const report of reports) {
      for (const key of ["rmsDb", "peakDb", "momentaryLufs", "integratedLufs"]) assert.equal(report[key], null);
    }
  });

  // A sine of 997 Hz with peaks at -6 dBFS has a mean square of -9.01 dB; two channels add 3.01 LU, K-weighting offsets 0.
  for (const sampleRate of [16_000, 44_100, 48_000, 96_000]) {
    it(`gives -6 LUFS for 997 Hz at -6 dBFS in stereo at ${sampleRate} Hz`, async () => {
      const at = sine(997, sampleRate, 10 ** (-6 / 20));
      assertNear(await integrated(signal({ frames: sampleRate * 2, sampleRate, channels: 2, at })), -6, 0.05);
    });
  }

  it("weighs channels: surround counts 1.5 dB more, LFE not at all, unless told otherwise", async () => {
    const only = (channel: number) =>
      signal({
        frames: 48_000,
        sampleRate: 48_000,
        channels: 6,
        at: (frame, c) => c === channel ? sine(997, 48_000)(frame) : 0,
      });
    const front = await integrated(only(0));
    assertNear(await integrated(only(4)), front + 10 * Math.log10(1.41), 1e-9);
    assert.equal(await integrated(only(3)), null);
    const [told] = (await levels([only(3)], { channelWeights: [1, 1, 1, 1, 1, 1] })).slice(-1);
    assertNear(told?.integratedLufs, front, 1e-9);
    await assert.rejects(levels([only(0)], { channelWeights: [1] }), /params\.channelWeights; received 6; expected 1/);
  });

  // EBU Tech 3341, cases 3 and 4 in short: soft passages fall to the relative gate, those below -70 LUFS to the absolute one.
  it("leaves out what is below the gates", async () => {
    const sampleRate = 8000;
    const levelsDb = [-72, -36, -23, -23, -23, -36, -72];
    const at = (frame: number) => {
      const db = levelsDb[Math.floor(frame / (sampleRate * 5))] as number;
      return sine(997, sampleRate, 10 ** (db / 20))(frame);
    };
    const frames = sampleRate * 5 * levelsDb.length;
    assertNear(await integrated(signal({ frames, sampleRate, channels: 2, at })), -23, 0.1);
  });

  it("goes on integrating when the form of the audio changes", async () => {
    const half = (sampleRate: number) =>
      signal({ frames: sampleRate * 3, sampleRate, channels: 2, at: sine(997, sampleRate, 0.1) });
    const reports = await levels([half(44_100), half(48_000)]);
    assertNear(reports.at(-1)?.integratedLufs, -20, 0.05);
    assert.equal(reports.at(-1)?.durationMs, 6000);
  });

  for (const { sampleRate, channels, lufs } of FFMPEG_LUFS) {
    it(`agrees with the figure of ffmpeg for a programme at ${sampleRate} Hz × ${channels}`, async () => {
      assertNear(await integrated(programme(sampleRate, channels)), lufs, 0.02);
    });
  }

  const reason = ffmpegIsWanted();
  it("agrees with the ffmpeg of this machine", { skip: reason }, async () => {
    for (const { sampleRate, channels } of FFMPEG_LUFS) {
      const audio = programme(sampleRate, channels);
      const lufs = ffmpegLufs(audio);
      console.log(`ffmpeg: { sampleRate: ${sampleRate}, channels: ${channels}, lufs: ${lufs} }`);
      assertNear(await integrated(audio), lufs, 0.1);
    }
  });
});

describe("IntegratedLoudness", () => {
  it("is as exact after a day of blocks as after one", () => {
    const loudness = new IntegratedLoudness();
    assert.equal(loudness.lufs, null);
    const power = 10 ** ((-23.456 + 0.691) / 10);
    loudness.add(power);
    assertNear(loudness.lufs, -23.456, 1e-9);
    for (let block = 0; block < 864_000; block++) loudness.add(power);
    assertNear(loudness.lufs, -23.456, 1e-6);
  });

  it("holds loudness beyond its bins", () => {
    const loudness = new IntegratedLoudness();
    loudness.add(1e6);
    assertNear(loudness.lufs, 60 - 0.691, 1e-9);
  });
});

function ffmpegIsWanted(): string | false {
  if (process.env.STREAMRACK_TEST_FFMPEG !== "1") return "set STREAMRACK_TEST_FFMPEG=1 to compare with ffmpeg";
  return spawnSync("ffmpeg", ["-version"]).status === 0 ? false : "ffmpeg is not installed";
}

function ffmpegLufs({ samples, sampleRate, channels }: AudioData): number {
  const input = ["-f", "f32le", "-ar", `${sampleRate}`, "-ac", `${channels}`, "-i", "pipe:0"];
  const measure = ["-af", "ebur128=metadata=1,ametadata=print:key=lavfi.r128.I:file=-", "-f", "null", "-"];
  const { stdout } = spawnSync("ffmpeg", ["-hide_banner", "-loglevel", "error", ...input, ...measure], {
    input: new Uint8Array(samples.buffer as ArrayBuffer),
    maxBuffer: 1 << 28,
  });
  return Number([...stdout.toString().matchAll(/lavfi\.r128\.I=(\S+)/g)].at(-1)?.[1]);
}
