import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRuntime, type LogEntry, type Manifest, type Runtime, RuntimeData } from "../../mod.ts";
import { LOG_BURST } from "../../workers/log_valve.ts";
import { rejectionOf } from "../_support/errors.ts";
import { HOSTILE } from "../_support/hostile.ts";
import { chain, collect, testPlugin, withRuntime } from "../_support/runtime.ts";

/** A runtime with the hostile plugin. */
function withHostile(use: (runtime: Runtime, logs: LogEntry[]) => Promise<void>): Promise<void> {
  const logs: LogEntry[] = [];
  const options = { plugins: [testPlugin("hostile")], onLog: (entry: LogEntry) => void logs.push(entry) };
  return withRuntime((runtime) => use(runtime, logs), options);
}

const once = (runtime: Runtime, manifest: Manifest) => runtime.execute(manifest, { n0: RuntimeData.text("x") });

describe("a plugin that means harm", () => {
  it("fails with an error of ours that names it, whatever it throws, and wherever", () =>
    withHostile(async (runtime) => {
      for (const when of ["create", "process", "flush", "dispose"]) {
        await Promise.all(HOSTILE.map(async (_, which) => {
          const error = await rejectionOf(once(runtime, chain(["hostile.throw", { which, when }])));
          const reasons = when === "create" ? ["node-create-failed"] : ["node-failed"];
          assert.ok(reasons.includes(error.reason), `${when} ${which}: ${error.message}`);
          assert.deepEqual([error.nodeId, error.pluginName], ["n0", "hostile"], `${when} ${which}`);
        }));
      }
    }));

  it("is refused where the node that it gives cannot be looked at", () =>
    withHostile(async (runtime) => {
      for (const which of HOSTILE.keys()) {
        const error = await rejectionOf(runtime.open(chain(["hostile.node", { which }])));
        assert.deepEqual([error.reason, error.nodeId, error.pluginName], ["node-create-failed", "n0", "hostile"]);
      }
    }));

  it("is noticed at once where it ends its own thread, without anybody asking", () =>
    withHostile(async (runtime) => {
      const hasClose = typeof (globalThis as { close?: unknown }).close === "function";
      for (const how of ["exit", "exit-with-code", ...hasClose ? ["close"] : []]) {
        for (const when of ["create", "process", "flush"]) {
          // Nothing is cancelled here: a session whose end goes unnoticed would hang.
          const error = await rejectionOf(once(runtime, chain(["hostile.end", { how, when }])));
          assert.equal(error.reason, "worker-crashed", `${how} in ${when}: ${error.message}`);
          assert.deepEqual([error.nodeId, error.pluginName], ["n0", "hostile"]);
        }
      }
      assert.equal(runtime.metrics().plugins["hostile"]?.crashes, hasClose ? 9 : 6);
    }));

  it("does not fill the host with what it logs: so many entries, so long, and how many were left out", () =>
    withHostile(async (runtime, logs) => {
      await once(
        runtime,
        chain(["hostile.log", { count: 20_000, chars: 100_000 }], ["hostile.log", { count: 1, chars: 10 }]),
      );
      // A few more pass while time goes by.
      assert.ok(logs.length >= LOG_BURST && logs.length < 10 * LOG_BURST, `${logs.length} entries`);
      for (const { message, details } of logs) {
        assert.ok(message.length <= 8_193 && JSON.stringify(details ?? {}).length <= 16_384);
      }
      const session = await runtime.open(chain(["hostile.log", { count: 1_000, chars: 1 }]));
      const reading = collect(session);
      await session.send(RuntimeData.text("x"));
      // What was left out is told with the next entry that passes.
      while (!logs.some(({ message }) => /log entries were left out/.test(message))) {
        await session.send(RuntimeData.text("x"));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await session.finish();
      await reading;
    }));

  it("gives nothing that would be endless if it was written out", async () => {
    for (const tier of ["worker", "process"] as const) {
      await using runtime = await createRuntime({
        plugins: [{ plugin: testPlugin("hostile"), tier }, testPlugin("probe")],
      });
      for (const types of [["hostile.fold"], ["hostile.fold", "probe.echo"]]) {
        const error = await rejectionOf(once(runtime, chain(...types)));
        assert.deepEqual([error.nodeId, error.pluginName], ["n0", "hostile"], error.message);
        assert.match(error.message, /too large when it is written out/);
      }
    }
  });

  it("pollutes no prototype of the host by the keys of its JSON and metadata: they arrive as what they are, data", () =>
    withHostile(async (runtime) => {
      for (
        const types of [["hostile.keys"], ["hostile.keys", "probe.count"], ["probe.echo", "hostile.keys", "probe.echo"]]
      ) {
        const { items } = await once(runtime, chain(...types));
        const data = RuntimeData.asJson(items[0]!.data) as Record<string, unknown>;
        assert.equal(({} as { polluted?: unknown }).polluted, undefined);
        assert.equal(Object.getPrototypeOf(data), Object.prototype);
        assert.deepEqual(Object.keys(data), ["__proto__", "constructor"]);
        assert.ok(Object.hasOwn(items[0]!.data.metadata!, "__proto__"));
      }
      // Nor do ids, which applications may take from others.
      const { outputs } = await runtime.execute({
        version: "v1",
        nodes: [{ id: "__proto__", node_type: "probe.echo" }],
      }, JSON.parse('{"__proto__": {"type": "text", "text": "x"}}'));
      assert.equal(Object.getPrototypeOf(outputs), Object.prototype);
      assert.equal(Object.getOwnPropertyDescriptor(outputs, "__proto__")?.value.length, 1);
    }));
});
