/** A request that is cancelled, wherever it is: its connection closes, no timer is left, and no time has to pass. */

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, describe, it } from "node:test";
import { encode } from "fast-png";
import { createRuntime, RuntimeData } from "../../mod.ts";
import { openaiTranscription } from "../../plugins/asr/openai.ts";
import { guardRunner } from "../../plugins/guard/mod.ts";
import { openai as llm } from "../../plugins/llm/mod.ts";
import { openaiSpeech } from "../../plugins/tts/openai.ts";
import { openai as vlm } from "../../plugins/vlm/mod.ts";
import { type AnyRunnerType, type InferenceInputs, Router } from "../../runners/mod.ts";
import { FakeClock } from "../../testing/mod.ts";
import { begin, delta, END, event, ModelServer } from "./_model_server.ts";

type Part = string | Uint8Array;

/** An answer in the pieces in which it leaves the service. It may be cancelled before each of them, and after the last. */
interface Answer {
  readonly head?: { readonly [name: string]: string };
  readonly parts: readonly Part[];
}

/** Cut within an event, within a character, and before the reason to end. */
const half = new TextEncoder().encode(delta("Grüße. "));
const CHAT: Answer = {
  parts: [
    delta("One "),
    delta("two. "),
    half.subarray(0, half.indexOf(0xc3) + 1),
    half.subarray(half.indexOf(0xc3) + 1),
    delta("Three"),
    END,
  ],
};
const TRANSCRIPT: Answer = {
  parts: [event({ type: "transcript.text.delta", delta: "one" }), "data: {", '"type":"x"}\n\n'],
};
const SPEECH: Answer = { head: { "content-type": "audio/pcm" }, parts: [1, 4799, 9600].map((n) => new Uint8Array(n)) };

const png = encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3, depth: 8 });
const text = { text: "hello" };
const image = { image: RuntimeData.binary(new Uint8Array(png)) };
const audio = { audio: RuntimeData.audio({ samples: new Int16Array(8000), sampleRate: 16_000 }) };

type Params = { readonly [name: string]: string | number };
const ASKED: readonly (readonly [
  name: string,
  type: AnyRunnerType,
  inputs: InferenceInputs,
  answer: Answer,
  params?: Params,
])[] = [
  ["llm.openai", llm, text, CHAT],
  ["llm.openai, in sentences", llm, text, CHAT, { output: "sentences" }],
  ["llm.openai, in batches", llm, text, CHAT, { batchTokens: 3, batchMs: 10_000 }],
  ["a guarded llm.openai", guardRunner(llm, "llm.guarded"), text, CHAT],
  ["vlm.openai", vlm, image, CHAT],
  ["asr.openai", openaiTranscription, audio, TRANSCRIPT],
  ["tts.openai", openaiSpeech, text, SPEECH],
];

let server: ModelServer;
before(async () => void (server = await ModelServer.start()));
after(() => server.stop());

/** Answers no further than told; -1: not at all, 0: with the head alone. Resolves when the service has got there. */
function answerUpTo({ head, parts }: Answer, count: number): Promise<void> {
  return new Promise((resolve) => {
    server.answer = async (_, response) => {
      if (count >= 0) {
        if (head === undefined) begin(response);
        else response.writeHead(200, head).flushHeaders();
      }
      for (const part of parts.slice(0, Math.max(0, count))) await write(response, part);
      resolve();
    };
  });
}

const write = (response: ServerResponse, part: Part) =>
  new Promise<void>((resolve) => response.write(part, () => resolve()));
/** Lets what has arrived be read. Whether it was makes no difference to what is asserted. */
const breathe = () => new Promise((resolve) => setTimeout(resolve, 5));

for (const [name, type, inputs, answer, params = {}] of ASKED) {
  describe(`${name}, cancelled`, () => {
    for (let count = -1; count <= answer.parts.length; count++) {
      const when = count < 0 ? "while it waits" : `after ${count} pieces`;
      for (const isRead of [false, true]) {
        it(`${when}, ${isRead ? "when they were read" : "at once"}`, async () => {
          const clock = new FakeClock();
          const reached = answerUpTo(answer, count);
          const runner = await type.create({ params: { baseUrl: server.baseUrl, ...params }, clock });
          const stop = new AbortController();
          const running = Array.fromAsync(runner.run({ inputs }, { signal: stop.signal }));
          const rejected = assert.rejects(running, /enough/);
          await reached;
          if (isRead) await breathe();
          stop.abort(new Error("enough"));
          await rejected;
          await server.last.closed;
          // No time passed: nothing had to be waited for, and no timer is left.
          assert.deepEqual([clock.now(), clock.pendingCount], [0, 0]);
          await runner.unload();
        });
      }
    }
  });
}

describe("a router, cancelled", () => {
  it("at any piece of an answer: nobody else is asked", async () => {
    for (let count = -1; count <= CHAT.parts.length; count++) {
      const clock = new FakeClock();
      const reached = answerUpTo(CHAT, count);
      const runners = ["one", "two"].map((name) => ({ runner: llm, name, params: { baseUrl: server.baseUrl } }));
      const router = new Router({ capability: "llm", runners, clock });
      const stop = new AbortController();
      const asked = server.requests.length;
      const rejected = assert.rejects(
        Array.fromAsync(router.run({ inputs: text }, { signal: stop.signal })),
        /enough/,
      );
      await reached;
      stop.abort(new Error("enough"));
      await rejected;
      await server.last.closed;
      assert.deepEqual([server.requests.length - asked, clock.now(), clock.pendingCount], [1, 0, 0]);
    }
  });
});

describe("a session with a model, in a worker", () => {
  it("closes the connection wherever it is cancelled, flushed, or left", async () => {
    const runtime = await createRuntime();
    const nodes = [{ id: "llm", node_type: "llm.openai", params: { baseUrl: server.baseUrl } }];
    try {
      for (const way of ["cancel", "flush", "dispose"] as const) {
        for (let count = -1; count <= CHAT.parts.length; count++) {
          const reached = answerUpTo(CHAT, count);
          const session = await runtime.open({ version: "v1", nodes });
          const reading = Array.fromAsync(session).catch((error) => error);
          await session.send(RuntimeData.text("hello"));
          await reached;
          const { closed } = server.last;
          if (way === "cancel") await session.cancel();
          else if (way === "dispose") await session[Symbol.asyncDispose]();
          else session.flush();
          await closed;
          await session.cancel();
          await reading;
        }
      }
    } finally {
      await runtime.close();
    }
  });

  it("closes the connection when the deadline of its node has passed", async () => {
    const runtime = await createRuntime();
    const nodes = [{ id: "llm", node_type: "llm.openai", params: { baseUrl: server.baseUrl }, deadline_ms: 300 }];
    try {
      for (const count of [-1, 2]) {
        void answerUpTo(CHAT, count);
        const asked = server.requests.length;
        const asking = runtime.execute({ version: "v1", nodes }, { llm: RuntimeData.text("hello") });
        await assert.rejects(asking, { reason: "deadline-exceeded", nodeId: "llm" });
        // None, where it passed before the service was reached.
        await Promise.all(server.requests.slice(asked).map(({ closed }) => closed));
      }
    } finally {
      await runtime.close();
    }
  });
});
