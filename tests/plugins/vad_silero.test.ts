import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type AudioData,
  convertFormat,
  type JsonValue,
  RuntimeData,
  type RuntimeData as Data,
} from "../../core/plugin.ts";
import { StreamingNodeFactory } from "../../core/node/factory.ts";
import vad from "../../plugins/vad/mod.ts";
import { silero } from "../../plugins/vad/silero.ts";
import { type NodeRun, runNode } from "../../testing/mod.ts";
import { readSpeech, SPEECH_RATE_HZ as RATE } from "./_speech.ts";

/** Where scripts/make_speech.ts left silence, in seconds, and some room for the reverberation of the network's memory. */
const PAUSES = [[0, 0.5], [2, 2.7], [5.15, 5.6]] as const;

const speech = await readSpeech();

function toAudio(samples: Int16Array | Float32Array): AudioData {
  return samples instanceof Int16Array
    ? RuntimeData.audio({ samples, sampleRate: RATE })
    : RuntimeData.audio({ samples, sampleRate: RATE });
}

/** Cuts samples into chunks whose sizes repeat. */
function* chunks(samples: Int16Array, sizes: readonly number[]): Generator<AudioData> {
  for (let i = 0, k = 0; i < samples.length; k++) {
    const size = sizes[k % sizes.length] as number;
    yield toAudio(samples.slice(i, i + size));
    i += size;
  }
}

const run = (samples: Int16Array | Float32Array, params: JsonValue = {}): Promise<NodeRun> =>
  runNode(silero, [toAudio(samples)], { params });

const joined = (output: readonly Data[]): number[] => output.flatMap((data) => [...RuntimeData.asAudio(data).samples]);
const startSeconds = (data: Data): number => (data.timestampUs as number) / 1e6;
const isSpeech = (data: Data): boolean => data.metadata?.speech === true;
const events = ({ outputs }: NodeRun): { event: string; timestampUs: number }[] =>
  (outputs.events ?? []).map((data) => RuntimeData.asJson(data) as { event: string; timestampUs: number });

