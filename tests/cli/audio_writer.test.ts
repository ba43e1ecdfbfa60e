import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { AudioWriter, type AudioWriterOptions } from "../../audio/audio_writer.ts";
import { type ByteSink, toFile } from "../../audio/io/byte_sink.ts";
import { fromChunks, openFile } from "../../audio/io/byte_source.ts";
import { readWav } from "../../audio/pcm/pcm_reader.ts";
import { writeWavHeader } from "../../audio/pcm/write_wav_header.ts";
import { readWavHeader } from "../../audio/pcm/read_wav_header.ts";
import { RuntimeData } from "../../core/data/runtime_data.ts";
import type { AudioData } from "../../core/data/types.ts";
import { rejectionOf } from "../_support/errors.ts";
import { inTempFolder } from "./_temp_folder.ts";
import { concat, inPieces } from "./_wav_bytes.ts";

/** A pipe that remembers what went through it. */
function memoryPipe(): { sink: ByteSink; bytes: () => Uint8Array } {
  const parts: Uint8Array[] = [];
  const nothing = () => Promise.resolve();
  const write = (bytes: Uint8Array) => Promise.resolve(void parts.push(bytes.slice()));
  return { sink: { name: "the pipe", write, commit: nothing, discard: nothing }, bytes: () => concat(...parts) };
}

async function throughPipe(audio: AudioData[], options?: AudioWriterOptions): Promise<Uint8Array> {
  const { sink, bytes } = memoryPipe();
  const writer = new AudioWriter(sink, options);
  for (const chunk of audio) await writer.write(chunk);
  await writer.finish();
  return bytes();
}

async function readBack(
  bytes: Uint8Array,
): Promise<{ encoding: string; samples: number[]; frames: number | undefined }> {
  const reader = await readWav(fromChunks(inPieces(bytes, 77), "the file"));
  const samples: number[] = [];
  for await (const chunk of reader.chunks(10)) samples.push(...chunk.samples);
  return { encoding: reader.format.encoding, samples, frames: reader.totalFrames };
}

const CHUNKS: { [name: string]: AudioData } = {
  i16: RuntimeData.audio({ samples: Int16Array.of(-32768, -1, 0, 32767, 5, 6), sampleRate: 8000, channels: 2 }),
  i32: RuntimeData.audio({
    samples: Int32Array.of(-0x80000000, -1, 0, 0x7fffffff, 5, 6),
    sampleRate: 8000,
    channels: 2,
  }),
  f32: RuntimeData.audio({ samples: Float32Array.of(-1, 0.5, 0, 1, 0.25, 1.5), sampleRate: 8000, channels: 2 }),
};

