/** Nodes that give values of their own accord, while they wait for input. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData } from "../../mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

describe("a node with idle()", () => {
  it("gives values before its first input, between inputs, and none after the last", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain(["probe.idle", { count: 3 }], "probe.echo"));
      const outputs = session[Symbol.asyncIterator]();
      const next = async () => RuntimeData.asJson((await outputs.next()).value?.data as RuntimeData);
      // Nothing has been sent.
      assert.deepEqual([await next(), await next(), await next()], [0, 1, 2]);
      await session.send(RuntimeData.text("a"));
      assert.deepEqual(await next(), { text: "a", waits: 1, ends: 1, resets: 0 });
      await session.finish();
      assert.equal(await next(), "flushed");
      assert.equal((await outputs.next()).done, true);
    }));

  it("an input waits only until it has ended, however much it would give", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain(["probe.idle", { count: 1e9 }]));
      const seen: unknown[] = [];
      await session.send(RuntimeData.text("a"));
      for await (const { data } of session) {
        const value = RuntimeData.asJson(data);
        if (typeof value === "object") {
          seen.push(value);
          break;
        }
      }
      assert.equal((seen[0] as { text: string }).text, "a");
      await session.cancel();
    }));

  it("a flush of the session ends it, and resets the node before the next input", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain(["probe.idle", { count: 1 }]));
      const outputs = session[Symbol.asyncIterator]();
      assert.equal(RuntimeData.asJson((await outputs.next()).value?.data as RuntimeData), 0);
      session.flush();
      await session.send(RuntimeData.text("a"));
      const answer = RuntimeData.asJson((await outputs.next()).value?.data as RuntimeData);
      const { resets, waits, ends } = answer as { resets: number; waits: number; ends: number };
      assert.deepEqual([resets, ends], [1, waits]);
      await session.cancel();
    }));

  it("what it throws fails the session, with no input there", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain(["probe.idle", { count: 1, fails: true }]));
      const error = await rejectionOf(collect(session));
      assert.deepEqual([error.reason, error.nodeId, error.pluginName], ["node-failed", "n0", "probe"]);
      assert.match(error.message, /no more numbers/);
    }));

  it("a session that is cancelled ends it, also while its values have no room", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain(["probe.idle", { count: 1e9 }]));
      await session[Symbol.asyncIterator]().next();
      await session.cancel();
      // Waits for everything that runs.
      await runtime.close({ drainTimeoutMs: 60_000 });
    }));
});
