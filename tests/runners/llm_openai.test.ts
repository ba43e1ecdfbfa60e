import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openai } from "../../plugins/llm/mod.ts";
import { type InferenceResult, readEvents, type Runner } from "../../runners/mod.ts";
import { retryAfterMs } from "../../runners/http/status.ts";
import { FakeClock } from "../../testing/mod.ts";
import { createRuntime, RuntimeData } from "../../mod.ts";
import { begin, chat, delta, DONE, END, event, fail, ModelServer } from "./_model_server.ts";

const KEY = "sk-test-0123456789";
let server: ModelServer;
before(async () => void (server = await ModelServer.start()));
after(() => server.stop());

const make = (params: object = {}, options: object = {}) =>
  openai.create({ params: { baseUrl: server.baseUrl, apiKey: KEY, ...params }, ...options });

async function ask(runner: Runner, text: string, rest: object = {}): Promise<InferenceResult[]> {
  return await Array.fromAsync(runner.run({ inputs: { text }, ...rest }));
}

/** The one error of a request. */
async function failure(params: object = {}, text = "hello") {
  const results = await ask(await make(params), text);
  const last = results.at(-1) as InferenceResult;
  assert.ok(last.error, `no error in ${JSON.stringify(last)}`);
  assert.ok(!JSON.stringify(last.error.message).includes(KEY));
  assert.ok(!String((last.error.cause as Error).stack).includes(KEY));
  return { results, ...last.error };
}

