import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { AudioSegment, FILE_FORMATS, type FileFormat } from "../../audio/mod.ts";
import { inTempFolder } from "../cli/_temp_folder.ts";

/** What goes round. */
interface Form {
  readonly sampleRate: number;
  readonly channels: number;
  readonly frames: number;
}

/** Three seconds of stereo, and a length that no frame or page of a codec divides. */
const FORMS: readonly Form[] = [
  { sampleRate: 48_000, channels: 2, frames: 144_000 },
  { sampleRate: 44_100, channels: 1, frames: 50_021 },
];

/** Music-like: notes with overtones, and a little noise. */
function music({ sampleRate, channels, frames }: Form): AudioSegment {
  let noise = 1;
  const samples = new Int16Array(frames * channels);
  for (let i = 0; i < samples.length; i++) {
    const seconds = Math.floor(i / channels) / sampleRate;
    const note = 220 * 2 ** (Math.floor(seconds * 4) % 8 / 12);
    const decay = Math.exp(-3 * (seconds * 4 % 1) / 4) * Math.min(1, seconds * 100);
    let sum = 0;
    for (let overtone = 1; overtone < 6; overtone++) {
      sum += Math.sin(2 * Math.PI * note * overtone * seconds + i % channels) / overtone;
    }
    noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
    samples[i] = 6000 * decay * sum + ((noise >>> 16) - 32_768) / 200;
  }
  return AudioSegment.fromSamples(samples, { sampleRate, channels });
}

