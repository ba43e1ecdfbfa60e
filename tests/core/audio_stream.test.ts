import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AudioStream, type AudioStreamInit, RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { Random } from "../_support/random.ts";

const bytes = (...values: number[]) => new Uint8Array(Int16Array.from(values).buffer);
const init = { data: bytes(1, -2, 3, -4), sampleRate: 8000, channels: 2 };

function problemPaths(change: { readonly [field: string]: unknown }): string[] {
  try {
    new AudioStream({ ...init, ...change } as AudioStreamInit);
  } catch (error) {
    assert.ok(StreamrackError.is(error));
    assert.equal(error.reason, "invalid-data");
    return error.problems.map(({ path }) => path);
  }
  return [];
}

describe("AudioStream", () => {
  it("has the fields that it was given, and defaults for the rest", () => {
    const stream = new AudioStream(init);
    assert.deepEqual({ ...stream }, {
      type: "audio_stream",
      data: init.data,
      sampleRate: 8000,
      channels: 2,
      sampleWidth: 2,
      format: "pcm_s16le",
      timestamp: [0, 2 / 8000],
      metadata: {},
    });
    assert.equal(stream.data, init.data, "the bytes are not copied");
    assert.equal(stream.durationSeconds(), 2 / 8000);
  });

  it("tells format and width from each other", () => {
    const data = new Uint8Array(16);
    assert.equal(new AudioStream({ data, sampleRate: 1, sampleWidth: 4 }).format, "pcm_f32le");
    assert.equal(new AudioStream({ data, sampleRate: 1, format: "pcm_f32le" }).sampleWidth, 4);
  });

  for (
    const [name, change, path] of [
      ["another type", { type: "audio" }, "type"],
      ["data that is no bytes", { data: [1, 2] }, "data"],
      ["half a frame", { data: new Uint8Array(6) }, "data"],
      ["no sample rate", { sampleRate: 0 }, "sampleRate"],
      ["a sample rate beyond all", { sampleRate: 1e9 }, "sampleRate"],
      ["half a channel", { channels: 1.5 }, "channels"],
      ["a width that there is not", { sampleWidth: 3 }, "sampleWidth"],
      ["a width that does not fit its format", { sampleWidth: 4, format: "pcm_s16le" }, "sampleWidth"],
      ["an unknown format", { format: "pcm_u8" }, "format"],
      ["an end before its start", { timestamp: [1, 0] }, "timestamp"],
      ["half a timestamp", { timestamp: [1] }, "timestamp"],
      ["metadata that JSON cannot express", { metadata: { f: () => 1 } }, "metadata.f"],
    ] as const
  ) it(`refuses ${name}`, () => assert.deepEqual(problemPaths(change), [path]));

  it("tells every field that is wrong at once", () => {
    assert.deepEqual(problemPaths({ sampleRate: -1, channels: 0, format: "x" }), ["sampleRate", "channels", "format"]);
  });

  it("refuses bytes that were moved away, also later", () => {
    const stream = new AudioStream({ ...init, data: init.data.slice() });
    structuredClone(stream.data, { transfer: [stream.data.buffer as ArrayBuffer] });
    assert.throws(() => stream.toSamples("int16"), { reason: "detached-data" });
    assert.throws(() => stream.toAudio(), { reason: "detached-data" });
  });

  it("crosses threads as plain fields, and gets its methods back", () => {
    const stream = new AudioStream({ ...init, timestamp: [1, 2], metadata: { note: "A4" } });
    const arrived = structuredClone(stream);
    assert.notEqual(Object.getPrototypeOf(arrived), AudioStream.prototype);
    assert.deepEqual(AudioStream.from(arrived), stream);
    assert.throws(() => AudioStream.from({ type: "text" }), { reason: "invalid-data" });
    assert.throws(() => AudioStream.from(null), { reason: "invalid-data" });
  });

  it("becomes audio and comes from it without a copy", () => {
    const audio = new AudioStream({ ...init, timestamp: [1.5, 2], metadata: { k: 1 } }).toAudio();
    assert.equal(audio.format, "i16");
    assert.equal(audio.samples.buffer, init.data.buffer);
    assert.deepEqual([audio.sampleRate, audio.channels, audio.timestampUs, audio.metadata], [8000, 2, 1_500_000, {
      k: 1,
    }]);

    const back = AudioStream.fromAudio(audio);
    assert.equal(back.data.buffer, init.data.buffer);
    assert.deepEqual(back.timestamp, [1.5, 1.5 + 2 / 8000]);

    const floats = RuntimeData.audio({ samples: Float32Array.of(0.5, -0.5), sampleRate: 8000 });
    const stream = AudioStream.fromAudio(floats);
    assert.equal(stream.format, "pcm_f32le");
    assert.equal(stream.data.buffer, floats.samples.buffer);
    assert.equal(stream.toAudio().samples.buffer, floats.samples.buffer);
  });

  it("copies only bytes that are not aligned", () => {
    const data = new Uint8Array(5).subarray(1);
    data.set([1, 0, 2, 0]);
    assert.deepEqual([...new AudioStream({ data, sampleRate: 8000 }).toSamples("int16")], [1, 2]);
  });

  it("refuses samples of a class that it does not know", () => {
    const options = { sampleRate: 8000 };
    const refused = { reason: "invalid-data" };
    assert.throws(() => AudioStream.fromSamples(new Int32Array(2) as unknown as Int16Array, options), refused);
    assert.throws(() => AudioStream.fromSamples([1, 2] as unknown as Int16Array, options), refused);
    assert.throws(() => new AudioStream(init).toSamples("int32" as "int16"), { reason: "invalid-data" });
  });

  it("uses samples of its own class as they are", () => {
    const integers = Int16Array.of(1, 2);
    const stream = AudioStream.fromSamples(integers, { sampleRate: 8000 });
    assert.equal(stream.data.buffer, integers.buffer);
    assert.equal(stream.toSamples("int16").buffer, integers.buffer);
  });

  it("gives all 65 536 values of int16 back, by way of float32 and of float64", () => {
    const all = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
    const stream = AudioStream.fromSamples(all, { sampleRate: 8000 });
    for (const type of ["float32", "float64"] as const) {
      const floats = stream.toSamples(type);
      assert.deepEqual([floats[0], floats[32_768], floats[65_535]], [-1, 0, 1]);
      assert.deepEqual(AudioStream.fromSamples(floats, { sampleRate: 8000 }).toSamples("int16"), all);
    }
  });

  it("keeps floats within half a step, from -1 to +1, both included", () => {
    const random = new Random(7);
    const ends = [-1, -0.99999, -0.5 / 32_768, -0, 0.5 / 32_767, 0.99997, 0.99999, 1];
    for (const FloatArray of [Float32Array, Float64Array]) {
      const floats = FloatArray.from([...ends, ...Array.from({ length: 20_000 }, () => 2 * random.unit() - 1)]);
      const type = FloatArray === Float32Array ? "float32" : "float64";
      const back = AudioStream.fromSamples(floats, { sampleRate: 8000 }).toSamples(type);
      floats.forEach((float, i) => {
        // What float32 itself rounds comes on top of it.
        const limit = 0.5 / (float < 0 ? 32_768 : 32_767) + (FloatArray === Float32Array ? 2 ** -24 : 2 ** -52);
        assert.ok(Math.abs((back[i] as number) - float) <= limit, `${float} became ${back[i]}`);
      });
    }
    const beyond = AudioStream.fromSamples(Float32Array.of(1, 2, -1, -2, NaN), { sampleRate: 1 });
    assert.deepEqual([...beyond.toSamples("int16")], [32_767, 32_767, -32_768, -32_768, 0]);
  });

  it("keeps floats as they are when asked to", () => {
    const floats = Float32Array.of(0.1, 2, -3);
    const stream = AudioStream.fromSamples(floats, { sampleRate: 8000, format: "pcm_f32le" });
    assert.deepEqual(stream.toSamples("float32"), floats);
    assert.deepEqual([...stream.toSamples("int16")], [3277, 32_767, -32_768]);
    const doubles = AudioStream.fromSamples(Float64Array.of(0.1), { sampleRate: 8000, format: "pcm_f32le" });
    assert.deepEqual([...doubles.toSamples("float64")], [Math.fround(0.1)]);
  });
});