describe("llm.openai", () => {
  it("gives deltas, then a final result with everything that is known", async () => {
    server.answer = (_, response) => chat(response, ["Hel", "lo", " there."]);
    const results = await ask(await make({ temperature: 0.5, maxTokens: 9, systemPrompt: "Be brief." }), "Hi");
    assert.deepEqual(results.map(({ outputs }) => outputs.text), ["Hel", "lo", " there.", ""]);
    assert.deepEqual(results.map(({ partial }) => partial), [true, true, true, false]);
    const { metadata } = results.at(-1) as InferenceResult;
    assert.equal(metadata["tokens"], 7);
    assert.equal(metadata["model"], "test-model");
    assert.equal(metadata["finishReason"], "stop");
    assert.equal(metadata["runner"], "llm.openai");
    const body = server.last.json();
    assert.equal(server.last.path, "/v1/chat/completions");
    assert.equal(server.last.headers.authorization, `Bearer ${KEY}`);
    assert.deepEqual([body["temperature"], body["max_tokens"], body["stream"]], [0.5, 9, true]);
    assert.deepEqual(body["messages"], [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }]);
  });

  it("gives accumulated text, or sentences, or batches of tokens", async () => {
    server.answer = (_, response) => chat(response, ["One. ", "Two", " is here. Th", "ree"]);
    const textOf = async (params: object) => (await ask(await make(params), "Hi")).map(({ outputs }) => outputs.text);
    assert.deepEqual(await textOf({ output: "accumulated" }), [
      "One. ",
      "One. Two",
      "One. Two is here. Th",
      "One. Two is here. Three",
      "One. Two is here. Three",
    ]);
    assert.deepEqual(await textOf({ output: "sentences" }), ["One.", "Two is here.", "Three"]);
    assert.deepEqual(await textOf({ batchTokens: 3, batchMs: 10_000 }), ["One. Two is here. Th", "ree", ""]);
  });

  it("tells how fast the model is", async () => {
    const clock = new FakeClock();
    const steps = ["One", " two", " three"].map((piece) => ({ piece, ...Promise.withResolvers<void>() }));
    const asked = Promise.withResolvers<void>();
    server.answer = async (_, response) => {
      begin(response);
      asked.resolve();
      for (const { piece, promise } of steps) {
        await promise;
        response.write(delta(piece));
      }
      response.end(END + DONE);
    };
    const results = (await make({}, { clock })).run({ inputs: { text: "Hi" } });
    const told: unknown[] = [];
    let next = results.next();
    await asked.promise;
    for (const { resolve } of steps) {
      await clock.tick(250);
      resolve();
      const { tokens, firstTextMs, tokensPerSecond } = (await next).value?.metadata ?? {};
      told.push([tokens, firstTextMs, tokensPerSecond]);
      next = results.next();
    }
    assert.deepEqual(told, [[1, 250, undefined], [2, 250, 4], [3, 250, 4]]);
    const { durationMs, tokens } = (await next).value?.metadata ?? {};
    assert.deepEqual([durationMs, tokens], [750, 3]);
  });

  it("hands tool calls on, put together from their pieces", async () => {
    const piece = (call: object) => event({ choices: [{ delta: { tool_calls: [{ index: 0, ...call }] } }] });
    server.answer = (_, response) => {
      begin(response);
      response.write(piece({ id: "t1", type: "function", function: { name: "weather", arguments: "" } }));
      response.write(piece({ function: { arguments: '{"city":' } }) + piece({ function: { arguments: '"Bonn"}' } }));
      response.end(event({ choices: [{ delta: {}, finish_reason: "tool_calls" }] }) + DONE);
    };
    const tools = [{ type: "function", function: { name: "weather", parameters: {} } }];
    const [final] = await ask(await make({ tools }), "Weather?");
    assert.deepEqual(final?.metadata["toolCalls"], [
      { type: "function", function: { name: "weather", arguments: '{"city":"Bonn"}' }, id: "t1" },
    ]);
    assert.equal(final?.metadata["finishReason"], "tool_calls");
    assert.deepEqual(server.last.json()["tools"], tools);
  });

  it("tells how sure the model is, where the service does, and when it has done reasoning", async () => {
    const choice = (delta: object, rest: object = {}) => event({ choices: [{ delta, ...rest }] });
    server.answer = (_, response) => {
      begin(response);
      response.write(choice({ reasoning_content: "The user greets." }));
      response.write(choice({ content: "Hel" }, { logprobs: { content: [{ logprob: Math.log(0.5) }] } }));
      const two = [{ logprob: 0 }, { logprob: Math.log(0.2) }];
      response.end(choice({ content: "lo" }, { logprobs: { content: two } }) + END + DONE);
    };
    const results = await ask(await make({ extraBody: { logprobs: true } }), "Hi");
    assert.deepEqual(results.map(({ metadata }) => metadata["confidence"]), [0.5, 0.6, 0.55]);
    assert.deepEqual(results.map(({ metadata }) => metadata["reasoningComplete"]), [true, true, true]);
    assert.equal(server.last.json()["logprobs"], true);
    server.answer = (_, response) => {
      begin(response);
      for (let i = 0; i < 20; i++) response.write(choice({ reasoning_content: "And on the other hand …" }));
    };
    assert.equal((await failure({ maxOutputChars: 100 })).code, "E504");
  });

  it("takes parameters of the request above its own, and refuses wrong ones", async () => {
    server.answer = (_, response) => chat(response, ["ok"]);
    const runner = await make({ temperature: 0.1 });
    await ask(runner, "Hi", { params: { temperature: 1.5, model: "other" } });
    assert.deepEqual([server.last.json()["temperature"], server.last.json()["model"]], [1.5, "other"]);
    assert.equal(runner.loadedModelId, "other");
    const asked = server.requests.length;
    const [result] = await ask(runner, "Hi", { params: { temperature: 9 } });
    assert.equal(result?.error?.code, "E400");
    assert.match(String(result?.error?.cause), /params\.temperature/);
    assert.equal(server.requests.length, asked);
  });

  it("puts characters together that were cut between chunks", async () => {
    server.answer = (_, response) => {
      begin(response);
      const bytes = Buffer.from(delta("Grüße 🎉"));
      for (const byte of bytes) response.write(Buffer.of(byte));
      response.end(END + DONE);
    };
    const results = await ask(await make(), "Hi");
    assert.deepEqual(results.map(({ outputs }) => outputs.text), ["Grüße 🎉", ""]);
  });

  describe("faults", () => {
    it("no key: E401, without a request", async () => {
      const asked = server.requests.length;
      const error = await failure({ apiKey: undefined, apiKeyEnv: "STREAMRACK_TEST_NO_SUCH_KEY" });
      assert.deepEqual([error.code, error.recoverable], ["E401", false]);
      assert.match(String(error.cause), /STREAMRACK_TEST_NO_SUCH_KEY/);
      assert.equal(server.requests.length, asked);
    });

    it("a key that HTTP cannot carry: E401, and the key is not shown", async () => {
      const error = await failure({ apiKey: `${KEY}\n` });
      assert.deepEqual([error.code, error.recoverable], ["E401", false]);
    });

    it("401: E401, and the key that the service quotes is not shown", async () => {
      server.answer = (_, response) => fail(response, 401, { message: `Incorrect API key provided: ${KEY}` });
      const error = await failure();
      assert.deepEqual([error.code, error.recoverable], ["E401", false]);
      assert.match(error.message, /Incorrect API key/);
    });

    it("429: E501 with the time after which to try again", async () => {
      server.answer = (_, response) => fail(response, 429, { message: "slow down" }, { "retry-after": "7" });
      const error = await failure();
      assert.deepEqual([error.code, error.recoverable, error.retryAfterMs], ["E501", true, 7000]);
    });

    it("429 of a quota: E504, not recoverable by another attempt", async () => {
      server.answer = (_, response) => fail(response, 429, { message: "pay", code: "insufficient_quota" });
      const error = await failure();
      assert.deepEqual([error.code, error.recoverable], ["E504", false]);
    });

    it("400, 404, 500 and a body that is no JSON", async () => {
      const codes: [string, boolean][] = [];
      for (const status of [400, 404, 500]) {
        server.answer = (_, response) => fail(response, status, { message: "no" });
        const { code, recoverable } = await failure();
        codes.push([code, recoverable]);
      }
      server.answer = (_, response) => void response.writeHead(502).end("<html>Bad gateway</html>");
      const { code, recoverable } = await failure();
      codes.push([code, recoverable]);
      assert.deepEqual(codes, [["E400", false], ["E404", false], ["E501", true], ["E501", true]]);
    });

    it("500 in the middle of a stream: E501, after the partial results", async () => {
      server.answer = (_, response) => {
        begin(response);
        response.end(delta("Hel") + event({ error: { message: "the model fell over", code: 500 } }));
      };
      const error = await failure();
      assert.deepEqual([error.code, error.recoverable], ["E501", true]);
      assert.deepEqual(error.results.map(({ outputs, partial }) => [outputs.text, partial]), [
        ["Hel", true],
        [undefined, false],
      ]);
    });

    it("a connection cut in the middle of a token: E102", async () => {
      server.answer = (_, response) => {
        begin(response);
        response.write(delta("Hel") + 'data: {"choices":[{"delta":{"con', () => response.socket?.destroy());
      };
      const error = await failure();
      assert.deepEqual([error.code, error.recoverable], ["E102", true]);
    });

    it("an answer that ends without a reason: E102", async () => {
      server.answer = (_, response) => {
        begin(response);
        response.end(delta("Hel") + DONE);
      };
      assert.equal((await failure()).code, "E102");
    });

    it("no UTF-8, across chunks: E102", async () => {
      server.answer = (_, response) => {
        begin(response);
        response.write(Buffer.concat([Buffer.from('data: {"choices":[{"delta":{"content":"a'), Buffer.of(0xf0, 0x9f)]));
        response.end('b"}}]}\n\n');
      };
      const error = await failure();
      assert.deepEqual([error.code, error.recoverable], ["E102", true]);
    });

    it("events that are no JSON, or of another form: E102", async () => {
      for (const text of ["data: {not json\n\n", 'data: "text"\n\n', "data: [1]\n\n"]) {
        server.answer = (_, response) => {
          begin(response);
          response.end(text);
        };
        assert.equal((await failure()).code, "E102", text);
      }
    });

    it("an answer that is no stream: E102; one that holds an error: what that says", async () => {
      server.answer = (_, response) =>
        void response.writeHead(200, { "content-type": "text/html" }).end("<html></html>");
      assert.equal((await failure()).code, "E102");
      server.answer = (_, response) => fail(response, 200, { message: "bad", code: 400 });
      assert.equal((await failure()).code, "E400");
    });

    it("a stream without end: left at the limit, and its connection closed", async () => {
      server.answer = async ({ closed }, response) => {
        begin(response);
        let isClosed = false;
        void closed.then(() => isClosed = true);
        while (!isClosed) {
          if (!response.write(delta("more and more "))) {
            await Promise.race([closed, new Promise((resolve) => response.once("drain", resolve))]);
          }
        }
      };
      const error = await failure({ maxOutputChars: 5000 });
      assert.deepEqual([error.code, error.recoverable], ["E504", false]);
      await server.last.closed;
    });

    it("an event without end: E102, and its connection closed", async () => {
      server.answer = async ({ closed }, response) => {
        begin(response);
        response.write("data: ");
        let isClosed = false;
        void closed.then(() => isClosed = true);
        const filler = "x".repeat(1 << 16);
        while (!isClosed) {
          if (!response.write(filler)) {
            await Promise.race([closed, new Promise((resolve) => response.once("drain", resolve))]);
          }
        }
      };
      assert.equal((await failure()).code, "E102");
      await server.last.closed;
    });

    it("nobody listens: E501", async () => {
      const other = await ModelServer.start();
      const { baseUrl } = other;
      await other.stop();
      const error = await failure({ baseUrl });
      assert.deepEqual([error.code, error.recoverable], ["E501", true]);
    });

    it("1 MB of text is sent as it is, and a service that refuses it gives E400", async () => {
      server.answer = ({ body }, response) => fail(response, 413, { message: `${body.length} bytes are too many` });
      const error = await failure({}, "x".repeat(1 << 20));
      assert.deepEqual([error.code, error.recoverable], ["E400", false]);
      assert.ok(server.last.body.length > 1 << 20);
    });

    it("a redirect is not followed: it could carry the key elsewhere", async () => {
      server.answer = (_, response) => void response.writeHead(307, { location: `${server.baseUrl}/stolen` }).end();
      await failure();
      assert.equal(server.last.path, "/v1/chat/completions");
    });
  });

  describe("time", () => {
    it("a service that does not answer, or that pauses: E501, at the limit", async () => {
      for (const pause of [(_: unknown) => {}, begin]) {
        const clock = new FakeClock();
        const asked = Promise.withResolvers<void>();
        server.answer = (_, response) => {
          pause(response);
          asked.resolve();
        };
        const runner = await make({ responseTimeoutMs: 100, idleTimeoutMs: 100 }, { clock });
        const results = ask(runner, "hi");
        await asked.promise;
        while (clock.pendingCount === 0) await new Promise((resolve) => setImmediate(resolve));
        // The head may have come, or not: in either case no more than twice the limit passes.
        await clock.tick(100);
        for (let i = 0; i < 20 && clock.pendingCount > 0; i++) await clock.tick(10);
        const [result] = await results;
        assert.equal(result?.error?.code, "E501");
        await server.last.closed;
      }
    });

    it("a cancel reaches the request at once: no time passes", async () => {
      const clock = new FakeClock();
      server.answer = (_, response) => {
        begin(response);
        response.write(delta("Hel"));
      };
      const runner = await make({}, { clock });
      const stop = new AbortController();
      const results = runner.run({ inputs: { text: "hi" } }, { signal: stop.signal });
      assert.equal((await results.next()).value?.outputs.text, "Hel");
      const next = results.next();
      stop.abort(new Error("enough"));
      await assert.rejects(next, /enough/);
      await server.last.closed;
      assert.equal(clock.now(), 0);
      assert.equal(clock.pendingCount, 0);
    });

    it("a reader that leaves ends the request", async () => {
      server.answer = (_, response) => {
        begin(response);
        response.write(delta("Hel"));
      };
      const runner = await make({ batchTokens: 2, batchMs: 1 });
      for await (const { outputs } of runner.run({ inputs: { text: "hi" } })) {
        assert.equal(outputs.text, "Hel");
        break;
      }
      await server.last.closed;
    });

    it("a cancel before, or while waiting for the head, leaves nothing", async () => {
      const runner = await make();
      const asked = server.requests.length;
      const aborted = AbortSignal.abort(new Error("early"));
      await assert.rejects(Array.fromAsync(runner.run({ inputs: { text: "hi" } }, { signal: aborted })), /early/);
      assert.equal(server.requests.length, asked);
      const stop = new AbortController();
      server.answer = () => stop.abort(new Error("while waiting"));
      const run = Array.fromAsync(runner.run({ inputs: { text: "hi" } }, { signal: stop.signal }));
      await assert.rejects(run, /while waiting/);
      await server.last.closed;
    });
  });

  it("in a worker: streams, is cancelled with its session, and says which node failed", async () => {
    const runtime = await createRuntime();
    try {
      const params = { baseUrl: server.baseUrl };
      const manifest = { version: "v1" as const, nodes: [{ id: "llm", node_type: "llm.openai", params }] };
      server.answer = (_, response) => chat(response, ["Hel", "lo"]);
      const { outputs } = await runtime.execute(manifest, { llm: RuntimeData.text("hi") });
      assert.deepEqual(outputs["llm"]?.map((data) => RuntimeData.asText(data)), ["Hel", "lo", ""]);

      server.answer = (_, response) => {
        begin(response);
        response.write(delta("Hel"));
      };
      const session = await runtime.open(manifest);
      await session.send(RuntimeData.text("hi"));
      for await (const output of session) {
        assert.equal(output.isPartial, true);
        break; // cancels the session
      }
      await server.last.closed;

      server.answer = (_, response) => fail(response, 429, { message: "slow down" }, { "retry-after": "1" });
      const error = await runtime.execute(manifest, { llm: RuntimeData.text("hi") }).catch((error) => error);
      assert.deepEqual([error.reason, error.nodeId, error.retryable, error.retryAfterMs], [
        "service-unavailable",
        "llm",
        true,
        1000,
      ]);
    } finally {
      await runtime.close();
    }
  });
});

async function* cut(bytes: Uint8Array, size: number) {
  for (let i = 0; i < bytes.length; i += size) yield bytes.slice(i, i + size);
}

describe("retryAfterMs", () => {
  it("reads seconds and dates", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    const headers = [
      "7",
      "0.5",
      "-1",
      "Thu, 01 Jan 2026 00:01:00 GMT",
      "Thu, 01 Jan 2020 00:01:00 GMT",
      "soon",
      "",
      null,
    ];
    const times = headers.map((header) => retryAfterMs(header, now));
    assert.deepEqual(times, [7000, 500, 0, 60_000, 0, undefined, undefined, undefined]);
  });
});

describe("readEvents", () => {
  it("reads the same, however the bytes are cut, and takes a last line without its end", async () => {
    const bytes = new TextEncoder().encode(': hello\r\ndata: {"a":\r\ndata: "ü"}\r\n\r\nevent: x\ndata: 2\n\ndata: 3');
    for (const size of [1, 2, 3, 7, 1000]) {
      assert.deepEqual(await Array.fromAsync(readEvents(cut(bytes, size), 1000)), [{ a: "ü" }, 2, 3], `${size}`);
    }
  });
});
