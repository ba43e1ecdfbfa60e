import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRuntime, type LogEntry, type Runtime, RuntimeData } from "../../../mod.ts";
import { row, withKeys } from "../../_support/crashes.ts";
import { rejectionOf } from "../../_support/errors.ts";
import { LogBook } from "../../_support/log_book.ts";
import { chain, collect, testPlugin } from "../../_support/runtime.ts";

const number = (n: number) => RuntimeData.json(n);

describe("the watch over a child process", () => {
  let runtime: Runtime;
  const log = new LogBook<LogEntry>();

  before(async () => {
    runtime = await createRuntime({
      plugins: [
        { tier: "process", plugin: testPlugin("crash") },
        { tier: "process", plugin: testPlugin("child"), maxRssBytes: 400 * 1024 ** 2 },
      ],
      onLog: log.onLog,
      stallAfterMs: 1_000,
      stallTimeoutMs: 3_500,
      killGraceMs: 1_500,
    });
  });
  after(() => runtime.close());

  it("tells of a node that blocks it, in the log and in the metrics, and kills it after stallTimeoutMs", async () => {
    // Two nodes in one segment: which of them it is has to be told by the child.
    const session = await runtime.open(chain("crash.at", ["crash.at", { at: [1], how: "loop" }]));
    const reading = rejectionOf(collect(session));
    await session.send(number(1));
    const [stall] = await log.until(({ message }) => /blocked its thread/.test(message));
    assert.deepEqual([stall?.level, stall?.nodeId, stall?.pluginName], ["warn", "n1", "crash"]);
    const plugin = runtime.metrics().plugins["crash"];
    assert.deepEqual([plugin?.stalledThreads, plugin?.stalls, plugin?.crashes], [1, 1, 0]);
    assert.ok((plugin?.longestStallMs ?? 0) >= 1_000);
    const { segments: [health] } = await session.metrics();
    assert.deepEqual(health?.nodeIds, ["n0", "n1"]);
    assert.ok((health?.stalledMs ?? 0) >= 1_000 && (health?.heapBytes ?? 0) > 0 && (health?.threadId ?? 0) > 0);
    const error = await reading;
    assert.deepEqual([error.reason, error.nodeId, error.pluginName], ["node-stuck", "n1", "crash"]);
    assert.match(error.message, /3500 ms \(stallTimeoutMs\); its process was killed/);
    assert.deepEqual(runtime.metrics().plugins["crash"]?.crashes, 1);
  });

  it("kills a node that blocks it beyond its deadline, and starts it again: nothing is lost", async () => {
    log.entries.length = 0;
    const manifest = withKeys(row({ at: [2], how: "loop" }), "n0", { deadline_ms: 500 });
    const options = { delivery: "at-least-once", restart: { maxRestarts: 3, initialDelayMs: 1 } } as const;
    const { outputs, metrics } = await runtime.execute(manifest, { n0: [1, 2, 3].map(number) }, options);
    assert.deepEqual([...new Set(outputs["n0"]!.map(RuntimeData.asJson))], [1, 2, 3]);
    assert.deepEqual([metrics.restarts, metrics.segments[0]?.restarts], [1, 1]);
    const told = log.entries.find(({ message }) => /started again after a crash/.test(message));
    assert.deepEqual([told?.nodeId, told?.pluginName], ["n0", "crash"]);
    assert.match(told?.message ?? "", /500 ms for one input; its process was killed/);
  });

  it("counts memory that was exceeded as a crash, and says which plugin it was", async () => {
    const options = { restart: { maxRestarts: 1, initialDelayMs: 1 }, delivery: "at-least-once" } as const;
    const error = await rejectionOf(runtime.execute(chain("child.hoard"), { n0: RuntimeData.text("x") }, options));
    assert.deepEqual([error.reason, error.nodeId, error.pluginName], ["memory-exceeded", "n0", "child"]);
    assert.match(error.message, /maxRssBytes.*started again once/);
    assert.equal(error.problems[0]?.path, "maxRssBytes");
    const plugin = runtime.metrics().plugins["child"];
    assert.deepEqual([plugin?.crashes, plugin?.restarts], [2, 1]);
  });
});
