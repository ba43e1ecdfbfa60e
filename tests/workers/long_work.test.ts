/** A node that works long on each value, with others there already, still hears what it is told before the next. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRuntime, RuntimeData, type Session } from "../../mod.ts";
import { defineNode, definePlugin } from "../../core/plugin.ts";

const WORK_MS = 3;
const VALUES = 16;

/**
 * Runs a node in this thread, so that a test can act in the middle of its work.
 *
 * @param onFirst Called by the first value.
 * @param onIdle Called whenever the node has nothing to do.
 */
async function withWorker(
  sharedMemory: boolean,
  use: (session: Session) => Promise<void>,
  onFirst: () => void,
  onIdle: () => void = () => {},
): Promise<number> {
  let worked = 0;
  const plugin = definePlugin({
    name: "long-work",
    version: "1.0.0",
    apiVersion: 1,
    nodes: [defineNode({
      type: "long-work.spin",
      summary: "Takes its time, and gives its thread to nobody meanwhile.",
      inputs: { in: ["any"] },
      outputs: { out: ["any"] },
      create: () => ({
        async *process(data) {
          if (worked++ === 0) onFirst();
          for (const untilMs = performance.now() + WORK_MS; performance.now() < untilMs;);
          yield data;
        },
        idle: onIdle,
      }),
    })],
  });
  await using runtime = await createRuntime({ plugins: [{ tier: "inline", plugin }], sharedMemory });
  const session = await runtime.open({ version: "v1", nodes: [{ id: "n", node_type: "long-work.spin" }] });
  await use(session);
  return worked;
}

const VALUE_KINDS = {
  "messages": () => RuntimeData.json({ a: 1 }),
  "short chunks": () => RuntimeData.audio({ samples: new Float32Array(160), sampleRate: 16_000 }),
};

for (const sharedMemory of [true, false]) {
  for (const [kind, makeValue] of Object.entries(VALUE_KINDS)) {
    describe(`a long work on each of many ${kind}, ${sharedMemory ? "with" : "without"} shared memory`, () => {
      it("does not hold up a cancel", async () => {
        let cancel = () => {};
        const worked = await withWorker(sharedMemory, async (session) => {
          // In a turn of the event loop that begins after the first value was taken.
          cancel = () => setImmediate(() => void session.cancel());
          for (let i = 0; i < VALUES; i++) await session.send(makeValue());
          await session[Symbol.asyncDispose]();
          assert.equal(session.state, "cancelled");
        }, () => cancel());
        assert.ok(worked <= 3, `${worked} of ${VALUES} values were worked on`);
      });

      it("does not hold up a flush", async () => {
        let flush = () => {};
        const worked = await withWorker(sharedMemory, async (session) => {
          flush = () => setImmediate(() => session.flush());
          for (let i = 0; i < VALUES; i++) await session.send(makeValue());
          await session.finish();
          for await (const _ of session) { /* What was ready before the flush. */ }
          assert.equal(session.state, "done");
        }, () => flush());
        assert.ok(worked <= 3, `${worked} of ${VALUES} values were worked on`);
      });
    });
  }
}

describe("a node with idle() that works long on each value", () => {
  it("is not taken to be idle while others wait", async () => {
    let idled = 0;
    const worked = await withWorker(
      true,
      async (session) => {
        for (let i = 0; i < VALUES; i++) await session.send(VALUE_KINDS["short chunks"]());
        await session.finish();
        for await (const _ of session) { /* All of them. */ }
      },
      () => {},
      () => void idled++,
    );
    assert.equal(worked, VALUES);
    // Before the first, and until the end is heard.
    assert.ok(idled <= 2, `it was idle ${idled} times`);
  });
});
