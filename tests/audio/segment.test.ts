import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AudioSegment, ProcessingContext } from "../../audio/mod.ts";
import { AudioStream, ChannelManager, RuntimeData } from "../../core/plugin.ts";
import { rejectionOf, thrownBy } from "../_support/errors.ts";

const RATE = 1000; // a frame is a millisecond

function segment(...samples: number[]): AudioSegment {
  return new AudioSegment({ samples: Float32Array.from(samples), sampleRate: RATE });
}

const listOf = ({ samples }: AudioSegment) => [...samples];
const near = (a: AudioSegment, expected: readonly number[]) => {
  assert.equal(a.samples.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs((a.samples[i] as number) - value) < 1e-6, `${listOf(a)}`));
};

describe("AudioSegment", () => {
  it("is measured in frames, seconds and milliseconds, and by its level", () => {
    const stereo = new AudioSegment({ samples: new Float32Array(200).fill(0.5), sampleRate: RATE, channels: 2 });
    assert.deepEqual([stereo.frames, stereo.durationSeconds, stereo.durationMs], [100, 0.1, 100]);
    assert.ok(Math.abs((stereo.peakDb ?? 0) + 6.0206) < 1e-3);
    assert.ok(Math.abs((stereo.rmsDb ?? 0) + 6.0206) < 1e-3);
    const silence = AudioSegment.silent(50, { sampleRate: RATE });
    assert.deepEqual([silence.frames, silence.peakDb, silence.rmsDb], [50, null, null]);
  });

  it("never changes: each method gives a new one, and a slice shares memory", () => {
    const original = segment(0.1, 0.2, 0.3, 0.4);
    const before = original.samples.slice();
    original.gain(6);
    original.fade({ toDb: -20 });
    original.overlay(segment(1));
    original.concat(segment(1));
    assert.deepEqual(original.samples, before);
    assert.equal(original.slice(1, 3).samples.buffer, original.samples.buffer);
  });

  it("gain: in decibels, beyond full scale as well", () => {
    near(segment(0.5, -1).gain(6.0206), [1, -2]);
    near(segment(0.5).gain(-120), [0.5e-6]);
  });

  it("slice: by milliseconds, as arrays do", () => {
    const s = segment(0, 1, 2, 3, 4);
    assert.deepEqual(listOf(s.slice(1, 3)), [1, 2]);
    assert.deepEqual(listOf(s.slice(-2)), [3, 4]);
    assert.deepEqual(listOf(s.slice(0, -1)), [0, 1, 2, 3]);
    assert.deepEqual(listOf(s.slice(3, 1)), []);
    assert.deepEqual(listOf(s.slice(-100, 100)), [0, 1, 2, 3, 4]);
    assert.deepEqual(listOf(s.slice()), [0, 1, 2, 3, 4]);
  });

  it("concat: with and without a crossfade", () => {
    assert.deepEqual(listOf(segment(1, 1).concat(segment(2))), [1, 1, 2]);
    const faded = segment(1, 1, 1, 1).concat(segment(0, 0, 0, 0), { crossfadeMs: 2 });
    near(faded, [1, 1, 0.75, 0.25, 0, 0]);
    near(segment(1, 1, 1).concat(segment(1, 1, 1), { crossfadeMs: 3 }), [1, 1, 1]);
  });

  it("overlay: at a position, with a gain, again and again", () => {
    near(segment(1, 1, 1, 1).overlay(segment(1, 2), { positionMs: 1 }), [1, 2, 3, 1]);
    near(segment(1, 1).overlay(segment(1, 1, 1), { positionMs: 1, gainDb: -6.0206 }), [1, 1.5]);
    near(segment(0, 0, 0, 0, 0).overlay(segment(1, 2), { loop: true }), [1, 2, 1, 2, 1]);
    near(segment(0, 0).overlay(segment(), { loop: true }), [0, 0]);
  });

  it("fade: in, out, and from one gain to another", () => {
    near(segment(1, 1, 1, 1, 1).fadeIn(4), [0, 0.25, 0.5, 0.75, 1]);
    near(segment(1, 1, 1, 1).fadeOut(2), [1, 1, 1, 0.5]);
    near(segment(1, 1, 1, 1, 1).fade({ fromDb: 0, toDb: -6.0206, startMs: 1, endMs: 3 }), [1, 1, 0.75, 0.5, 0.5]);
    const stereo = new AudioSegment({ samples: Float32Array.of(1, 1, 1, 1), sampleRate: RATE, channels: 2 });
    near(stereo.fadeIn(2), [0, 0, 0.5, 0.5]);
  });

  it("channels: mono to stereo and back", () => {
    const stereo = new AudioSegment({ samples: Float32Array.of(1, 0, 0.5, 0.5), sampleRate: RATE, channels: 2 });
    near(stereo.toMono(), [0.5, 0.5]);
    near(segment(0.5, 1).toStereo(), [0.5, 0.5, 1, 1]);
    assert.equal(stereo.toStereo(), stereo);
    assert.equal(stereo.withChannels(6).channels, 6);
  });

  it("resample: so long as it has to be, and what it was", async () => {
    const tone = AudioSegment.fromSamples(
      Float32Array.from({ length: 44_100 }, (_, i) => 0.5 * Math.sin(2 * Math.PI * 440 * i / 44_100)),
      { sampleRate: 44_100 },
    );
    const resampled = await tone.resample(16_000);
    assert.deepEqual([resampled.frames, resampled.sampleRate], [16_000, 16_000]);
    for (let i = 1000; i < 15_000; i++) {
      const expected = 0.5 * Math.sin(2 * Math.PI * 440 * i / 16_000);
      assert.ok(Math.abs((resampled.samples[i] as number) - expected) < 1e-4, `${i}`);
    }
    assert.equal(await tone.resample(44_100), tone);
  });

  it("keeps the format that it came in, for nodes and files", async () => {
    const integers = Int16Array.of(1, -2, 32_767, -32_768);
    const s = AudioSegment.fromSamples(integers, { sampleRate: 8000 });
    const audio = s.toAudio();
    assert.equal(audio.format, "i16");
    assert.deepEqual(audio.samples, integers);
    assert.equal(s.toAudio("f32").format, "f32");
    assert.ok(RuntimeData.isMovable(s.slice(0.125).toAudio("f32")), "samples of its own");
    const wav = await s.toBytes({ format: "wav" });
    assert.equal(wav.length - 2 * integers.length < 100, true, "16 bits");
  });

  it("refuses what does not fit, and says what would", async () => {
    const s = segment(1, 2, 3);
    for (
      const [act, path] of [
        [() => s.gain(NaN), "gainDb"],
        [() => s.slice(NaN), "startMs"],
        [() => s.concat(segment(1), { crossfadeMs: 2 }), "crossfadeMs"],
        [() => s.overlay(segment(1), { positionMs: 4 }), "positionMs"],
        [() => s.fade({ fromDb: Infinity }), "fromDb"],
        [() => s.fadeIn(-1), "durationMs"],
        [() => s.withChannels(0), "channels"],
        [() => AudioSegment.silent(-1, { sampleRate: RATE }), "durationMs"],
      ] as const
    ) {
      const error = thrownBy(act);
      assert.equal(error.reason, "invalid-options");
      assert.deepEqual(error.problems.map((problem) => problem.path), [path]);
      assert.ok(error.problems[0]?.expected);
    }
    assert.equal((await rejectionOf(s.resample(0))).problems[0]?.path, "sampleRateHz");
    const other = new AudioSegment({ samples: new Float32Array(2), sampleRate: 500, channels: 2 });
    const paths = thrownBy(() => s.concat(other)).problems.map(({ path }) => path);
    assert.deepEqual(paths, ["sampleRate", "channels"]);
    assert.equal(thrownBy(() => s.overlay(other)).reason, "invalid-data");
    const odd = { samples: new Float32Array(3), sampleRate: RATE, channels: 2 };
    assert.equal(thrownBy(() => new AudioSegment(odd)).reason, "invalid-data");
  });
});

