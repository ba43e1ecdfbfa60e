/** A reader that does not read: the service has to wait, and nothing grows. */

import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { after, before, describe, it } from "node:test";
import { openai } from "../../plugins/llm/mod.ts";
import { createRuntime, RuntimeData } from "../../mod.ts";
import { begin, delta, ModelServer } from "./_model_server.ts";

/** More than all buffers between a service and its reader hold together. */
const UNBOUNDED_BYTES = 64 << 20;
const PIECE = delta("on and on ".repeat(6000));

/** Writes until nobody takes any more, and gives how much that was; `undefined` if that does not happen. */
async function writeAll(response: ServerResponse): Promise<number | undefined> {
  for (let bytes = 0; bytes < UNBOUNDED_BYTES; bytes += PIECE.length) {
    if (response.write(PIECE)) continue;
    const stuck = Symbol("stuck");
    const drained = new Promise((resolve) => response.once("drain", resolve));
    const waited = new Promise((resolve) => setTimeout(() => resolve(stuck), 500));
    if (await Promise.race([drained, waited]) === stuck) return bytes;
  }
  return undefined;
}

describe("backpressure", () => {
  let server: ModelServer;
  let written: Promise<number | undefined>;
  before(async () => void (server = await ModelServer.start()));
  after(() => server.stop());

  function answerWithoutEnd(): void {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    written = promise;
    server.answer = async (_, response) => {
      begin(response);
      resolve(await writeAll(response));
    };
  }

  it("of a runner: an answer is read as fast as its reader reads", async () => {
    answerWithoutEnd();
    await using runner = await openai.create({ params: { baseUrl: server.baseUrl } });
    const results = runner.run({ inputs: { text: "hi" } });
    await results.next();
    assert.notEqual(await written, undefined);
    await results.return();
    await server.last.closed;
  });

  it("of a session: through the worker, to the service", async () => {
    answerWithoutEnd();
    const runtime = await createRuntime();
    try {
      const params = { baseUrl: server.baseUrl, maxOutputChars: 100_000_000 };
      const session = await runtime.open({ version: "v1", nodes: [{ id: "llm", node_type: "llm.openai", params }] });
      await session.send(RuntimeData.text("hi"));
      assert.notEqual(await written, undefined);
      await session.cancel();
      await server.last.closed;
    } finally {
      await runtime.close();
    }
  });
});
