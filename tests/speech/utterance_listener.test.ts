import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData } from "../../core/plugin.ts";
import { findQuietCut, isContinued } from "../../plugins/asr/speech_audio.ts";
import { type Heard, type Transcribe, UtteranceListener } from "../../plugins/asr/utterance_listener.ts";

const LISTENING = { partialIntervalMs: 100, maxUtteranceMs: 60_000, skipEmpty: false };
const { signal } = new AbortController();
const piece = (value: number) => new Int16Array(1600).fill(value);

/** Hears the first sample of each 100 ms. */
const heard: Transcribe = async function* (audio) {
  const words = Array.from({ length: audio.samples.length / 1600 }, (_, i) => `${audio.samples[i * 1600]}`);
  yield { outputs: { text: words.join(" ") }, metadata: {}, partial: false };
};
const textsOf = (all: readonly Heard[]) => all.map(({ result, isFinal }) => [result.outputs.text, isFinal]);
/** Lets whatever works in the background come to its end. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("UtteranceListener", () => {
  it("gives an early text with a later piece, and the whole at the end", async () => {
    const listener = new UtteranceListener(heard, LISTENING);
    const all: Heard[] = [];
    for (const [value, isLast] of [[1, false], [2, false], [3, true], [4, true]] as const) {
      all.push(...await Array.fromAsync(listener.hear(piece(value), { isLast, timestampUs: value * 1000, signal })));
      await settle();
    }
    assert.deepEqual(textsOf(all), [["1", false], ["1 2 3", true], ["4", true]]);
    assert.deepEqual(all.map(({ timestampUs }) => timestampUs), [1000, 1000, 4000]);
    assert.deepEqual(all.map(({ result }) => result.metadata["utteranceIndex"]), [0, 0, 1]);
  });

  it("gives up an early look when the end has come, and waits until it is gone", async () => {
    const events: string[] = [];
    const listener = new UtteranceListener(async function* (audio, { signal, isEarly }) {
      if (!isEarly) return yield* heard(audio, { signal, isEarly });
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      await settle();
      events.push("early look gone");
      throw signal.reason;
    }, LISTENING);
    const hear = (value: number, isLast: boolean) =>
      Array.fromAsync(listener.hear(piece(value), { isLast, timestampUs: 0, signal }));
    assert.deepEqual(await hear(1, false), []);
    assert.deepEqual(textsOf(await hear(2, true)), [["1 2", true]]);
    assert.deepEqual(events, ["early look gone"]);
    await hear(3, false);
    await listener.reset();
    assert.equal(events.length, 2);
    assert.deepEqual(textsOf(await hear(4, true)), [["4", true]]);
  });

  it("ends an utterance that does not end, and the last one at the end of the stream", async () => {
    const listener = new UtteranceListener(heard, { ...LISTENING, partialIntervalMs: 0, maxUtteranceMs: 300 });
    const all: Heard[] = [];
    for (let value = 1; value <= 5; value++) {
      all.push(...await Array.fromAsync(listener.hear(piece(value), { isLast: false, timestampUs: 0, signal })));
    }
    all.push(...await Array.fromAsync(listener.end(signal)));
    assert.deepEqual(textsOf(all), [["1 2 3", true], ["4 5", true]]);
    assert.deepEqual(await Array.fromAsync(listener.end(signal)), []);
  });

  it("hears the whole utterance again when its last piece is repeated after a failure", async () => {
    let failures = 1;
    const listener = new UtteranceListener(async function* (audio, options) {
      if (failures-- <= 0) return yield* heard(audio, options);
      const error = { code: "E501", message: "busy", recoverable: true } as const;
      yield { outputs: {}, metadata: {}, error, partial: false };
    }, { ...LISTENING, partialIntervalMs: 0 });
    const hear = (value: number, isLast: boolean, isRepeated = false) =>
      Array.fromAsync(listener.hear(piece(value), { isLast, timestampUs: 0, signal, isRepeated }));
    await hear(1, false);
    assert.equal((await hear(2, true))[0]?.result.error?.code, "E501");
    assert.deepEqual(textsOf(await hear(2, true, true)), [["1 2", true]]);
    assert.deepEqual(textsOf(await hear(3, true)), [["3", true]]);
  });
});

describe("audio in pieces", () => {
  it("is continued as its metadata says, else as the pipeline does", () => {
    const audio = (metadata?: { utterance: { isLast: boolean } }) =>
      RuntimeData.audio({ samples: piece(0), sampleRate: 16_000, ...metadata && { metadata } });
    assert.deepEqual([isContinued(audio(), false), isContinued(audio(), true)], [false, true]);
    for (const isLast of [false, true]) assert.equal(isContinued(audio({ utterance: { isLast } }), !isLast), !isLast);
  });

  it("is cut where it is quiet", () => {
    const samples = new Int16Array(40_000).fill(1000);
    samples.fill(0, 14_000, 15_000);
    const cut = findQuietCut(samples, 16_000);
    assert.ok(cut >= 14_000 && cut <= 15_000, `${cut}`);
  });
});
