import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { joinChannels, mix, rechunk, resample, splitChannels } from "../../audio/mod.ts";
import { type AudioData, deinterleave, interleave, RuntimeData } from "../../core/plugin.ts";
import { rejectionOf } from "../_support/errors.ts";

const audio = (samples: number[], more: { sampleRate?: number; channels?: number; timestampUs?: number } = {}) =>
  RuntimeData.audio({ samples: Float32Array.from(samples), sampleRate: 1000, ...more });

async function gather(chunks: AsyncIterable<AudioData>): Promise<AudioData[]> {
  const gathered: AudioData[] = [];
  for await (const chunk of chunks) gathered.push(chunk);
  return gathered;
}

const samplesOf = (chunks: readonly AudioData[]) => chunks.flatMap(({ samples }) => [...samples]);

describe("rechunk", () => {
  it("keeps exact timestamps for hours, whatever the pieces that come", async () => {
    const sampleRate = 44_100;
    // Ten hours in pieces of 20 ms, whose own stamps are rounded to milliseconds: no more than their length is real.
    const pieceFrames = 882;
    const count = 10 * 3600 * 50;
    const samples = new Int16Array(pieceFrames);
    async function* tenHours() {
      for (let i = 0; i < count; i++) {
        yield RuntimeData.audio({ samples, sampleRate, timestampUs: Math.round(i * 20) * 1000 });
      }
    }
    let chunks = 0;
    for await (const chunk of rechunk(tenHours(), { frames: 100_003 })) {
      assert.equal(chunk.timestampUs, Math.round(chunks * 100_003 * 1e6 / sampleRate));
      chunks += 1;
    }
    assert.equal(chunks, Math.ceil(pieceFrames * count / 100_003));
  });

  it("refuses sizes that there are not", async () => {
    for (const options of [{ frames: 0 }, { frames: 1.5 }, { durationMs: 0 }, { durationMs: NaN }]) {
      assert.equal((await rejectionOf(gather(rechunk([], options)))).reason, "invalid-options");
    }
  });
});

describe("interleave and deinterleave", () => {
  it("put samples of every class together, and take them apart", () => {
    for (const Class of [Float32Array, Float64Array, Int16Array, Int32Array]) {
      const planes = [Class.of(1, 2), Class.of(-1, -2), Class.of(5, 6)] as Float32Array[];
      const together = interleave(planes);
      assert.ok(together instanceof Class);
      assert.deepEqual([...together], [1, -1, 5, 2, -2, 6]);
      assert.deepEqual(deinterleave(together, 3), planes);
    }
  });

  it("refuse what is not of one length or class, and channels that do not divide", () => {
    assert.throws(() => interleave([]), { reason: "invalid-data" });
    assert.throws(() => interleave([new Float32Array(1), new Float32Array(2)]), { reason: "invalid-data" });
    assert.throws(() => interleave<Float32Array | Int16Array>([new Float32Array(1), new Int16Array(1)]), {
      reason: "invalid-data",
    });
    for (const channels of [0, 2, 1.5]) {
      assert.throws(() => deinterleave(new Float32Array(3), channels), { reason: "invalid-data" });
    }
  });

  it("splitChannels gives mono audio with the stamps of the whole", () => {
    const [left, right] = splitChannels(audio([1, 2, 3, 4], { channels: 2, timestampUs: 7 }));
    assert.deepEqual([left, right], [audio([1, 3], { timestampUs: 7 }), audio([2, 4], { timestampUs: 7 })]);
  });
});

