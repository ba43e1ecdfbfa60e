import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData } from "../../mod.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

const text = RuntimeData.text("x");

describe("a session that fails", () => {
  it("costs no thread of the segments before it, and no session that shares them", () =>
    withRuntime(async (runtime) => {
      const bystander = await runtime.open(chain("util.passthrough"));
      for (let round = 0; round < 5; round++) {
        // The first segment has finished by the time the second one fails.
        await assert.rejects(runtime.execute(chain("util.passthrough", "fault.throw"), { n0: text }), {
          reason: "node-failed",
          nodeId: "n1",
        });
      }
      await bystander.send(text);
      await bystander.finish();
      assert.equal((await collect(bystander)).length, 1);
    }, { maxThreads: 1 }));

  it('names input and kind when a value behind "any" is of the wrong kind', () =>
    withRuntime(async (runtime) => {
      await assert.rejects(runtime.execute(chain("util.passthrough", "audio.gain"), { n0: text }), {
        reason: "wrong-kind",
        code: "invalid-argument",
        nodeId: "n1",
        pluginName: "audio",
        message: /received text; expected audio/,
      });
    }));

  it("tells a failed input of execute from a failed session", () =>
    withRuntime(async (runtime) => {
      for (const input of [null, 5, "text"]) {
        await assert.rejects(runtime.execute(chain("util.passthrough"), { n0: input as never }), {
          reason: "invalid-data",
        });
      }
    }));
});

describe("a described plugin", () => {
  it("serves its first session from the thread that described it", () =>
    withRuntime(async (runtime) => {
      const { outputs } = await runtime.execute(chain("probe.thread"), { n0: text });
      const summary = runtime.registry.find("probe.thread")?.description.summary ?? "";
      assert.match(
        summary,
        new RegExp(`described on thread ${RuntimeData.asJson(outputs["n0"]?.[0] as RuntimeData)}\\.`),
      );
    }, { maxThreads: 1 }));
});

describe("logging", () => {
  it("does not fail a node whose details cannot be cloned", async () => {
    const entries: string[] = [];
    await withRuntime(async (runtime) => {
      const { outputs } = await runtime.execute(chain("probe.log"), { n0: text });
      assert.equal(outputs["n0"]?.length, 1);
    }, { onLog: ({ message, details }) => void entries.push(`${message} ${JSON.stringify(details)}`) });
    assert.deepEqual(entries, ['plain {"n":1}', "odd undefined"]);
  });
});
