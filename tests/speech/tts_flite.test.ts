import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { flite } from "../../plugins/tts/flite.ts";
import { FliteEngine, toPlainLetters } from "../../plugins/tts/flite/engine.ts";
import { FLITE_VOICE_NAMES, FLITE_VOICES } from "../../plugins/tts/flite/voices.ts";
import { SampleChunks } from "../../plugins/tts/sample_chunks.ts";
import { runNode } from "../../testing/mod.ts";

interface SentenceFields {
  sentence: string;
  sentenceIndex: number;
  sentenceCount: number;
  charactersProcessed: number;
  charactersTotal: number;
  audioDurationMs: number;
  totalAudioDurationMs: number;
  phones: { phone: string; startMs: number; endMs: number }[];
}

const TEXT = "Hello there. How are you today? Fine!";

describe("tts.flite", () => {
  it("speaks sentence by sentence, and tells phones and progress", async () => {
    const { output } = await runNode(flite.node, [RuntimeData.text(TEXT, { timestampUs: 5_000_000 })]);
    const fields = output.map(({ metadata }) => metadata as unknown as SentenceFields);
    assert.deepEqual(fields.map(({ sentence }) => sentence), ["Hello there.", "How are you today?", "Fine!"]);
    let totalMs = 0;
    output.map(RuntimeData.asAudio).forEach((audio, i) => {
      const { phones, audioDurationMs, totalAudioDurationMs, ...rest } = fields[i] as SentenceFields;
      const durationMs = audio.samples.length / 16;
      assert.deepEqual([audio.sampleRate, audio.channels, audio.format], [16_000, 1, "i16"]);
      assert.ok(audio.samples.some((sample) => Math.abs(sample) > 1000));
      assert.equal(audio.timestampUs, 5_000_000 + Math.round(totalMs * 1000));
      totalMs += durationMs;
      assert.deepEqual([audioDurationMs, totalAudioDurationMs], [Math.round(durationMs), Math.round(totalMs)]);
      assert.deepEqual([rest.sentenceIndex, rest.sentenceCount, rest.charactersTotal], [i, 3, TEXT.length]);
      assert.equal(rest.charactersProcessed, TEXT.indexOf(rest.sentence) + rest.sentence.length);
      assert.equal(phones[0]?.startMs, 0);
      phones.slice(1).forEach(({ startMs, endMs }, j) => assert.ok(startMs === phones[j]?.endMs && endMs >= startMs));
      assert.ok(Math.abs((phones.at(-1)?.endMs ?? 0) - durationMs) < 100);
    });
    // "Hello": the phones of the dictionary, between pauses.
    assert.deepEqual(fields[0]?.phones.slice(0, 5).map(({ phone }) => phone), ["pau", "hh", "ax", "l", "ow"]);
  });

  it("gives the first sentence before it makes the second, and stops when nobody wants that", async () => {
    const spoken: string[] = [];
    const speak = FliteEngine.prototype.speak;
    FliteEngine.prototype.speak = function (sentence, options) {
      spoken.push(sentence);
      return speak.call(this, sentence, options);
    };
    try {
      const runner = await flite.create();
      const results = runner.run({ inputs: { text: TEXT } });
      const first = await results.next();
      assert.ok(first.value && first.value.partial && first.value.outputs.audio !== undefined);
      assert.deepEqual(spoken, ["Hello there."]);
      await results.return();
      assert.deepEqual(spoken, ["Hello there."]);
      assert.equal(runner.loadedModelId, "flite");
      await runner.unload();
      assert.equal(runner.isLoaded, false);
    } finally {
      FliteEngine.prototype.speak = speak;
    }
  });

  it("has five voices, each with its rate, and follows the speed", async () => {
    const runner = await flite.create();
    await runner.load();
    const speak = async (voice: string, speed = 1) => {
      const [result] = await Array.fromAsync(
        runner.run({ inputs: { text: "Good morning." }, params: { voice, speed } }),
      );
      assert.ok(result !== undefined && !result.partial && result.error === undefined);
      return result.outputs.audio!;
    };
    const sums = new Set<number>();
    for (const voice of FLITE_VOICE_NAMES) {
      const { sampleRate, samples } = await speak(voice);
      assert.equal(sampleRate, FLITE_VOICES[voice].sampleRate);
      let sum = 0;
      for (const sample of samples) sum += Math.abs(sample);
      sums.add(sum);
    }
    assert.equal(sums.size, 5);
    const [slow, usual, fast] = [await speak("kal16", 0.5), await speak("kal16"), await speak("kal16", 2)];
    assert.ok(slow.samples.length > usual.samples.length * 1.5 && fast.samples.length < usual.samples.length * 0.7);
    const [wrong] = await Array.fromAsync(runner.run({ inputs: { text: "x" }, params: { voice: "nobody" } }));
    assert.deepEqual([wrong?.error?.code, wrong?.error?.recoverable, wrong?.partial], ["E400", false, false]);
    await runner.unload();
  });

  it("says nothing where there is nothing to say, and refuses a megabyte", async () => {
    const silent = ["", " \n", "...", "?!", "日本語", "\0", "😀"];
    const { output } = await runNode(flite.node, silent.map((text) => RuntimeData.text(text)), {
      params: { voice: "kal16" },
    });
    assert.deepEqual(output, []);
    const failure = await runNode(flite.node, [RuntimeData.text("word ".repeat(200_000))]).catch((error) => error);
    assert.ok(StreamrackError.is(failure) && failure.reason === "invalid-data", `${failure}`);
    assert.match(failure.message, /1000000 characters.*at most 100000.*text\.sentences/s);
  });

  it("is not led astray by what text contains", async () => {
    const { output } = await runNode(
      flite.node,
      ["-t", "--help", "a\0b", "Café “naïve” — it’s £5…", "<speak>&amp;</speak>", "x".repeat(500)].map((text) =>
        RuntimeData.text(text)
      ),
      { params: { voice: "kal16" } },
    );
    assert.ok(output.length >= 6);
    assert.equal(toPlainLetters("Café “naïve” — it’s\0ﬁne…"), 'Cafe "naive" - it\'s fine...');
  });
});

describe("SampleChunks", () => {
  it("gives the same pieces however the bytes came, and keeps one for the end", () => {
    const bytes = Uint8Array.from({ length: 21 }, (_, i) => i);
    const cut = (sizes: readonly number[]) => {
      const chunks = new SampleChunks(4);
      const pieces: number[][] = [];
      for (let at = 0, k = 0; at < bytes.length; k++) {
        const size = sizes[k % sizes.length] as number;
        for (const piece of chunks.push(bytes.subarray(at, at + size))) pieces.push([...piece]);
        at += size;
      }
      return { pieces, rest: [...chunks.flush()] };
    };
    const sample = (i: number) => 2 * i + 256 * (2 * i + 1);
    const expected = { pieces: [[0, 1, 2, 3].map(sample), [4, 5, 6, 7].map(sample)], rest: [8, 9].map(sample) };
    for (const sizes of [[21], [1], [3, 8], [7]]) assert.deepEqual(cut(sizes), expected);
  });
});