/** The signal-to-noise ratio of a copy in decibels, its level taken out: LAME lowers it on purpose. */
function snrDb(original: AudioSegment, copy: AudioSegment): number {
  let [cross, power, copied] = [0, 0, 0];
  original.samples.forEach((sample, i) => {
    const other = copy.samples[i] as number;
    cross += sample * other;
    power += sample * sample;
    copied += other * other;
  });
  const explained = cross * cross / power;
  return 10 * Math.log10(explained / Math.max(1e-30, copied - explained));
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${error?.message ?? ""}${stderr}`);
}

interface Tool {
  readonly name: string;
  readonly formats: readonly FileFormat[];
  decode(input: string, output: string): void;
  encode(input: string, output: string): void;
}

const FFMPEG: Tool = {
  name: "ffmpeg",
  formats: FILE_FORMATS,
  decode: (input, output) => run("ffmpeg", ["-v", "error", "-y", "-i", input, "-c:a", "pcm_s16le", output]),
  encode: (input, output) =>
    run("ffmpeg", ["-v", "error", "-y", "-i", input, ...output.endsWith(".ogg") ? ["-c:a", "libvorbis"] : [], output]),
};
const SOX: Tool = {
  name: "sox",
  // sox of Debian 12 reads Opus and does not write it; it neither reads nor writes the lengths of an Info tag.
  formats: ["wav", "flac", "ogg"],
  decode: (input, output) => run("sox", ["-V1", input, "-b", "16", output]),
  encode: (input, output) => run("sox", ["-V1", input, output]),
};

/** The programs of those who made the formats, with their defaults. */
const REFERENCE: Tool = {
  name: "flac, lame, oggenc and opusenc",
  formats: ["flac", "mp3", "ogg", "opus"],
  decode(input, output) {
    const format = extname(input);
    if (format === ".flac") run("flac", ["-d", "-s", "-f", input, "-o", output]);
    if (format === ".mp3") run("lame", ["--decode", "--quiet", input, output]);
    if (format === ".ogg") run("oggdec", ["-Q", "-o", output, input]);
    if (format === ".opus") run("opusdec", ["--quiet", "--no-dither", input, output]);
  },
  encode(input, output) {
    const format = extname(output);
    if (format === ".flac") run("flac", ["-s", "-f", input, "-o", output]);
    if (format === ".mp3") run("lame", ["--quiet", input, output]);
    if (format === ".ogg") run("oggenc", ["-Q", "-o", output, input]);
    if (format === ".opus") run("opusenc", ["--quiet", input, output]);
  },
};

function isWanted(tool: string): string | false {
  if (process.env["STREAMRACK_TEST_FFMPEG"] !== "1") return `set STREAMRACK_TEST_FFMPEG=1 to compare with ${tool}`;
  const isThere = (name: string) => spawnSync(name, [name === "ffmpeg" ? "-version" : "--version"]).error === undefined;
  const missing = tool.match(/ffmpeg|sox|flac|lame|oggenc|opusenc/g)?.filter((name) => !isThere(name)) ?? [];
  return missing.length === 0 ? false : `${missing.join(", ")} is not installed`;
}

/** Least signal-to-noise ratio of lossy formats at their default bit rates. */
const LEAST_SNR_DB: Readonly<Record<string, number>> = { mp3: 12, ogg: 10, opus: 8 };

async function roundTrip(tool: Tool, format: FileFormat, original: AudioSegment): Promise<void> {
  await inTempFolder(async (folder) => {
    const place = (name: string) => join(folder, name);
    await original.export(place("original.wav"));

    await original.export(place(`ours.${format}`));
    tool.decode(place(`ours.${format}`), place("theirs.wav"));
    const read = await AudioSegment.fromFile(place("theirs.wav"));

    tool.encode(place("original.wav"), place(`their.${format}`));
    const written = await AudioSegment.fromFile(place(`their.${format}`));
    assert.equal(written.damage, undefined);

    for (const [direction, copy] of [["our file, read by it", read], ["its file, read by us", written]] as const) {
      const lossless = format === "wav" || format === "flac";
      const ends = copy.frames - original.frames;
      const snr = snrDb(original, copy);
      const form = `${original.sampleRate} Hz, ${original.channels} channels, ${original.frames} frames`;
      console.error(
        `${tool.name}: ${format}, ${form}: ${direction}: ${ends} frames more, ` +
          (snr > 200 ? "the same bits" : `SNR ${snr.toFixed(1)} dB`),
      );
      if (lossless) assert.equal(copy.samples.findIndex((s, i) => s !== original.samples[i]), -1, direction);
      assert.equal(ends, 0, direction);
      if (!lossless) assert.ok(snr > (LEAST_SNR_DB[format] as number), `${direction}: ${snr} dB`);
    }
  });
}

for (const tool of [FFMPEG, SOX, REFERENCE]) {
  describe(`round trips with ${tool.name}`, () => {
    for (const format of tool.formats) {
      it(`${format}: what we write, it reads, and the other way round`, { skip: isWanted(tool.name) }, async () => {
        // Opus is 48 kHz always, and programs convert what is not to their own taste.
        const forms = format === "opus" ? FORMS.map((form) => ({ ...form, sampleRate: 48_000 })) : FORMS;
        for (const form of forms) await roundTrip(tool, format, music(form));
      });
    }
  });
}

describe("24 bits", () => {
  for (const format of ["wav", "flac"] as const) {
    it(
      `${format}: ffmpeg reads the samples that we write, and we those of sox`,
      { skip: isWanted("ffmpeg, sox") },
      async () => {
        await inTempFolder(async (folder) => {
          const place = (name: string) => join(folder, name);
          const samples = Int32Array.from({ length: 30_011 }, (_, i) => Math.imul(i * 7919, 65_537) << 8);
          samples.set([0x7fffff00, -0x80000000, 0x7ffffe00, -0x7fffff00]);
          const original = AudioSegment.fromSamples(samples, { sampleRate: 96_000 });
          const ours = place(`ours.${format}`);
          await original.export(ours, { encoding: "s24" });
          run("ffmpeg", ["-v", "error", "-y", "-i", ours, "-c:a", "pcm_s32le", place("read.wav")]);
          run("sox", ["-V1", ours, "-b", "24", place(`sox.${format}`)]);
          for (const name of ["read.wav", `sox.${format}`]) {
            assert.deepEqual((await AudioSegment.fromFile(place(name))).toAudio("i32").samples, samples, name);
          }
        });
      },
    );
  }
});

describe("flac -t", () => {
  it("finds length and checksum of our files right", { skip: isWanted("flac") }, async () => {
    await inTempFolder(async (folder) => {
      const path = join(folder, "a.flac");
      await writeFile(path, await music(FORMS[0] as Form).toBytes({ format: "flac" }));
      run("flac", ["-t", "-s", "-w", path]);
      assert.ok((await readFile(path)).length > 1000);
    });
  });
});
