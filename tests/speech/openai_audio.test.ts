import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { RuntimeData } from "../../core/plugin.ts";
import asr from "../../plugins/asr/mod.ts";
import { openaiTranscription } from "../../plugins/asr/openai.ts";
import { openaiSpeech } from "../../plugins/tts/openai.ts";
import type { InferenceRequest, InferenceResult } from "../../runners/mod.ts";
import { runNode } from "../../testing/mod.ts";
import { type Answer, begin, event, fail, ModelServer } from "../runners/_model_server.ts";

const AUDIO = RuntimeData.audio({ samples: new Int16Array(8000), sampleRate: 16_000 });
const LISTEN: InferenceRequest = { inputs: { audio: AUDIO } };
const SPEAK: InferenceRequest = { inputs: { text: "Hello there." } };
const PCM = { "content-type": "audio/pcm" };

let server: ModelServer;
before(async () => {
  server = await ModelServer.start();
});
after(() => server.stop());
beforeEach(() => void (server.requests.length = 0));

type Params = { readonly [name: string]: string | number | boolean };

async function ask(
  type: typeof openaiTranscription | typeof openaiSpeech,
  request: InferenceRequest,
  { params = {}, signal }: { readonly params?: Params; readonly signal?: AbortSignal } = {},
): Promise<InferenceResult[]> {
  const runner = await type.create({ params: { baseUrl: server.baseUrl, ...params } });
  const results = await Array.fromAsync(runner.run(request, { signal }));
  results.forEach(({ partial }, i) => assert.equal(partial, i < results.length - 1));
  return results;
}
const listen = (params?: Params) => ask(openaiTranscription, LISTEN, { params });
const speak = (params?: Params) => ask(openaiSpeech, SPEAK, { params });

const delta = (text: string) => event({ type: "transcript.text.delta", delta: text });
const done = (text: string) =>
  event({ type: "transcript.text.done", text, logprobs: [{ token: "x", logprob: 0 }, { token: "y", logprob: -2 }] });

function stream(...parts: (string | Uint8Array)[]): Answer {
  return (_, response) => {
    begin(response);
    for (const part of parts) response.write(part);
    response.end();
  };
}

/** A stream that goes on until nobody takes it. */
const endless =
  (piece: string | Uint8Array, head?: { readonly [name: string]: string }): Answer => async ({ closed }, response) => {
    if (head === undefined) begin(response);
    else response.writeHead(200, head);
    let isOpen = true;
    void closed.then(() => isOpen = false);
    while (isOpen) {
      if (response.write(piece)) continue;
      await Promise.race([closed, new Promise((resolve) => response.once("drain", resolve))]);
    }
  };

/** An event that is no UTF-8: a character begins and does not go on. */
const notUtf8 = Uint8Array.from([
  ...new TextEncoder().encode('data: {"x":"'),
  0xe2,
  0x82,
  ...new TextEncoder().encode('"}\n\n'),
]);

/** Where nobody listens. */
async function nowhere(): Promise<string> {
  const other = await ModelServer.start();
  const { baseUrl } = other;
  await other.stop();
  return baseUrl;
}

