import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type AudioData, RuntimeData, type RuntimeData as Data, StreamrackError } from "../../core/plugin.ts";
import asr from "../../plugins/asr/mod.ts";
import { pocketsphinxSpeech } from "../../plugins/asr/pocketsphinx.ts";
import { whisperSpeech } from "../../plugins/asr/whisper.ts";
import { FliteEngine } from "../../plugins/tts/flite/engine.ts";
import type { Runner } from "../../runners/mod.ts";
import { runNode } from "../../testing/mod.ts";
import { processesWith, withoutPocketSphinx } from "./_engines.ts";

const RATE = 16_000;
const NODE = Object.fromEntries(asr.nodes.map((node) => [node.type, node]));
const silence = (seconds: number): AudioData =>
  RuntimeData.audio({ samples: new Int16Array(Math.round(seconds * RATE)), sampleRate: RATE });

let folder = "";
const model = (name: string) => join(folder, `${name}.bin`);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "streamrack-asr-"));
  await copyFile(fileURLToPath(new URL("./fake_whisper.sh", import.meta.url)), join(folder, "whisper"));
  for (const name of ["good", "hangs", "fails", "broken", "babbles", "floods", "dies", "stumbles"]) {
    await writeFile(model(name), "");
  }
  process.env["STREAMRACK_WHISPER"] = join(folder, "whisper");
});
after(async () => {
  delete process.env["STREAMRACK_WHISPER"];
  await rm(folder, { recursive: true, force: true });
});

const results = (runner: Runner, audio: AudioData, signal?: AbortSignal) =>
  Array.fromAsync(runner.run({ inputs: { audio } }, { signal }));

