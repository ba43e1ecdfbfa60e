import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type AudioFormat,
  type AudioSamples,
  convertFormat,
  durationUs,
  frameCount,
  fromPlanar,
  FULL_SCALE,
  RuntimeData,
  toPlanar,
} from "../../core/plugin.ts";
import { problemOf, thrownBy } from "../_support/errors.ts";
import { Random } from "../_support/random.ts";

const RATE = { sampleRate: 8000 };
const f32 = (...samples: number[]) => RuntimeData.audio({ samples: Float32Array.from(samples), ...RATE });
const i16 = (...samples: number[]) => RuntimeData.audio({ samples: Int16Array.from(samples), ...RATE });
const i32 = (...samples: number[]) => RuntimeData.audio({ samples: Int32Array.from(samples), ...RATE });

describe("frameCount, durationUs", () => {
  it("count frames, not samples", () => {
    const audio = RuntimeData.audio({ samples: new Float32Array(882), sampleRate: 44_100, channels: 2 });
    assert.equal(frameCount(audio), 441);
    assert.equal(durationUs(audio), 10_000);
    assert.equal(durationUs(f32()), 0);
  });
});

describe("convertFormat", () => {
  it("has the full scales that the formats are known for", () => {
    assert.deepEqual(FULL_SCALE, { i16: 32_768, i32: 2_147_483_648 });
  });

  it("gives the same value back when nothing is to do, and else new samples with all beside", () => {
    const audio = RuntimeData.audio({
      samples: Float32Array.of(0.5, -0.5),
      sampleRate: 8000,
      channels: 2,
      timestampUs: 7,
      metadata: { a: 1 },
    });
    assert.equal(convertFormat(audio, "f32"), audio);
    const { samples, ...rest } = convertFormat(audio, "i16");
    assert.deepEqual(samples, Int16Array.of(16_384, -16_384));
    assert.deepEqual(rest, {
      type: "audio",
      format: "i16",
      sampleRate: 8000,
      channels: 2,
      timestampUs: 7,
      metadata: { a: 1 },
    });
    assert.deepEqual(audio.samples, Float32Array.of(0.5, -0.5));
  });

  it("clips floats to i16, rounds half away from zero, and turns NaN into 0", () => {
    const steps = (...values: number[]) => values.map((value) => value / 32_768);
    const given = f32(
      1,
      -1,
      1.5,
      -1.5,
      Infinity,
      -Infinity,
      NaN,
      0,
      -0,
      1e-45,
      ...steps(0.5, -0.5, 0.49, 1.5, -1.5, 32_766.5, 32_767.5, -32_768.5),
    );
    assert.deepEqual(
      [...convertFormat(given, "i16").samples],
      [32_767, -32_768, 32_767, -32_768, 32_767, -32_768, 0, 0, 0, 0, 1, -1, 0, 2, -2, 32_767, 32_767, -32_768],
    );
  });

  it("clips floats to i32", () => {
    const below = 1 - 2 ** -24; // the float next to 1
    const given = f32(1, -1, below, -below, 2, -2, Infinity, -Infinity, NaN, 2 ** -31, -(2 ** -31), 2 ** -32);
    assert.deepEqual(
      [...convertFormat(given, "i32").samples],
      [
        2 ** 31 - 1,
        -(2 ** 31),
        2 ** 31 - 128,
        -(2 ** 31) + 128,
        2 ** 31 - 1,
        -(2 ** 31),
        2 ** 31 - 1,
        -(2 ** 31),
        0,
        1,
        -1,
        1,
      ],
    );
  });

  it("rounds i32 to i16, and holds the top of the range", () => {
    const given = i32(
      2 ** 31 - 1,
      2 ** 31 - 0x8000,
      2 ** 31 - 0x8001,
      -(2 ** 31),
      -(2 ** 31) + 0x7fff,
      -(2 ** 31) + 0x8000,
      0x7fff,
      0x8000,
      -0x8000,
      -0x8001,
      0,
    );
    assert.deepEqual(
      [...convertFormat(given, "i16").samples],
      [32_767, 32_767, 32_767, -32_768, -32_768, -32_767, 0, 1, 0, -1, 0],
    );
  });

  it("gives all 65536 values of i16 back, by way of f32 and of i32", () => {
    const all = i16(...Array.from({ length: 65_536 }, (_, i) => i - 32_768));
    for (const format of ["f32", "i32"] as const) {
      assert.deepEqual(convertFormat(convertFormat(all, format), "i16").samples, all.samples, format);
    }
    const floats = convertFormat(all, "f32");
    assert.deepEqual(convertFormat(convertFormat(floats, "i32"), "f32").samples, floats.samples);
    assert.deepEqual(convertFormat(all, "i32").samples[0], -(2 ** 31));
    assert.equal(floats.samples[0], -1);
    assert.equal(floats.samples[65_535], 32_767 / 32_768);
  });

  it("keeps any float within half a step of i16 and i32", () => {
    const random = new Random(1);
    const floats = f32(...Array.from({ length: 10_000 }, () => random.unit() * 2 - 1));
    for (const format of ["i16", "i32"] as const) {
      const back = convertFormat(convertFormat(floats, format), "f32").samples;
      // One step below full scale is clipped, so a whole step there.
      back.forEach((sample, i) => {
        const step = Math.max(1 / FULL_SCALE[format], 2 ** -24);
        assert.ok(Math.abs(sample - (floats.samples[i] as number)) <= step, `${format} ${floats.samples[i]}`);
      });
    }
  });

  it("turns i32 into floats in [-1, 1], in order", () => {
    const random = new Random(2);
    const integers = Int32Array.from({ length: 1000 }, () => random.integer(-(2 ** 31), 2 ** 31 - 1)).sort();
    const floats = convertFormat(RuntimeData.audio({ samples: integers, ...RATE }), "f32").samples;
    floats.forEach((sample, i) => {
      assert.ok(sample >= -1 && sample <= 1);
      assert.ok(i === 0 || sample >= (floats[i - 1] as number));
    });
  });

  it("takes empty audio and a part of a buffer", () => {
    assert.equal(convertFormat(f32(), "i32").samples.length, 0);
    const part = Float32Array.of(9, 0.5, 9).subarray(1, 2);
    assert.deepEqual(
      convertFormat(RuntimeData.audio({ samples: part, ...RATE }), "i16").samples,
      Int16Array.of(16_384),
    );
  });

  it("refuses detached samples, in every direction", () => {
    const audio = f32(1, 2);
    structuredClone(audio, { transfer: RuntimeData.transferables(audio) });
    for (const format of ["f32", "i16", "i32"] as const) {
      assert.equal(thrownBy(() => convertFormat(audio, format)).reason, "detached-data");
    }
    assert.equal(thrownBy(() => toPlanar(audio)).reason, "detached-data");
  });
});

