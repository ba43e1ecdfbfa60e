import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fromChunks, openFile } from "../../audio/io/byte_source.ts";
import { CHANNELS_MAX, SAMPLE_RATE_MAX_HZ } from "../../audio/pcm/encodings.ts";
import { readRaw, readWav } from "../../audio/pcm/pcm_reader.ts";
import { StreamrackError } from "../../core/errors.ts";
import { RuntimeData } from "../../core/data/runtime_data.ts";
import type { AudioData } from "../../core/data/types.ts";
import { inTempFolder } from "./_temp_folder.ts";
import { concat, inPieces, riffChunk, wavBytes, type WavParts } from "./_wav_bytes.ts";

interface Audio {
  format: string;
  sampleRate: number;
  channels: number;
  samples: number[];
}

async function collect(chunks: AsyncIterable<AudioData>): Promise<Audio | undefined> {
  let audio: Audio | undefined;
  for await (const { format, sampleRate, channels, samples } of chunks) {
    audio ??= { format, sampleRate, channels, samples: [] };
    assert.deepEqual([format, sampleRate, channels], [audio.format, audio.sampleRate, audio.channels]);
    audio.samples.push(...samples);
  }
  return audio;
}

async function readStream(bytes: Uint8Array, pieceBytes = 1000, chunkFrames = 16): Promise<Audio | undefined> {
  const reader = await readWav(fromChunks(inPieces(bytes, pieceBytes), "the pipe"));
  return collect(reader.chunks(chunkFrames));
}

async function readFileOf(bytes: Uint8Array): Promise<Audio | undefined> {
  return await inTempFolder(async (folder) => {
    const path = join(folder, "in put.wav");
    await writeFile(path, bytes);
    return collect((await readWav(await openFile(path))).chunks(16));
  });
}

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** How each encoding must arrive. */
const ENCODINGS: { name: string; parts: WavParts; format: string; samples: number[] }[] = [
  {
    name: "8 bit",
    parts: { bits: 8, data: Uint8Array.of(0, 128, 129, 255) },
    format: "i16",
    samples: [-32768, 0, 256, 32512],
  },
  {
    name: "16 bit",
    parts: { bits: 16, data: bytesOf(Int16Array.of(-32768, -1, 1, 32767)) },
    format: "i16",
    samples: [-32768, -1, 1, 32767],
  },
  {
    name: "24 bit",
    parts: { bits: 24, data: Uint8Array.of(0, 0, 0x80, 0xff, 0xff, 0xff, 1, 0, 0, 0xff, 0xff, 0x7f) },
    format: "i32",
    samples: [-0x80000000, -256, 256, 0x7fffff00],
  },
  {
    name: "20 bit, left-aligned in 24",
    parts: { bits: 20, data: Uint8Array.of(0x10, 0, 0, 0xf0, 0xff, 0xff) },
    format: "i32",
    samples: [0x1000, -0x1000],
  },
  {
    name: "32 bit",
    parts: { bits: 32, data: bytesOf(Int32Array.of(-0x80000000, -1, 1, 0x7fffffff)) },
    format: "i32",
    samples: [-0x80000000, -1, 1, 0x7fffffff],
  },
  {
    name: "32-bit float",
    parts: { tag: 3, bits: 32, data: bytesOf(Float32Array.of(-1, 0.25, 1.5, -0.125)) },
    format: "f32",
    samples: [-1, 0.25, 1.5, -0.125],
  },
  {
    name: "64-bit float",
    parts: { tag: 3, bits: 64, data: bytesOf(Float64Array.of(-1, 0.25, 0.1, 1)) },
    format: "f32",
    samples: [-1, 0.25, Math.fround(0.1), 1],
  },
  // The values are those of the tables in ITU-T G.711, left-aligned in 16 bits.
  {
    name: "A-law",
    parts: { tag: 6, bits: 8, data: Uint8Array.of(0xd5, 0x55, 0xaa, 0x2a) },
    format: "i16",
    samples: [8, -8, 32256, -32256],
  },
  {
    name: "µ-law",
    parts: { tag: 7, bits: 8, data: Uint8Array.of(0xff, 0x7f, 0x80, 0x00) },
    format: "i16",
    samples: [0, 0, 32124, -32124],
  },
];