describe("ProcessingContext", () => {
  const context = new ProcessingContext();

  it("turns samples into streams and back", async () => {
    const integers = Int16Array.of(1, 2);
    const stream = await context.audioStreamFromSamples(integers, { sampleRate: 8000, metadata: { k: 1 } });
    assert.ok(stream instanceof AudioStream);
    assert.equal(stream.data.buffer, integers.buffer);
    for (const Class of [Float32Array, Float64Array]) {
      const made = await context.audioStreamFromSamples(Class.of(0.5, -1), { sampleRate: 8000, timestamp: [1, 2] });
      assert.deepEqual([...await context.audioStreamToSamples(made, "int16")], [16_384, -32_768]);
      assert.deepEqual([...await context.audioStreamToSamples(made, "float64")], [16_384 / 32_767, -1]);
    }
    const kept = await context.audioStreamFromSamples(Float32Array.of(0.1), { sampleRate: 8000, format: "pcm_f32le" });
    assert.deepEqual([kept.sampleWidth, ...await context.audioStreamToSamples(kept, "float32")], [4, Math.fround(0.1)]);
  });

  it("rejects what cannot be used", async () => {
    const bad = context.audioStreamFromSamples(new Uint8Array(2) as unknown as Int16Array, { sampleRate: 8000 });
    assert.equal((await rejectionOf(bad)).reason, "invalid-data");
    const none = context.audioStreamToSamples({ type: "text" } as unknown as AudioStream, "int16");
    assert.equal((await rejectionOf(none)).reason, "invalid-data");
    const stream = await context.audioStreamFromSamples(new Int16Array(1), { sampleRate: 8000 });
    const type = context.audioStreamToSamples(stream, "int8" as "int16");
    assert.equal((await rejectionOf(type)).reason, "invalid-data");
  });

  it("takes a stream as it arrives from another thread", async () => {
    const stream = structuredClone(await context.audioStreamFromSamples(Int16Array.of(5), { sampleRate: 8000 }));
    assert.deepEqual([...await context.audioStreamToSamples(stream, "int16")], [5]);
    assert.equal((await context.audioStreamToSegment(stream)).frames, 1);
  });

  it("turns segments into streams and back, without sharing what may move away", async () => {
    const original = segment(0.5, -0.25);
    const stream = await context.audioStreamFromSegment(original, { timestamp: [3, 4], metadata: { source: "x" } });
    assert.deepEqual([stream.format, stream.timestamp, stream.metadata], ["pcm_s16le", [3, 4], { source: "x" }]);
    const floats = await context.audioStreamFromSegment(original, { format: "pcm_f32le" });
    assert.notEqual(floats.data.buffer, original.samples.buffer);
    const back = await context.audioStreamToSegment(floats);
    assert.notEqual(back.samples.buffer, floats.data.buffer);
    assert.deepEqual(back.samples, original.samples);
    assert.equal((await context.audioStreamToSegment(stream)).sampleFormat, "i16");
  });

  it("has channels of its own, or those that it is given", async () => {
    await context.channelManager.createChannel("words", { kind: "text" });
    await context.channelManager.close();
    const channelManager = new ChannelManager();
    assert.equal(new ProcessingContext({ channelManager }).channelManager, channelManager);
  });
});
