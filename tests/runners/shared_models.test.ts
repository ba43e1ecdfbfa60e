/** A model is loaded once for a worker, and its sessions share it. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRuntime, RuntimeData } from "../../mod.ts";
import { testPlugin } from "../_support/runtime.ts";

describe("the model of a runner", () => {
  it("is loaded once for a worker, shared by its sessions, and unloaded with the last", async () => {
    const runtime = await createRuntime({ plugins: [testPlugin("models")], maxThreads: 1 });
    const open = async (model: string) => {
      const nodes = [{ id: "llm", node_type: "models.count", params: { model } }];
      const session = await runtime.open({ version: "v1", nodes });
      const outputs = session[Symbol.asyncIterator]();
      const ask = async () => {
        await session.send(RuntimeData.text("?"));
        const { value } = await outputs.next();
        const { loads, unloads, thread } = value?.data.metadata ?? {};
        return { loads, unloads, thread };
      };
      return { ask, cancel: () => session.cancel() };
    };
    try {
      const [one, two, three] = await Promise.all([open("a"), open("a"), open("a")]);
      const first = await one.ask();
      assert.deepEqual([first.loads, first.unloads], [1, 0]);
      assert.deepEqual([await two.ask(), await three.ask()], [first, first]);
      const other = await open("b");
      assert.deepEqual(await other.ask(), { ...first, loads: 2 });
      for (const { cancel } of [one, two]) await cancel();
      assert.deepEqual(await other.ask(), { ...first, loads: 2 });
      await three.cancel();
      const again = await open("a");
      assert.deepEqual(await again.ask(), { ...first, loads: 3, unloads: 1 });
    } finally {
      await runtime.close();
    }
  });
});