describe("readWav: good files", () => {
  for (const { name, parts, format, samples } of ENCODINGS) {
    for (const extensible of [false, true]) {
      for (const channels of [1, 2]) {
        it(`${name}, ${channels} channels${extensible ? ", extensible" : ""}`, async () => {
          const bytes = wavBytes({ ...parts, extensible, channels, sampleRate: 44100 });
          const expected = { format, sampleRate: 44100, channels, samples };
          assert.deepEqual(normalised(await readStream(bytes)), expected);
          assert.deepEqual(normalised(await readFileOf(bytes)), expected);
        });
      }
    }
  }

  const data = bytesOf(Int16Array.from({ length: 100 }, (_, i) => i));
  const samples = Array.from({ length: 100 }, (_, i) => i);
  const list = riffChunk("LIST", new TextEncoder().encode("INFOodd"));
  const forms: [string, WavParts][] = [
    ["chunks before and after, also of odd length", {
      before: [list, riffChunk("JUNK", new Uint8Array(70_000))],
      after: [list],
    }],
    ["RF64", { magic: "RF64", riffSize: 0xffffffff, ds64DataSize: 200n, dataSize: 0xffffffff }],
    ["BW64 with the size in both places", { magic: "BW64", riffSize: 0xffffffff, ds64DataSize: 200n, dataSize: 200 }],
    ["sizes of a pipe: all ones", { riffSize: 0xffffffff, dataSize: 0xffffffff }],
    ["sizes of a pipe: zero", { riffSize: 0, dataSize: 0 }],
    ["sizes of a pipe: RIFF size of an empty file", { riffSize: 36, dataSize: 0 }],
    ["sizes of a pipe: SoX", { riffSize: 0x7ffff024, dataSize: 0x7ffff000 }],
    ["sizes of a pipe: ALSA", { riffSize: 0x80000024, dataSize: 0x80000000 }],
    ["a RIFF size that is wrong", { riffSize: 12 }],
  ];
  for (const [name, parts] of forms) {
    it(name, async () => {
      const bytes = wavBytes({ ...parts, data });
      const expected = { format: "i16", sampleRate: 8000, channels: 1, samples };
      assert.deepEqual(await readStream(bytes), expected);
      assert.deepEqual(await readFileOf(bytes), expected);
    });
  }

  it("no samples, with a chunk behind them", async () => {
    const bytes = wavBytes({ data: new Uint8Array(0), after: [list] });
    assert.equal(await readStream(bytes), undefined);
    assert.equal(await readFileOf(bytes), undefined);
  });

  it("padding after an unknown number of samples of odd width is not a sample", async () => {
    const bytes = wavBytes({ bits: 24, riffSize: 0, dataSize: 0, data: Uint8Array.of(1, 0, 0, 0) });
    assert.deepEqual((await readStream(bytes))?.samples, [256]);
  });

  it("pieces of any size give the same samples, and chunks of any size", async () => {
    const bytes = wavBytes({ data, channels: 2 });
    for (const pieceBytes of [1, 2, 3, 7, 44, 45, 100, 1000]) {
      for (const chunkFrames of [1, 3, 7, 50, 8192]) {
        assert.deepEqual((await readStream(bytes, pieceBytes, chunkFrames))?.samples, samples);
      }
    }
  });

  it("chunks have the asked-for length, own their memory and tell their time", async () => {
    const reader = await readWav(fromChunks(inPieces(wavBytes({ data }), 13), "the pipe"));
    const chunks: AudioData[] = [];
    for await (const chunk of reader.chunks(40)) chunks.push(chunk);
    assert.deepEqual(chunks.map((chunk) => chunk.samples.length), [40, 40, 20]);
    assert.deepEqual(chunks.map((chunk) => chunk.timestampUs), [0, 5000, 10000]);
    assert.ok(chunks.every((chunk) => chunk.samples.byteLength === chunk.samples.buffer.byteLength));
  });

  it("the length is known where it can be", async () => {
    const length = async (parts: WavParts) =>
      (await readWav(fromChunks(inPieces(wavBytes(parts), 99), ""))).totalFrames;
    assert.equal(await length({ data }), 100);
    assert.equal(await length({ data, dataSize: 0xffffffff }), undefined);
  });

  it("nothing is read before it is asked for", async () => {
    let pulled = 0;
    const endless = async function* () {
      yield wavBytes({ dataSize: 0xffffffff }).subarray(0, 44);
      for (;;) {
        pulled += 1;
        yield new Uint8Array(200);
      }
    };
    const reader = await readWav(fromChunks(endless(), "the pipe"));
    const chunks = reader.chunks(100);
    assert.equal(pulled, 0);
    await chunks.next();
    assert.equal(pulled, 1);
    await chunks.next();
    assert.equal(pulled, 2);
    await chunks.return();
  });

  it("closing ends a read that waits for a silent pipe", async () => {
    const silent: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
    };
    const reader = readRaw(fromChunks(silent, "the pipe"), { encoding: "s16", channels: 1, sampleRate: 8000 });
    const waiting = reader.chunks(100).next();
    await reader.close();
    assert.equal((await waiting).done, true);
  });
});

