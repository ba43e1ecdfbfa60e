/** What services do wrong, against every runner that asks one: the code, whether it is recoverable, nothing left open. */

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, describe, it } from "node:test";
import { encode } from "fast-png";
import { guardRunner } from "../../plugins/guard/mod.ts";
import { openai as llm } from "../../plugins/llm/mod.ts";
import { openai as vlm } from "../../plugins/vlm/mod.ts";
import { RuntimeData } from "../../core/plugin.ts";
import type { AnyRunnerType, InferenceInputs, InferenceResult, RunnerErrorCode } from "../../runners/mod.ts";
import { type Answer, begin, chat, delta, DONE, event, fail, ModelServer } from "./_model_server.ts";

const png = encode({ width: 1, height: 1, data: new Uint8Array(3), channels: 3, depth: 8 });

const RUNNERS: readonly (readonly [type: AnyRunnerType, inputs: InferenceInputs, params?: object])[] = [
  [llm, { text: "hello" }],
  [vlm, { image: RuntimeData.binary(new Uint8Array(png)), text: "What is it?" }],
  // Else it would end long texts itself.
  [guardRunner(llm, "llm.guarded"), { text: "hello" }, { guard: { maxChars: 10_000_000 } }],
];

/** A stream that begins well, and goes on as told. */
const stream = (goOn: (response: ServerResponse) => void): Answer => (_, response) => {
  begin(response);
  response.write(delta("Hel"));
  goOn(response);
};

const FAULTS: readonly (readonly [name: string, answer: Answer, code: RunnerErrorCode, isRecoverable: boolean])[] = [
  ["401", (_, response) => fail(response, 401, { message: "who are you?" }), "E401", false],
  ["403", (_, response) => fail(response, 403, { message: "not you" }), "E401", false],
  ["404", (_, response) => fail(response, 404, { message: "no such model" }), "E404", false],
  ["429", (_, response) => fail(response, 429, { message: "slow down" }, { "retry-after": "2" }), "E501", true],
  ["500", (_, response) => fail(response, 500, { message: "it fell over" }), "E501", true],
  ["500 in the middle of a stream", stream((r) => r.end(event({ error: { message: "no", code: 500 } }))), "E501", true],
  ["a cut in the middle of a token", stream((r) => r.write('data: {"cho', () => r.socket?.destroy())), "E102", true],
  ["no end", stream((r) => r.end(DONE)), "E102", true],
  [
    "no UTF-8, across chunks",
    stream((r) => {
      r.write(Buffer.concat([Buffer.from('data: {"choices":[{"delta":{"content":"'), Buffer.of(0xe2, 0x82)]));
      r.end('x"}}]}\n\n');
    }),
    "E102",
    true,
  ],
  ["events that are no JSON", stream((r) => r.end("data: {oh no\n\n")), "E102", true],
  ["lines that are no events", stream((r) => r.end("oh\n\nno: 1\n\nHTTP/1.1 500\n\n")), "E102", true],
  ["events of another form", stream((r) => r.end("data: [1, 2]\n\n")), "E102", true],
  [
    "a page in place of a stream",
    (_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html></html>");
    },
    "E102",
    false,
  ],
  [
    "a stream without end",
    async ({ closed }, response) => {
      begin(response);
      let isClosed = false;
      void closed.then(() => isClosed = true);
      while (!isClosed) {
        if (response.write(delta("on and on ".repeat(2000)))) continue;
        await Promise.race([closed, new Promise((resolve) => response.once("drain", resolve))]);
      }
    },
    "E504",
    false,
  ],
  [
    "a stream that stays awake without end, and says nothing",
    async ({ closed }, response) => {
      begin(response);
      let isClosed = false;
      void closed.then(() => isClosed = true);
      while (!isClosed) {
        if (response.write(": ping\n\n".repeat(20_000))) continue;
        await Promise.race([closed, new Promise((resolve) => response.once("drain", resolve))]);
      }
    },
    "E504",
    false,
  ],
];

let server: ModelServer;
before(async () => void (server = await ModelServer.start()));
after(() => server.stop());

for (const [type, inputs, own = {}] of RUNNERS) {
  describe(type.definition.type, () => {
    const ask = async (params: object = {}): Promise<InferenceResult[]> => {
      await using runner = await type.create({ params: { baseUrl: server.baseUrl, ...own, ...params } });
      return await Array.fromAsync(runner.run({ inputs }));
    };

    for (const [name, answer, code, isRecoverable] of FAULTS) {
      it(`${name}: ${code}`, async () => {
        server.answer = answer;
        const results = await ask();
        const { error, partial } = results.at(-1) as InferenceResult;
        assert.deepEqual([error?.code, error?.recoverable, partial], [code, isRecoverable, false]);
        assert.ok(results.slice(0, -1).every(({ partial, error }) => partial && error === undefined));
        assert.equal(error?.retryAfterMs, name === "429" ? 2000 : undefined);
        await server.last.closed;
        // It goes on afterwards.
        server.answer = (_, response) => chat(response, ["ok"]);
        assert.equal((await ask()).map(({ outputs }) => outputs.text).join(""), "ok");
      });
    }

    it("no key: E401, without a request", async () => {
      const asked = server.requests.length;
      const [result] = await ask({ apiKeyEnv: "STREAMRACK_TEST_NO_SUCH_KEY" });
      assert.deepEqual([result?.error?.code, result?.error?.recoverable], ["E401", false]);
      assert.equal(server.requests.length, asked);
    });

    it("1 MB of text is sent whole", async () => {
      server.answer = ({ body }, response) => chat(response, [`${body.length > 1 << 20}`]);
      const text = "many words ".repeat((1 << 20) / 11 + 1);
      await using runner = await type.create({ params: { baseUrl: server.baseUrl, ...own } });
      const results = await Array.fromAsync(runner.run({ inputs: { ...inputs, text } }));
      assert.equal(results.map(({ outputs }) => outputs.text).join(""), "true");
    });

    it("nobody listens: E501", async () => {
      const other = await ModelServer.start();
      const { baseUrl } = other;
      await other.stop();
      const [result] = await ask({ baseUrl });
      assert.deepEqual([result?.error?.code, result?.error?.recoverable], ["E501", true]);
    });
  });
}