describe("asr.openai", () => {
  it("sends a WAV file in a form, and gives the text as it is streamed", async () => {
    const [first, second] = [delta("Hello "), delta("wörld")].map((text) => new TextEncoder().encode(text));
    // Cut in the middle of a character.
    const cut = (second as Uint8Array).indexOf(0xc3) + 1;
    server.answer = stream(first!, second!.subarray(0, cut), second!.subarray(cut), done("Hello wörld."));
    const results = await listen({ language: "en-GB", prompt: "names" });
    assert.deepEqual(results.map(({ outputs }) => outputs.text), ["Hello ", "Hello wörld", "Hello wörld."]);
    assert.equal(results.at(-1)?.metadata["confidence"], Math.exp(-1));
    assert.equal(results.at(-1)?.metadata["audioDurationMs"], 500);
    const { path, headers, body } = server.last;
    assert.equal(path, "/v1/audio/transcriptions");
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": headers["content-type"]! } })
      .formData();
    const fields = ["model", "language", "prompt", "stream", "response_format"].map((name) => form.get(name));
    assert.deepEqual(fields, ["gpt-4o-mini-transcribe", "en", "names", "true", "json"]);
    const file = form.get("file") as File;
    assert.deepEqual([file.name, file.size], ["speech.wav", 16_044]);
  });

  it("asks for the times of words", async () => {
    server.answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const words = [{ word: "Hello", start: 0.1, end: 0.45 }];
      response.end(JSON.stringify({ text: " Hello", language: "english", words }));
    };
    const [result] = await listen({ words: true });
    assert.equal(result?.outputs.text, "Hello");
    assert.deepEqual(result?.metadata["words"], [{ word: "Hello", startMs: 100, endMs: 450 }]);
    assert.equal(result?.metadata["languageDetected"], "english");
  });

  it("gives the right code for each failure", async () => {
    const failing = (status: number, headers: Record<string, string> = {}): Answer => (_, response) =>
      fail(response, status, { message: "no" }, headers);
    const cases: [Answer, string, boolean][] = [
      [failing(401), "E401", false],
      [failing(400), "E400", false],
      [failing(429, { "retry-after": "3" }), "E501", true],
      [failing(500), "E501", true],
      [stream(delta("Hel")), "E102", true],
      [stream(delta("Hel"), "data: {not json}\n\n"), "E102", true],
      [stream(delta("Hel"), event({ type: 5 })), "E102", true],
      [stream(delta("Hel"), notUtf8.subarray(0, 12), notUtf8.subarray(12)), "E102", true],
      [(_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"), "E102", false],
      [endless(delta("on and on ".repeat(500))), "E504", false],
      [stream(delta("Hel"), event({ error: { message: "broken", code: 500 } })), "E501", true],
      [
        (_, response) => {
          begin(response);
          response.write(delta("Hel"));
          setTimeout(() => response.destroy(), 20);
        },
        "E102",
        true,
      ],
    ];
    for (const [i, [answer, code, recoverable]] of cases.entries()) {
      server.answer = answer;
      const { error, partial } = (await listen()).at(-1)!;
      assert.deepEqual([error?.code, error?.recoverable, partial], [code, recoverable, false], `case ${i}`);
      assert.equal(error?.retryAfterMs, i === 2 ? 3000 : undefined, `case ${i}`);
      await server.last.closed;
    }
    assert.equal(
      (await ask(openaiTranscription, LISTEN, { params: { baseUrl: await nowhere() } }))[0]?.error?.code,
      "E501",
    );
  });

  it("takes silence, and an hour of noise piece by piece", async () => {
    const lengths: number[] = [];
    server.answer = ({ body }, response) => {
      server.requests.length = 0; // else all of it would be kept
      lengths.push(body.length);
      stream(done(""))(undefined as never, response);
    };
    const node = asr.nodes.find(({ type }) => type === "asr.openai")!;
    const noise = Int16Array.from({ length: 160_000 }, (_, i) => (i * 7919) % 20_011 - 10_000);
    async function* hour() {
      yield RuntimeData.copy(AUDIO); // silence
      const metadata = { utterance: { index: 1, isLast: false } };
      for (let s = 0; s < 3600; s += 10) {
        yield RuntimeData.audio({ samples: noise.slice(), sampleRate: 16_000, metadata });
      }
    }
    const { outputs } = await runNode(node, hour(), { params: { baseUrl: server.baseUrl } });
    assert.deepEqual(new Set((outputs["out"] ?? []).map((data) => RuntimeData.asText(data))), new Set([""]));
    assert.equal(lengths.length, 1 + 60);
    assert.ok(Math.max(...lengths) < 60 * 32_000 + 2000, `${Math.max(...lengths)} bytes`);
    const skipping = await runNode(node, [RuntimeData.copy(AUDIO)], {
      params: { baseUrl: server.baseUrl, skipEmpty: true },
    });
    assert.deepEqual(skipping.outputs["out"] ?? [], []);
  });

  it("needs a key for the default service, and takes no more audio than services do", async () => {
    const runner = await openaiTranscription.create({ readEnv: () => undefined });
    const [result] = await Array.fromAsync(runner.run(LISTEN));
    assert.equal(result?.error?.code, "E401");
    const long = RuntimeData.audio({ samples: new Int16Array(16_000 * 781), sampleRate: 16_000 });
    const [refused] = await ask(openaiTranscription, { inputs: { audio: long } });
    assert.equal(refused?.error?.code, "E400");
    assert.equal(server.requests.length, 0);
  });
});

describe("tts.openai", () => {
  const samples = (count: number) => new Uint8Array(new Int16Array(count).map((_, i) => i).buffer);

  it("gives the audio as it comes, however the bytes are cut", async () => {
    server.answer = (_, response) => {
      response.writeHead(200, PCM);
      const bytes = samples(6000);
      for (const [from, to] of [[0, 1], [1, 4801], [4801, 4804], [4804, 12_000]]) {
        response.write(bytes.subarray(from, to));
      }
      response.end();
    };
    const results = await speak({ voice: "ash", speed: 1.5, instructions: "Whisper." });
    const audio = results.map(({ outputs }) => outputs.audio!);
    assert.deepEqual(audio.map(({ samples }) => samples.length), [2400, 2400, 1200]);
    assert.deepEqual(audio.flatMap(({ samples }) => [...samples]), Array.from({ length: 6000 }, (_, i) => i));
    assert.ok(audio.every(({ sampleRate, format }) => sampleRate === 24_000 && format === "i16"));
    assert.deepEqual(results.map(({ metadata }) => metadata["audioDurationMs"]), [100, 200, 250]);
    const { model, input, voice, speed, instructions, response_format } = server.last.json();
    assert.deepEqual([model, input, voice, speed, instructions, response_format], [
      "gpt-4o-mini-tts",
      "Hello there.",
      "ash",
      1.5,
      "Whisper.",
      "pcm",
    ]);
  });

  it("gives the right code for each failure, and never plays what is no audio", async () => {
    const cases: [Answer, string, boolean][] = [
      [(_, response) => fail(response, 429, { message: "busy" }, { "retry-after": "3" }), "E501", true],
      [(_, response) => fail(response, 500, { message: "broken" }), "E501", true],
      [(_, response) => fail(response, 401, { message: "no" }), "E401", false],
      [endless(samples(24_000), PCM), "E504", false],
      [(_, response) => void response.writeHead(200, PCM).end(), "E103", false],
      [(_, response) => void response.writeHead(200, PCM).end("RIFF...."), "E103", false],
      [(_, response) => void response.writeHead(200, PCM).end('{"error":{}}'), "E103", false],
      [
        (_, response) => {
          response.writeHead(200, PCM);
          response.write(samples(100));
          setTimeout(() => response.destroy(), 20);
        },
        "E102",
        true,
      ],
    ];
    for (const [i, [answer, code, recoverable]] of cases.entries()) {
      server.answer = answer;
      const { error, outputs } = (await speak()).at(-1)!;
      assert.deepEqual([error?.code, error?.recoverable, outputs], [code, recoverable, {}], `case ${i}`);
      assert.equal(error?.retryAfterMs, i === 0 ? 3000 : undefined, `case ${i}`);
      await server.last.closed;
    }
    assert.equal((await speak({ baseUrl: await nowhere() }))[0]?.error?.code, "E501");
    const asked = server.requests.length;
    const runner = await openaiSpeech.create({ readEnv: () => undefined });
    const [result] = await Array.fromAsync(runner.run(SPEAK));
    assert.deepEqual([result?.error?.code, result?.error?.recoverable], ["E401", false]);
    assert.equal(server.requests.length, asked);
  });

  it("closes the connection of an endless stream when the reader leaves, and when it is cancelled", async () => {
    server.answer = endless(samples(2400), PCM);
    const runner = await openaiSpeech.create({ params: { baseUrl: server.baseUrl } });
    for await (const result of runner.run(SPEAK)) {
      assert.ok(result.partial && result.outputs.audio !== undefined);
      break;
    }
    await server.last.closed;
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const result of runner.run(SPEAK, { signal: controller.signal })) {
        assert.ok(result.partial);
        controller.abort(new Error("enough"));
      }
    }, /enough/);
    await server.last.closed;
  });

  it("asks nobody about nothing, nor about a megabyte", async () => {
    const [result] = await ask(openaiSpeech, { inputs: { text: " \n" } });
    assert.deepEqual([result?.outputs, result?.error, server.requests.length], [{}, undefined, 0]);
    const [refused] = await ask(openaiSpeech, { inputs: { text: "word ".repeat(200_000) } });
    assert.deepEqual([refused?.error?.code, refused?.error?.recoverable, server.requests.length], ["E400", false, 0]);
  });
});