describe("vad.silero", () => {
  it("finds both sentences of a recording, and nothing in its pauses", async () => {
    const result = await run(speech);
    assert.deepEqual(events(result).map(({ event }) => event), [
      "speech-start",
      "speech-end",
      "speech-start",
      "speech-end",
    ]);
    const [start1 = 0, end1 = 0, start2 = 0, end2 = 0] = events(result).map(({ timestampUs }) => timestampUs / 1e6);
    assert.ok(start1 > 0.4 && start1 < 0.8 && end1 > 1.7 && end1 < 2.1, `first sentence: ${start1} to ${end1}`);
    assert.ok(start2 > 2.6 && start2 < 3 && end2 > 4.9 && end2 < 5.2, `second sentence: ${start2} to ${end2}`);
    const inPause = (data: Data) => PAUSES.some(([from, to]) => startSeconds(data) >= from && startSeconds(data) < to);
    assert.deepEqual(result.output.filter((data) => isSpeech(data) && inPause(data)), []);
    assert.ok(result.output.filter(isSpeech).length > 90);
  });

  it("finds no speech in silence, noise and a tone", async () => {
    let seed = 1;
    const noise = () => (seed = seed * 48_271 % 2_147_483_647) / 2_147_483_647 - 0.5;
    for (const make of [() => 0, () => noise() / 5, (i: number) => Math.sin(2 * Math.PI * 500 * i / RATE) / 2]) {
      const result = await run(Float32Array.from({ length: RATE }, (_, i) => make(i)));
      assert.deepEqual(events(result), []);
      assert.deepEqual(result.output.filter(isSpeech), []);
    }
  });

  it("annotates all audio, sample for sample", async () => {
    const { output } = await run(speech);
    assert.deepEqual(joined(output), [...convertFormat(toAudio(speech), "f32").samples]);
    output.forEach((data, i) => assert.equal(data.timestampUs, i * 32_000));
    for (const { metadata } of output) {
      const probability = metadata?.speechProbability;
      assert.ok(typeof probability === "number" && probability >= 0 && probability <= 1);
    }
  });

  it("passes, in mode speech, just what lies between the events", async () => {
    const result = await run(speech, { mode: "speech" });
    const whole = convertFormat(toAudio(speech), "f32").samples;
    const [start1 = 0, end1 = 0, start2 = 0, end2 = 0] = events(result)
      .map(({ timestampUs }) => timestampUs * RATE / 1e6);
    assert.deepEqual(joined(result.output), [...whole.subarray(start1, end1), ...whole.subarray(start2, end2)]);
    assert.equal(startSeconds(result.output[0] as Data), start1 / RATE);
  });

  it("tells, in mode utterances, which piece is the last of its stretch, and cuts what is too long", async () => {
    const passed = await run(speech, { mode: "speech" });
    const endsAfter = ({ output }: NodeRun) => {
      let samples = 0;
      return output.flatMap((data, i) => {
        samples += RuntimeData.asAudio(data).samples.length;
        const { index, isLast } = data.metadata?.utterance as { index: number; isLast: boolean };
        if (!isLast) return [];
        const next = output[i + 1]?.metadata?.utterance as { index: number } | undefined;
        if (next !== undefined) assert.equal(next.index, index + 1);
        return [samples];
      });
    };
    const whole = await run(speech, { mode: "utterances" });
    assert.deepEqual(joined(whole.output), joined(passed.output));
    const [start1 = 0, end1 = 0] = events(passed).map(({ timestampUs }) => timestampUs * RATE / 1e6);
    assert.deepEqual(endsAfter(whole), [end1 - start1, joined(passed.output).length]);

    const cut = await run(speech, { mode: "utterances", maxUtteranceMs: 1000 });
    assert.deepEqual(joined(cut.output), joined(passed.output));
    const ends = endsAfter(cut);
    assert.ok(ends.length >= 4, `${ends}`);
    ends.forEach((end, i) => assert.ok(end - (ends[i - 1] ?? 0) <= RATE + 512, `${ends}`));
    assert.equal(ends.at(-1), joined(passed.output).length);
  });

  it("does not depend on how the audio was cut into chunks", async () => {
    for (const mode of ["annotate", "speech", "utterances"]) {
      const whole = await run(speech, { mode });
      for (const sizes of [[160], [1, 511, 700, 4096]]) {
        const cut = await runNode(silero, chunks(speech, sizes), { params: { mode } });
        assert.deepEqual(cut.outputs, whole.outputs);
      }
    }
  });

  it("closes open speech at the end, and does not pad the audio there", async () => {
    const cutOff = speech.slice(0, 20_000); // within the first sentence; not a multiple of 512
    const result = await run(cutOff);
    assert.deepEqual(events(result).map(({ event }) => event), ["speech-start", "speech-end"]);
    assert.equal(events(result)[1]?.timestampUs, 20_000 / RATE * 1e6);
    assert.equal(joined(result.output).length, 20_000);
    const passed = await run(cutOff, { mode: "speech" });
    assert.equal(joined(passed.output).length, 20_000 - (events(result)[0]?.timestampUs as number) * RATE / 1e6);
  });

  it("keeps sessions apart that share the model", async () => {
    const alone = await run(speech);
    const [first, second] = await Promise.all([run(speech), run(new Float32Array(RATE)), run(speech)]);
    assert.deepEqual(first.outputs, alone.outputs);
    assert.deepEqual(second.output.filter(isSpeech), []);
  });

  it("hands on metadata and counts from the timestamp of the input", async () => {
    const input = RuntimeData.audio({
      samples: new Float32Array(1000),
      sampleRate: RATE,
      timestampUs: 7_000_000,
      metadata: { speaker: "Ada" },
    });
    const { output } = await runNode(silero, [input]);
    assert.deepEqual(output.map(({ timestampUs }) => timestampUs), [7_000_000, 7_032_000]);
    assert.deepEqual(output.map(({ metadata }) => metadata?.speaker), ["Ada", "Ada"]);
  });

  it("says what to do about other sample rates and channels", async () => {
    const stereo = RuntimeData.audio({ samples: new Float32Array(960), sampleRate: 48_000, channels: 2 });
    const failure = await runNode(silero, [stereo]).then(() => undefined, (error: Error) => error);
    const text = `${failure?.message} ${(failure?.cause as Error | undefined)?.message}`;
    for (const part of ["48000", "16000", "audio.resample", "audio.channels"]) assert.ok(text.includes(part), text);
  });

  it("refuses samples that are not finite, and other streams go on", async () => {
    await assert.rejects(run(Float32Array.of(0, 0.5, NaN)), /samples\[2\].*received NaN/);
    assert.equal((await run(new Float32Array(512))).output.length, 1);
  });

  it("ends when it is cancelled in the middle of a chunk", async () => {
    const controller = new AbortController();
    async function* source() {
      yield toAudio(speech);
      controller.abort();
      yield toAudio(speech);
    }
    await assert.rejects(runNode(silero, source(), { signal: controller.signal }), { reason: "session-cancelled" });
  });

  it("names bad parameters", async () => {
    const factory = new StreamingNodeFactory(silero, vad.name);
    for (
      const [params, path] of [
        [{ threshold: 2 }, "p.threshold"],
        [{ threshold: 0.4, negativeThreshold: 0.6 }, "p.negativeThreshold"],
        [{ minSilenceMs: 50, speechPadMs: 100 }, "p.speechPadMs"],
        [{ minSpeechMs: -1 }, "p.minSpeechMs"],
        [{ mode: "loud" }, "p.mode"],
      ] as const
    ) {
      const result = await factory.checkParams(params, "p");
      assert.ok(!result.ok);
      assert.deepEqual(result.problems.map((problem) => problem.path), [path]);
    }
    assert.ok((await factory.checkParams({ minSilenceMs: 50 }, "p")).ok);
  });
});