describe("AudioWriter", () => {
  for (const [name, audio] of Object.entries(CHUNKS)) {
    it(`keeps ${name} as it is, to a file and to a pipe`, async () => {
      const samples = [...audio.samples, ...audio.samples];
      const piped = await readBack(await throughPipe([audio, audio]));
      assert.deepEqual(piped.samples, samples);
      assert.equal(piped.frames, undefined);
      await inTempFolder(async (folder) => {
        const path = join(folder, "out.wav");
        const writer = new AudioWriter(await toFile(path));
        await writer.write(audio);
        await writer.write(audio);
        assert.equal(writer.frames, 6);
        await writer.finish();
        const file = await readBack(await readFile(path));
        assert.deepEqual(file.samples, samples);
        assert.equal(file.frames, 6);
      });
    });
  }

  it("converts to the encoding that is asked for", async () => {
    const floats = CHUNKS["f32"] as AudioData;
    const expected = { s16: [-32768, 16384, 0, 32767, 8192, 32767], s24: [-1, 0.5, 0, 1, 0.25, 1], s32: [], f32: [] };
    const as16 = await readBack(await throughPipe([floats], { encoding: "s16" }));
    assert.deepEqual(as16.samples, expected.s16);
    const as24 = await readBack(await throughPipe([floats], { encoding: "s24" }));
    assert.deepEqual(as24.samples, expected.s24.map((value) => Math.min(value * 2 ** 31, 0x7fffff00)));
    const integers = await readBack(await throughPipe([CHUNKS["i16"] as AudioData], { encoding: "f32" }));
    assert.deepEqual(integers.samples, [-1, -1 / 32768, 0, 32767 / 32768, 5 / 32768, 6 / 32768]);
  });

  it("24 bits survive the way through", async () => {
    const samples = Int32Array.of(-0x80000000, -256, 0, 256, 0x12345600, 0x7fffff00);
    const audio = RuntimeData.audio({ samples, sampleRate: 8000 });
    assert.deepEqual((await readBack(await throughPipe([audio], { encoding: "s24" }))).samples, [...samples]);
  });

  it("raw output is the samples and nothing else", async () => {
    const bytes = await throughPipe([CHUNKS["i16"] as AudioData], { format: "raw" });
    assert.deepEqual([...new Int16Array(bytes.buffer)], [...(CHUNKS["i16"] as AudioData).samples]);
  });

  it("refuses a change of rate and channels", async () => {
    const mono = RuntimeData.audio({ samples: new Int16Array(4), sampleRate: 16000 });
    await assert.rejects(throughPipe([CHUNKS["i16"] as AudioData, mono]), (error: Error) => {
      assert.match(error.message, /audio\.sampleRate.*received 16000 after 3 frames; expected 8000/);
      assert.match(error.message, /audio\.channels.*received 1 .*expected 2/);
      return true;
    });
  });

  it("writes an empty but valid file when there was no audio", async () => {
    const { sink, bytes } = memoryPipe();
    await new AudioWriter(sink).finish({ sampleRate: 16000, channels: 2 });
    assert.deepEqual((await readBack(bytes())).samples, []);
    assert.equal(new DataView(bytes().buffer).getUint32(24, true), 16000);
  });

  it("pads samples of odd length in a file", async () => {
    await inTempFolder(async (folder) => {
      const path = join(folder, "odd.wav");
      const writer = new AudioWriter(await toFile(path), { encoding: "s24" });
      await writer.write(RuntimeData.audio({ samples: Int32Array.of(256), sampleRate: 8000 }));
      await writer.finish();
      const bytes = await readFile(path);
      assert.equal(bytes.length % 2, 0);
      assert.deepEqual((await readBack(bytes)).samples, [256]);
    });
  });

  it("a file beyond 4 GiB becomes RF64, whose header has the same length", async () => {
    const format = { encoding: "s16", channels: 2, sampleRate: 48000 } as const;
    const small = writeWavHeader(format, { dataBytes: 400, canGrowLarge: true });
    const large = writeWavHeader(format, { dataBytes: 6_000_000_000, canGrowLarge: true });
    assert.equal(small.length, large.length);
    assert.equal(new TextDecoder().decode(large.subarray(0, 4)), "RF64");
    const header = await readWavHeader(fromChunks(inPieces(large, 5), "large"));
    assert.equal(header.dataBytes, 6_000_000_000);
    assert.equal(header.dataStart, large.length);
  });
});