describe("readWav: bad files", () => {
  const good = wavBytes({ data: new Uint8Array(1000) });
  const text = new TextEncoder().encode("This is not audio at all, sorry.\n");
  const fmt = (size: number) => concat(good.subarray(0, 12), riffChunk("fmt ", good.subarray(20, 20 + size)));
  const cases: [name: string, bytes: Uint8Array, reason: string, says: RegExp][] = [
    ["empty", new Uint8Array(0), "invalid-media", /is empty.*received 0 bytes; expected a WAV file/s],
    ["text", text, "invalid-media", /looks like text; received "This".*ffmpeg/s],
    ["MP3 with a tag", concat(new TextEncoder().encode("ID3"), new Uint8Array(100)), "invalid-media", /looks like MP3/],
    ["bare MP3", concat(Uint8Array.of(0xff, 0xfb, 0x90, 0), new Uint8Array(100)), "invalid-media", /looks like MP3/],
    ["FLAC", new TextEncoder().encode("fLaC\0\0\0\0\0\0\0\0"), "invalid-media", /looks like FLAC/],
    ["big-endian", wavBytes({ magic: "RIFX" }), "invalid-media", /big-endian/],
    ["AVI", new TextEncoder().encode("RIFF\0\0\0\0AVI LIST"), "invalid-media", /another kind of RIFF/],
    ["4 bytes", good.subarray(0, 4), "truncated-media", /ends within its header/],
    ["cut within the format", good.subarray(0, 30), "truncated-media", /"fmt "/],
    ["cut before the samples", good.subarray(0, 36), "truncated-media", /"data"/],
    ["cut within the samples", good.subarray(0, 500), "truncated-media", /456 bytes.*expected 1000 bytes/s],
    [
      "stops within a frame",
      wavBytes({ data: new Uint8Array(7), dataSize: 7 }),
      "truncated-media",
      /1 bytes after the last/,
    ],
    [
      "pipe stops within a frame",
      wavBytes({ data: new Uint8Array(7), dataSize: 0xffffffff }),
      "truncated-media",
      /1 bytes after the last/,
    ],
    ["no format", concat(good.subarray(0, 12), good.subarray(36)), "invalid-media", /before the format/],
    ["short format", fmt(10), "invalid-media", /fmt.size.*received 10 bytes/],
    [
      "0 channels",
      wavBytes({ channels: 0, blockAlign: 2 }),
      "invalid-media",
      /fmt.channels.*received 0; expected 1 to 255/,
    ],
    ["400 channels", wavBytes({ channels: 400 }), "invalid-media", /fmt.channels.*received 400/],
    ["0 Hz", wavBytes({ sampleRate: 0 }), "invalid-media", /fmt.sampleRate.*received 0 Hz/],
    ["4 GHz", wavBytes({ sampleRate: 0xffffffff }), "invalid-media", /fmt.sampleRate/],
    [
      "block align 0",
      wavBytes({ blockAlign: 0 }),
      "invalid-media",
      /fmt.blockAlign.*received 0 bytes; expected 2 bytes/,
    ],
    ["block align 7", wavBytes({ blockAlign: 7 }), "invalid-media", /fmt.blockAlign.*received 7 bytes/],
    [
      "0 bits",
      wavBytes({ bits: 0, blockAlign: 2 }),
      "invalid-media",
      /fmt.bitsPerSample.*received 0; expected 8, 16, 24, 32/,
    ],
    ["72 bits", wavBytes({ bits: 72 }), "invalid-media", /fmt.bitsPerSample.*received 72/],
    ["16-bit float", wavBytes({ tag: 3, bits: 16 }), "invalid-media", /fmt.bitsPerSample.*expected 32, 64/],
    ["MPEG in WAV", wavBytes({ tag: 0x55 }), "invalid-media", /fmt.formatTag.*received 85/],
  ];
  for (const [name, bytes, reason, says] of cases) {
    it(name, async () => {
      for (const read of [readStream, readFileOf]) {
        await assert.rejects(read(bytes), (error) => {
          assert.ok(StreamrackError.is(error));
          assert.equal(error.reason, reason);
          assert.match(error.message, says);
          assert.match(error.message, read === readStream ? /the pipe/ : /in put\.wav/);
          assert.notEqual(error.remedy, undefined);
          return true;
        });
      }
    });
  }

  it("the limits are those of the pipeline", () => {
    const audio = (channels: number, sampleRate: number) =>
      RuntimeData.audio({ samples: new Float32Array(channels), channels, sampleRate });
    audio(CHANNELS_MAX, SAMPLE_RATE_MAX_HZ);
    assert.throws(() => audio(CHANNELS_MAX + 1, SAMPLE_RATE_MAX_HZ), { reason: "invalid-data" });
    assert.throws(() => audio(CHANNELS_MAX, SAMPLE_RATE_MAX_HZ + 1), { reason: "invalid-data" });
  });

  it("everything that is wrong is said at once", async () => {
    const bytes = wavBytes({ channels: 0, sampleRate: 0, bits: 13, tag: 3 });
    await assert.rejects(readStream(bytes), (error) => StreamrackError.is(error) && error.problems.length === 3);
  });

  it("a file that is cut short is refused before any of it is delivered", async () => {
    await inTempFolder(async (folder) => {
      const path = join(folder, "cut.wav");
      await writeFile(path, good.subarray(0, 800));
      await assert.rejects(openFile(path).then(readWav), { reason: "truncated-media" });
    });
  });

  it("a missing file, and a folder", async () => {
    await inTempFolder(async (folder) => {
      await assert.rejects(openFile(join(folder, "none.wav")), { reason: "file-not-found", code: "not-found" });
      await assert.rejects(openFile(folder), { code: "invalid-argument", message: /it is a folder/ });
    });
  });

  it("raw samples that stop within a frame", async () => {
    const format = { encoding: "s16", channels: 2, sampleRate: 8000 } as const;
    const reader = readRaw(fromChunks(inPieces(new Uint8Array(11), 4), "the pipe"), format);
    await assert.rejects(collect(reader.chunks(100)), { reason: "truncated-media" });
  });
});

