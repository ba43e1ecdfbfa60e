import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { AudioSegment, encodeAudio, FILE_FORMATS, type FileFormat, openAudio, writeAudio } from "../../audio/mod.ts";
import { type AudioData, RuntimeData } from "../../core/plugin.ts";
import { inTempFolder } from "../cli/_temp_folder.ts";
import { concat, wavBytes } from "../cli/_wav_bytes.ts";
import { fixtureBytes, FIXTURES } from "./_fixtures.ts";

/** A sweep, with a beginning and an end that a shift would show. */
function sweep(sampleRate: number, channels: number, frames: number): AudioSegment {
  const samples = new Int16Array(frames * channels);
  for (let frame = 0; frame < frames; frame++) {
    for (let channel = 0; channel < channels; channel++) {
      const seconds = frame / sampleRate;
      const phase = 2 * Math.PI * (200 + 300 * channel) * seconds + 2000 * seconds * seconds;
      samples[frame * channels + channel] = 9000 * Math.sin(phase) * Math.min(1, frame / 500);
    }
  }
  return AudioSegment.fromSamples(samples, { sampleRate, channels });
}

/** How close one segment is to another, in decibels, at a shift in frames. */
function snrDb(original: AudioSegment, other: AudioSegment, shift = 0): number {
  const { channels } = original;
  let [signal, noise] = [0, 0];
  const margin = 100;
  for (let i = margin * channels; i < original.samples.length - margin * channels; i++) {
    const sample = original.samples[i] as number;
    const error = (other.samples[i + shift * channels] ?? 0) - sample;
    signal += sample * sample;
    noise += error * error;
  }
  return 10 * Math.log10(signal / noise);
}

async function framesOf(reader: AsyncIterable<AudioData>): Promise<number> {
  let frames = 0;
  for await (const { samples, channels } of reader) frames += samples.length / channels;
  return frames;
}

/** The least that is left of a sweep at the default bit rate. LAME lowers the level by up to 0.45 dB, which is 26 dB. */
const LEAST_SNR_DB: { readonly [F in FileFormat]: number } = {
  wav: Infinity,
  flac: Infinity,
  mp3: 20,
  ogg: 20,
  opus: 15,
};