describe("toFile", () => {
  it("shows nothing under the target's name before commit, and leaves no other file", async () => {
    await inTempFolder(async (folder) => {
      const path = join(folder, "out.txt");
      await writeFile(path, "old");
      const sink = await toFile(path);
      await sink.write(Uint8Array.of(110, 101, 119));
      assert.equal(await readFile(path, "utf8"), "old");
      await sink.commit();
      await sink.discard();
      assert.equal(await readFile(path, "utf8"), "new");
      assert.deepEqual(await readdir(folder), ["out.txt"]);
    });
  });

  it("discard leaves an existing file as it was", async () => {
    await inTempFolder(async (folder) => {
      const path = join(folder, "out.txt");
      await writeFile(path, "old");
      const sink = await toFile(path);
      await sink.write(Uint8Array.of(1));
      await sink.discard();
      await sink.discard();
      assert.equal(await readFile(path, "utf8"), "old");
      assert.deepEqual(await readdir(folder), ["out.txt"]);
    });
  });

  it("replaces what a symbolic link leads to, not the link", async () => {
    await inTempFolder(async (folder) => {
      await writeFile(join(folder, "real.txt"), "old");
      await symlink("real.txt", join(folder, "link.txt"));
      const sink = await toFile(join(folder, "link.txt"));
      await sink.write(Uint8Array.of(110));
      await sink.commit();
      assert.equal(await readlink(join(folder, "link.txt")), "real.txt");
      assert.equal(await readFile(join(folder, "real.txt"), "utf8"), "n");
    });
  });

  it("makes no folders: it says which one is missing", async () => {
    await inTempFolder(async (folder) => {
      const missing = join(folder, "new", "deep");
      for (const tidy of [false, true]) {
        const error = await rejectionOf(toFile(join(missing, "out.txt"), { tidy }));
        assert.deepEqual([error.reason, error.code, error.retryable], ["file-not-found", "not-found", false]);
        assert.ok(error.message.includes(`there is no folder "${missing}"`), error.message);
        assert.match(error.remedy ?? "", /Make the folder/);
      }
      assert.deepEqual(await readdir(folder), []);
    });
  });

  it("a folder as the target, and a file as a folder", async () => {
    await inTempFolder(async (folder) => {
      await writeFile(join(folder, "file"), "");
      await assert.rejects(toFile(join(folder, "file", "out.wav")), { reason: "file-not-found" });
      await mkdir(join(folder, "dir"));
      await assert.rejects(toFile(join(folder, "dir")), { code: "invalid-argument", message: /it is a folder/ });
    });
  });

  it("a name may be as long as the system allows", async () => {
    await inTempFolder(async (folder) => {
      const name = `${"音".repeat(83)}.wav`;
      await (await toFile(join(folder, name))).commit();
      assert.deepEqual(await readdir(folder), [name]);
    });
  });

  it("tidy: removes what killed processes have left of the same file, and nothing else", async () => {
    await inTempFolder(async (folder) => {
      const path = join(folder, "out.wav");
      const ended = spawnSync(process.execPath, ["--version"]).pid;
      await writeFile(path, "old");
      const running = await toFile(path);
      const [mine] = (await readdir(folder)).filter((name) => name.endsWith(".part"));
      assert.match(mine as string, new RegExp(`^\\.out\\.wav\\.[0-9a-f]{8}-${process.pid}-[0-9a-f]{8}\\.part$`));
      const machine = /\.([0-9a-f]{8})-/.exec(mine as string)?.[1] as string;
      const left = `.out.wav.${machine}-${ended}-01234567.part`;
      const others = [
        `.other.wav.${machine}-${ended}-01234567.part`,
        `.out.wav.00000000-${ended}-01234567.part`,
        `.out.wav.${machine}-${ended}-0123.part`,
        ".out.wav.part",
      ];
      for (const name of [left, ...others]) await writeFile(join(folder, name), "");
      await (await toFile(path)).discard();
      const names = async () => (await readdir(folder)).sort();
      assert.ok((await names()).includes(left), "not without being asked: it takes a look at the whole folder");
      await (await toFile(path, { tidy: true })).commit();
      assert.deepEqual(await names(), ["out.wav", mine as string, ...others].sort());
      await running.discard();
    });
  });

  it("writes to a device directly", async () => {
    const sink = await toFile("/dev/null");
    await sink.write(new Uint8Array(10));
    await sink.commit();
    await (await openFile("/dev/null")).close();
  });
});

describe("a full disk", { skip: process.platform === "linux" ? false : "there is no /dev/full" }, () => {
  it("is told as such, and not as a file that is missing", async () => {
    const sink = await toFile("/dev/full");
    const full = { reason: "resource-exhausted", code: "resource-exhausted", retryable: false };
    await assert.rejects(sink.write(new Uint8Array(100)), full);
    await sink.discard();
  });
});