describe("toPlanar, fromPlanar", () => {
  it("turn one into the other and back, for every format and number of channels", () => {
    const random = new Random(3);
    const classes = { f32: Float32Array, i16: Int16Array, i32: Int32Array };
    for (const format of ["f32", "i16", "i32"] as const) {
      for (const channels of [1, 2, 3, 8, 255]) {
        const frames = random.integer(0, 20);
        const samples = new classes[format](frames * channels).map(() => random.integer(-1000, 1000));
        const audio = RuntimeData.audio({ samples: samples as Float32Array, sampleRate: 8000, channels });
        const planes = toPlanar(audio);
        assert.equal(planes.length, channels);
        planes.forEach((plane, channel) => {
          assert.equal(plane.constructor, classes[format]);
          plane.forEach((sample, frame) => assert.equal(sample, samples[frame * channels + channel]));
        });
        assert.deepEqual(fromPlanar(planes, { sampleRate: 8000 }), audio);
      }
    }
  });

  it("make new samples, also of mono", () => {
    const audio = f32(1, 2);
    const [plane] = toPlanar(audio);
    assert.notEqual(plane?.buffer, audio.samples.buffer);
    assert.notEqual(fromPlanar([audio.samples], RATE).samples.buffer, audio.samples.buffer);
  });

  it("keep timestamp and metadata that are given", () => {
    const audio = fromPlanar([Int16Array.of(1)], { ...RATE, timestampUs: 3, metadata: { a: 1 } });
    assert.deepEqual([audio.timestampUs, audio.metadata], [3, { a: 1 }]);
  });

  it("refuse planes that do not make up a frame", () => {
    const refuse = (planes: unknown[]) => problemOf(() => fromPlanar(planes as AudioSamples[AudioFormat][], RATE));
    assert.deepEqual(refuse([]).path, "planes");
    assert.deepEqual(refuse([new Float32Array(2), new Float32Array(3)]), {
      path: "planes[1]",
      message: "does not make up a frame",
      received: "Float32Array of 12 bytes",
      expected: "a Float32Array of 2 samples, as planes[0]",
    });
    assert.equal(refuse([new Float32Array(2), new Int16Array(2)]).path, "planes[1]");
    assert.equal(refuse([new Float64Array(2)]).path, "planes[0]");
    assert.equal(refuse([[1, 2], [3, 4]]).path, "planes[0]");
    assert.equal(refuse([new Float32Array(2), undefined]).path, "planes[1]");
    assert.equal(refuse(Array.from({ length: 256 }, () => new Float32Array(1))).path, "data.channels");
  });
});