describe("every format, written and read again", () => {
  for (const format of FILE_FORMATS) {
    for (const [sampleRate, channels] of [[44_100, 2], [48_000, 1], [16_000, 1], [96_000, 2]] as const) {
      it(`${format}, ${sampleRate} Hz, ${channels} channels: the same length, in the same place`, async () => {
        const original = sweep(sampleRate, channels, 20_011);
        const read = await AudioSegment.fromBytes(await original.toBytes({ format }));
        const expected = await original.resample(read.sampleRate);
        assert.equal(read.channels, channels);
        assert.equal(read.frames, expected.frames, "to the frame");
        if (LEAST_SNR_DB[format] === Infinity) {
          assert.deepEqual(read.samples, original.samples, "to the bit");
          assert.equal(read.sampleFormat, "i16");
        } else {
          const snr = snrDb(expected, read);
          assert.ok(snr > LEAST_SNR_DB[format], `${snr} dB`);
          for (const shift of [-40, 40]) assert.ok(snrDb(expected, read, shift) < snr, "not shifted");
        }
      });
    }

    it(`${format}: the same however it is cut into chunks, in and out`, async () => {
      const original = sweep(22_050, 2, 9001);
      const whole = await original.toBytes({ format });
      const read = await AudioSegment.fromBytes(whole);
      async function* bytesInPieces() {
        for (let at = 0; at < whole.length; at += 997) yield whole.subarray(at, at + 997);
      }
      const parts: AudioData[] = [];
      const reader = await openAudio(bytesInPieces());
      for await (const chunk of reader.chunks(100)) parts.push(chunk);
      assert.ok(parts.slice(0, -1).every(({ samples }) => samples.length === 200));
      const chunkSeconds = 100 / read.sampleRate;
      parts.forEach(({ timestampUs }, i) => assert.equal(timestampUs, Math.round(i * chunkSeconds * 1e6)));
      const joined = parts.flatMap((chunk) => [...AudioSegment.fromAudio(chunk).samples]);
      assert.deepEqual(joined, [...read.samples]);
      assert.equal(reader.damage, undefined);
    });

    it(`${format}: nothing at all is a valid file`, async () => {
      const empty = new AudioSegment({ samples: new Float32Array(0), sampleRate: 48_000, channels: 2 });
      const read = await AudioSegment.fromBytes(await empty.toBytes({ format }));
      assert.deepEqual([read.frames, read.sampleRate, read.channels], [0, 48_000, 2]);
    });

    it(`${format}: to a pipe, what is read is all there`, async () => {
      const original = sweep(48_000, 2, 30_000);
      const reader = await openAudio(encodeAudio([original.toAudio()], { format }));
      const frames = await framesOf(reader.chunks(4096));
      // Without a way back, MP3 cannot say where its padding begins.
      if (format === "mp3") assert.ok(frames >= 30_000 && frames < 30_000 + 2 * 1152, `${frames}`);
      else assert.equal(frames, 30_000);
    });

    it(`${format}: a file appears when it is whole, under a path and a URL, and not at all when something fails`, async () => {
      await inTempFolder(async (folder) => {
        const original = sweep(48_000, 1, 5000);
        const path = join(folder, `a.${format}`);
        await assert.rejects(original.export(join(folder, `none/a.${format}`)), { reason: "file-not-found" });
        await original.export(path);
        const read = await AudioSegment.fromFile(pathToFileURL(path));
        assert.equal(read.frames, 5000);
        const before = await readFile(path);
        function* failing() {
          yield original.toAudio();
          throw new Error("on purpose");
        }
        await assert.rejects(writeAudio(path, failing()), { message: "on purpose" });
        assert.deepEqual(await readFile(path), before);
        assert.deepEqual(await readdir(folder), [`a.${format}`]);
      });
    });

    it(`${format}: audio that changes its form is refused`, async () => {
      const chunks = [sweep(48_000, 1, 100).toAudio(), sweep(44_100, 1, 100).toAudio()];
      const writing = async () => {
        for await (const _ of encodeAudio(chunks, { format }));
      };
      await assert.rejects(writing(), { reason: "invalid-data", message: /changed in mid-stream/ });
    });
  }

  it("the ends of the range are kept in flac and wav", async () => {
    const samples = Int16Array.of(32_767, -32_768, 32_766, -32_767, 0, 1, -1);
    for (const format of ["flac", "wav"] as const) {
      const read = await AudioSegment.fromBytes(
        await AudioSegment.fromSamples(samples, { sampleRate: 8000 }).toBytes({ format }),
      );
      assert.deepEqual(read.toAudio("i16").samples, samples);
    }
  });

  it("24 bits are kept in flac and wav", async () => {
    const samples = Int32Array.from({ length: 1000 }, (_, i) => ((i * 7919 * 65_537) << 8));
    const original = AudioSegment.fromSamples(samples, { sampleRate: 48_000 });
    for (const format of ["flac", "wav"] as const) {
      const read = await AudioSegment.fromBytes(await original.toBytes({ format, encoding: "s24" }));
      assert.equal(read.sampleFormat, "i32");
      assert.deepEqual(read.toAudio("i32").samples, samples);
    }
  });

  it("FLAC of 32 bits is read with 24 significant bits, and says so", async () => {
    const bytes = await fixtureBytes("flac_32bit.flac");
    const reader = await openAudio(bytes);
    assert.deepEqual([reader.format.encoding, reader.totalFrames], ["s32", 200]);
    assert.match(reader.loss ?? "", /24 significant bits/);
    const read: number[] = [];
    for await (const chunk of reader.chunks(64)) {
      assert.equal(chunk.format, "i32");
      read.push(...chunk.samples);
    }
    assert.equal(reader.damage, undefined, "it is whole");
    // What the file begins with: both ends of the range, small integers, and some that have more bits.
    const original = [2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 2, -(2 ** 31) + 1, 1, -1, 0, 255, -255, 12_345, 0x12345678];
    const nearest = original.map((sample) => Math.min(2 ** 31 - 1, Math.fround(sample)));
    assert.deepEqual(read.slice(0, original.length), nearest);
    assert.equal(read.length, 200);

    const segment = await AudioSegment.fromBytes(bytes);
    assert.deepEqual([segment.loss, segment.sampleFormat, segment.frames], [reader.loss, "i32", 200]);
  });

  it("WAV of 32-bit integers is read whole; floats of 64 bits, and a segment of either, say what they lose", async () => {
    const audio = RuntimeData.audio({ samples: Int32Array.of(0x12345678, -1), sampleRate: 8000 });
    const parts: Uint8Array[] = [];
    for await (const part of encodeAudio([audio], { format: "wav" })) parts.push(part);
    const wav = concat(...parts);
    const reader = await openAudio(wav);
    assert.equal(reader.loss, undefined);
    for await (const { samples } of reader.chunks(10)) assert.deepEqual([...samples], [0x12345678, -1]);
    assert.match((await AudioSegment.fromBytes(wav)).loss ?? "", /24 significant bits/);
    assert.equal((await AudioSegment.fromBytes(await sweep(8000, 1, 10).toBytes({ format: "wav" }))).loss, undefined);

    const doubles = wavBytes({ tag: 3, bits: 64, data: new Uint8Array(Float64Array.of(0.1, -1).buffer) });
    const ofDoubles = await openAudio(doubles);
    assert.match(ofDoubles.loss ?? "", /64 bits are read as floats of 32 bits/);
    await ofDoubles.close();
  });

  it("a higher bit rate gives more bytes, and a better copy", async () => {
    const original = sweep(48_000, 2, 48_000);
    for (const format of ["mp3", "ogg", "opus"] as const) {
      const [small, large] = await Promise.all(
        [48, 256].map((bitrateKbps) => original.toBytes({ format, bitrateKbps })),
      );
      assert.ok(small && large && large.length > small.length, format);
    }
  });

  it("what a format cannot hold is refused, and says what would fit", async () => {
    const refused = async (format: FileFormat, channels: number, options = {}) => {
      const segment = sweep(48_000, channels, 100);
      await assert.rejects(segment.toBytes({ format, ...options }), { reason: "invalid-data", message: /expected/ });
    };
    for (const format of ["mp3", "ogg", "opus"] as const) await refused(format, 3);
    await refused("flac", 9);
    await refused("flac", 1, { encoding: "f32" });
    await assert.rejects(sweep(48_000, 1, 10).toBytes({ format: "mp3", bitrateKbps: -1 }), {
      reason: "invalid-options",
    });
    await inTempFolder(async (folder) => {
      const bad = sweep(48_000, 1, 10).export(join(folder, "a.xyz"));
      await assert.rejects(bad, { reason: "invalid-options", message: /unknown extension.*\.flac/s });
    });
  });
});