describe("readWav: damaged headers", () => {
  it("give audio or one of our errors, and ask for little memory", async () => {
    const random = seededRandom(20_251_120);
    const seeds = [
      ...ENCODINGS.map(({ parts }) => wavBytes({ ...parts, channels: 2 })),
      wavBytes({ magic: "RF64", ds64DataSize: 8n, dataSize: 0xffffffff, extensible: true }),
    ];
    for (let round = 0; round < 4000; round++) {
      const bytes = (seeds[random(seeds.length)] as Uint8Array).slice();
      for (let changes = 1 + random(4); changes > 0; changes--) {
        const at = random(bytes.length);
        bytes[at] = [0, 0xff, 0x7f, 0x80, random(256)][random(5)] as number;
      }
      const cut = random(3) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
      try {
        const audio = await readStream(cut, 1 + random(50), 64);
        assert.ok(audio === undefined || audio.samples.length <= cut.length);
      } catch (error) {
        if (!StreamrackError.is(error)) throw new Error(`round ${round}`, { cause: error });
        assert.match(error.reason, /^(invalid|truncated)-media$/);
      }
    }
  });
});

/** A repeatable sequence: xorshift of 32 bits. */
function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** −0 is as good as 0. */
function normalised(audio: Audio | undefined): Audio | undefined {
  return audio && { ...audio, samples: audio.samples.map((sample) => sample + 0) };
}