describe("mix", () => {
  it("adds streams up, each with its gain, however they are cut", async () => {
    const mixed = await gather(
      mix([[audio([1, 1]), audio([1, 1])], [audio([2, 2, 2])]], { gainsDb: [0, -6.020599913] }),
    );
    assert.deepEqual(samplesOf(mixed), [2, 2, 2, 1]);
  });

  it("places streams by their timestamps, or at one start", async () => {
    const late = () => [audio([1, 1], { timestampUs: 0 })];
    const later = () => [audio([2, 2], { timestampUs: 1000 })];
    assert.deepEqual(samplesOf(await gather(mix([late(), later()]))), [1, 3, 2]);
    assert.deepEqual(samplesOf(await gather(mix([late(), later()], { sync: "start" }))), [3, 3]);
  });

  it("refuses different rates, and converts them when asked to", async () => {
    const one = () => [audio(new Array(1000).fill(0.25))];
    const other = () => [audio(new Array(500).fill(0.5), { sampleRate: 500 })];
    const refused = await rejectionOf(gather(mix([one(), other()])));
    assert.equal(refused.reason, "invalid-data");
    assert.equal(refused.problems[0]?.path, "sampleRate");
    const mixed = samplesOf(await gather(mix([one(), other()], { sampleRateHz: 2000 })));
    assert.equal(mixed.length, 2000);
    for (const sample of mixed.slice(300, 1700)) assert.ok(Math.abs(sample - 0.75) < 1e-3, `${sample}`);
    const channels = [[audio([1, 1], { channels: 2 })], one()];
    assert.equal((await rejectionOf(gather(mix(channels)))).problems[0]?.path, "channels");
    assert.equal((await rejectionOf(gather(mix([one()], { gainsDb: [NaN] })))).reason, "invalid-options");
  });

  it("reads no stream ahead of the others, and lets go of all when it is left", async () => {
    const reads = [0, 0];
    let closed = 0;
    async function* endless(index: number) {
      try {
        for (let i = 0;; i++) {
          reads[index] = (reads[index] as number) + 1;
          yield audio([1, 1], { timestampUs: i * 2000 });
        }
      } finally {
        closed += 1;
      }
    }
    let chunks = 0;
    for await (const _ of mix([endless(0), endless(1)])) {
      chunks += 1;
      assert.ok(Math.abs((reads[0] as number) - (reads[1] as number)) <= 1);
      if (chunks === 100) break;
    }
    assert.equal(closed, 2);
  });

  it("ends with a stream that fails, and lets go of the others", async () => {
    let closed = 0;
    async function* good() {
      try {
        for (let i = 0;; i++) yield audio([1], { timestampUs: i * 1000 });
      } finally {
        closed += 1;
      }
    }
    async function* bad() {
      yield audio([1], { timestampUs: 0 });
      throw new Error("on purpose");
    }
    await assert.rejects(gather(mix([good(), bad()])), { message: "on purpose" });
    assert.equal(closed, 1);
  });
});

describe("joinChannels", () => {
  it("makes mono streams the channels of one, and is the way back of splitChannels", async () => {
    const whole = audio([1, -1, 2, -2, 3, -3], { channels: 2, timestampUs: 0 });
    const [left, right] = splitChannels(RuntimeData.copy(whole)) as [AudioData, AudioData];
    const [joined] = await gather(joinChannels([[left], [right]]));
    assert.deepEqual(joined, whole);
    const short = await gather(joinChannels([[audio([1, 2])], [audio([5])]]));
    assert.deepEqual(samplesOf(short), [1, 5, 2, 0]);
  });

  it("refuses streams that are not mono", async () => {
    const stereo = [audio([1, 1], { channels: 2 })];
    assert.match((await rejectionOf(gather(joinChannels([stereo, stereo])))).message, /only mono/);
  });
});

describe("resample", () => {
  it("gives the same however it is cut", async () => {
    const samples = Array.from({ length: 3000 }, (_, i) => Math.sin(i / 10));
    const whole = samplesOf(await gather(resample([audio(samples)], { sampleRateHz: 700 })));
    const pieces = Array.from({ length: 30 }, (_, i) => audio(samples.slice(i * 100, i * 100 + 100)));
    assert.deepEqual(samplesOf(await gather(resample(pieces, { sampleRateHz: 700 }))), whole);
    assert.equal(whole.length, 2100);
  });
});