describe("files of other programs", () => {
  for (const { name, frames, sampleRate, channels, format } of FIXTURES) {
    it(`${name} has the length of its original`, async () => {
      const bytes = await fixtureBytes(name);
      const reader = await openAudio(bytes);
      assert.deepEqual([reader.format.sampleRate, reader.format.channels], [sampleRate, channels]);
      assert.equal(await framesOf(reader.chunks(1000)), frames);
      assert.equal(reader.damage, undefined);
      if (reader.totalFrames !== undefined) assert.equal(reader.totalFrames, frames);
    });

    it(`${name}, cut short: the part that is there, then an error, or a mark`, async () => {
      const bytes = await fixtureBytes(name);
      const cut = bytes.subarray(0, Math.floor(bytes.length * 0.7));
      const reader = await openAudio(cut, { name: "a recording" });
      let got = 0;
      const reading = async () => {
        for await (const chunk of reader.chunks(500)) got += chunk.samples.length / channels;
      };
      await assert.rejects(reading(), {
        reason: "truncated-media",
        code: "data-loss",
        message: /"a recording" ends too early/,
      });
      assert.ok(got > frames / 3 && got < frames, `${got} of ${frames}`);

      const kept = await AudioSegment.fromBytes(cut, { onDamage: "keep" });
      assert.equal(kept.frames, got);
      assert.equal(kept.damage?.reason, "truncated-media");
    });

    it(`${name} under another name is told by its content; asked for as another, it is refused`, async () => {
      await inTempFolder(async (folder) => {
        const path = join(folder, "a.wav");
        await writeFile(path, await fixtureBytes(name));
        assert.equal((await AudioSegment.fromFile(path)).frames, frames);
        const other = format === "flac" ? "mp3" : "flac";
        await assert.rejects(AudioSegment.fromFile(path, { format: other }), { reason: "invalid-media" });
      });
    });
  }

  it("a file that is no audio is told by what it looks like", async () => {
    const text = new TextEncoder().encode("once upon a time");
    await assert.rejects(openAudio(text, { name: "tale" }), {
      reason: "invalid-media",
      message: /"tale".*looks like text/s,
    });
    await assert.rejects(openAudio(new Uint8Array(0)), { reason: "invalid-media", message: /is empty/ });
    const m4a = new TextEncoder().encode("\0\0\0\x20ftypM4A ");
    await assert.rejects(openAudio(m4a), { reason: "invalid-media", message: /MP4 or M4A/ });
    await assert.rejects(openAudio("none.mp3"), { reason: "file-not-found" });
    await assert.rejects(openAudio(text, { format: "aac" as "mp3" }), { reason: "invalid-options" });
  });

  it("two Ogg files one behind the other are read as one", async () => {
    for (const name of ["oggenc.ogg", "opusenc.opus"]) {
      const bytes = await fixtureBytes(name);
      const { frames } = FIXTURES.find((fixture) => fixture.name === name) as { frames: number };
      const reader = await openAudio(new Uint8Array([...bytes, ...bytes]));
      assert.equal(await framesOf(reader.chunks(1000)), 2 * frames, name);
      assert.equal(reader.damage, undefined);
    }
  });

  it("a file that decodes to more than is allowed is refused, in time", async () => {
    const segment = AudioSegment.silent(10_000, { sampleRate: 48_000, channels: 2 });
    const bytes = await segment.toBytes({ format: "flac" });
    await assert.rejects(AudioSegment.fromBytes(bytes, { maxBytes: 1e6 }), { code: "resource-exhausted" });
  });

  it("a reader that is left, or closed, lets its source go", async () => {
    for (const { name } of FIXTURES) {
      const bytes = await fixtureBytes(name);
      const source = () => {
        let settle = () => {};
        const closed = new Promise<void>((resolve) => settle = resolve);
        const chunks = async function* () {
          try {
            for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
          } finally {
            settle();
          }
        };
        return { chunks: chunks(), closed };
      };
      const left = source();
      for await (const _ of (await openAudio(left.chunks)).chunks(10)) break;
      await left.closed;
      const unread = source();
      const reader = await openAudio(unread.chunks);
      await reader.close();
      await reader.close();
      await unread.closed;
    }
  });

  it("a source that fails is not taken for damage", async () => {
    const bytes = await fixtureBytes("flac_mono.flac");
    async function* failing() {
      // More than is looked at before the first chunk.
      for (let i = 0; i < 10; i++) yield i === 0 ? bytes : new Uint8Array(20_000);
      throw new Error("the network is gone");
    }
    const reading = async () => await framesOf((await openAudio(failing(), { onDamage: "keep" })).chunks(100));
    await assert.rejects(reading(), { message: "the network is gone" });
  });

  it("a value of the pipeline that has been decoded may be sent away", async () => {
    const reader = await openAudio(await fixtureBytes("flac_mono.flac"));
    for await (const chunk of reader.chunks(1000)) assert.ok(RuntimeData.isMovable(chunk));
  });
});