describe("asr.whisper", () => {
  it("gives a program a WAV file, and reads text, words, times and confidence", async () => {
    const runner = await whisperSpeech.create({ params: { modelPath: model("good") } });
    const [result, ...more] = await results(runner, silence(0.5));
    assert.deepEqual(more, []);
    assert.equal(result?.error, undefined);
    assert.equal(result?.outputs.text, "I heard 16044 bytes.");
    assert.deepEqual(result?.metadata["words"], [
      { word: "I", startMs: 0, endMs: 100, confidence: 0.9 },
      { word: "heard", startMs: 100, endMs: 200, confidence: 0.7 },
      { word: "16044", startMs: 200, endMs: 300, confidence: 0.5 },
      { word: "bytes.", startMs: 300, endMs: 400, confidence: 1 },
    ]);
    await runner.unload();
    assert.deepEqual(await processesWith(folder), []);
  });

  it("cuts long audio, gives what was said so far, and moves the times; word by word if asked", async () => {
    const runner = await whisperSpeech.create({ params: { modelPath: model("good"), chunkMs: 1000 } });
    const whole = await results(runner, silence(2.5));
    assert.deepEqual(whole.map(({ partial }) => partial), whole.map((_, i) => i < whole.length - 1));
    assert.ok(whole.length >= 3);
    const starts = (whole.at(-1)?.metadata["words"] as { startMs: number }[]).map(({ startMs }) => startMs);
    assert.deepEqual(starts, starts.toSorted((a, b) => a - b));
    assert.equal(whole.at(-1)?.metadata["audioDurationMs"], 2500);
    assert.equal(whole.at(-1)?.metadata["chunksTotal"], whole.length);
    const byWord = await Array.fromAsync(
      runner.run({ inputs: { audio: silence(0.5) }, params: { wordByWord: true } }),
    );
    assert.deepEqual(byWord.map(({ metadata }) => metadata["currentWord"]), [
      "I",
      "heard",
      "16044",
      "bytes.",
      undefined,
    ]);
    assert.equal(byWord[1]?.outputs.text, "I heard");
    await runner.unload();
  });

  it("takes the pieces of an utterance, and gives early texts on a port of their own", async () => {
    const piece = (isLast: boolean): Data => ({ ...silence(0.5), metadata: { utterance: { index: 0, isLast } } });
    const node = NODE["asr.whisper"]!;
    const params = { modelPath: model("good"), partialIntervalMs: 500 };
    async function* pieces() {
      for (let i = 0; i < 3; i++) {
        yield piece(false);
        // As somebody who speaks does, it leaves time.
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      yield piece(true);
      yield silence(0.25);
    }
    const { outputs } = await runNode(node, pieces(), { params });
    const texts = (port: string) => (outputs[port] ?? []).map((data) => RuntimeData.asText(data));
    assert.deepEqual(texts("out"), ["I heard 64044 bytes.", "I heard 8044 bytes."]);
    for (const text of texts("partials")) assert.match(text, /^I heard (16|32|48)044 bytes\.$/);
    assert.deepEqual(outputs["out"]?.map(({ metadata }) => metadata?.["utteranceIndex"]), [0, 1]);
    assert.deepEqual(await processesWith(folder), []);
  });

  it("tells by code what is missing, and what to do", async () => {
    const codeOf = async (params: { [name: string]: string }) => {
      const runner = await whisperSpeech.create({ params });
      const [result] = await results(runner, silence(0.1));
      const cause = result?.error?.cause;
      const { code, recoverable } = result?.error ?? {};
      return { code, recoverable, text: StreamrackError.is(cause) ? cause.message : "" };
    };
    const noModel = await codeOf({ modelPath: join(folder, "absent.bin") });
    assert.deepEqual([noModel.code, noModel.recoverable], ["E500", true]); // by another runner
    assert.match(noModel.text, /absent\.bin.*Get a model/s);
    const broken = await codeOf({ modelPath: model("broken") });
    assert.deepEqual([broken.code, broken.recoverable], ["E502", true]);
    assert.match(broken.text, /exit code 3.*failed to initialize.*Get a model/s);
    const program = process.env["STREAMRACK_WHISPER"];
    process.env["STREAMRACK_WHISPER"] = "no-such-whisper";
    const noProgram = await codeOf({ modelPath: model("good") });
    process.env["STREAMRACK_WHISPER"] = program;
    assert.deepEqual([noProgram.code, noProgram.recoverable], ["E501", false]);
    assert.match(noProgram.text, /no-such-whisper.*Install whisper\.cpp/s);
  });

  it("tells of a program that fails, is killed, prints nonsense, or prints without end", async () => {
    const cases: [name: string, expected: RegExp, recoverable: boolean][] = [
      ["fails", /exit code 10.*failed to read audio/s, false],
      ["dies", /was ended by SIGKILL/, true],
      ["babbles", /no transcript/, false],
      ["floods", /printed more than/, false],
    ];
    for (const [name, expected, recoverable] of cases) {
      const runner = await whisperSpeech.create({ params: { modelPath: model(name) } });
      const [result] = await results(runner, silence(0.1));
      assert.deepEqual([result?.error?.code, result?.error?.recoverable], ["E101", recoverable], name);
      assert.match(result?.error?.message ?? "", expected);
      await runner.unload();
    }
    assert.deepEqual(await processesWith(folder), []);
  });

  it("works again after a program was killed in the middle of its input", async () => {
    const runner = await whisperSpeech.create({ params: { modelPath: model("stumbles") } });
    const [killed] = await results(runner, silence(10));
    assert.deepEqual([killed?.error?.code, killed?.error?.recoverable], ["E101", true]);
    const [again] = await results(runner, silence(0.5));
    assert.equal(again?.outputs.text, "I heard 16044 bytes.");
    await runner.unload();
    assert.deepEqual(await processesWith(folder), []);
  });

  it("writes an hour of noise down in pieces, and holds no more than one of them", async () => {
    const noise = new Int16Array(10 * RATE);
    for (let i = 0, seed = 1; i < noise.length; i++) {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff;
      noise[i] = (seed >> 15) - 0x8000;
    }
    async function* hour() {
      for (let second = 0; second < 3600; second += 10) {
        const metadata = { utterance: { index: 0, isLast: false } };
        yield RuntimeData.audio({ samples: noise.slice(), sampleRate: RATE, metadata });
      }
    }
    const params = { modelPath: model("good"), partialIntervalMs: 0, maxUtteranceMs: 600_000, chunkMs: 600_000 };
    const { outputs } = await runNode(NODE["asr.whisper"]!, hour(), { params });
    const texts = (outputs["out"] ?? []).map((data) => RuntimeData.asText(data));
    assert.deepEqual(texts, Array.from({ length: 6 }, () => `I heard ${600 * RATE * 2 + 44} bytes.`));
    assert.deepEqual(await processesWith(folder), []);
  });

  it("leaves no process behind when it is cancelled", async () => {
    const runner = await whisperSpeech.create({ params: { modelPath: model("hangs") } });
    const controller = new AbortController();
    await runner.load();
    const running = results(runner, silence(1), controller.signal);
    controller.abort(new Error("stop"));
    await assert.rejects(running, /stop/);
    await runner.unload();
    const node = NODE["asr.whisper"]!;
    const session = new AbortController();
    async function* endless() {
      for (let i = 0;; i++) {
        yield { ...silence(0.1), metadata: { utterance: { index: 0, isLast: i === 8 } } };
        if (i === 9) session.abort();
      }
    }
    const params = { modelPath: model("hangs"), partialIntervalMs: 200 };
    await assert.rejects(runNode(node, endless(), { params, signal: session.signal }), { reason: "session-cancelled" });
    assert.deepEqual(await processesWith(folder), []);
  });

  it("says what audio it takes", async () => {
    const stereo = RuntimeData.audio({ samples: new Float32Array(960), sampleRate: 48_000, channels: 2 });
    const failure = await runNode(NODE["asr.whisper"]!, [stereo], { params: { modelPath: model("good") } })
      .catch((error) => error);
    assert.match(failure.message, /48000.*16000.*audio\.resample/s);
  });
});

describe("asr.pocketsphinx", { skip: withoutPocketSphinx }, () => {
  it("understands what Flite says, with times and confidence", async () => {
    const engine = await FliteEngine.load();
    const { samples } = await engine.speak("Please turn off the light.", { voice: "rms", speed: 1 });
    const runner = await pocketsphinxSpeech.create();
    const [result] = await results(runner, RuntimeData.audio({ samples, sampleRate: RATE }));
    assert.match(result?.outputs.text ?? "", /turn off the/);
    const words = result?.metadata["words"] as { word: string; startMs: number; endMs: number; confidence: number }[];
    assert.ok(words.length >= 4);
    words.forEach(({ startMs, endMs, confidence }, i) => {
      assert.ok(startMs >= (words[i - 1]?.startMs ?? 0) && endMs > startMs && endMs <= samples.length / 16 + 50);
      assert.ok(confidence >= 0 && confidence <= 1);
    });
    const [quiet] = await results(runner, silence(1));
    assert.deepEqual([quiet?.outputs.text, quiet?.error], ["", undefined]);
    const [nothing] = await results(runner, silence(0));
    assert.equal(nothing?.outputs.text, "");
    await runner.unload();
  });
});

describe("asr.pocketsphinx that is not installed", () => {
  it("says what to install", async () => {
    process.env["STREAMRACK_POCKETSPHINX"] = "no-such-program";
    const failure = await runNode(NODE["asr.pocketsphinx"]!, [silence(1)]).catch((error) => error);
    delete process.env["STREAMRACK_POCKETSPHINX"];
    assert.ok(StreamrackError.is(failure), `${failure}`);
    assert.match(failure.message, /apt-get install pocketsphinx pocketsphinx-en-us/);
  });
});
