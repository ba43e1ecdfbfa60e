import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Manifest } from "../../mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { withRuntime } from "../_support/runtime.ts";

const COUNT = 20_000;
const passThrough = (id: string) => ({ id, node_type: "util.passthrough" });
const many = Array.from({ length: COUNT }, (_, i) => passThrough(`n${i}`));
/** Every node an input of the session, and all of them in one segment. */
const FAN_IN: Manifest = {
  version: "v1",
  nodes: [passThrough("sink"), ...many],
  connections: many.map(({ id }) => ({ from: id, to: "sink" })),
};

describe("a manifest that is too large to run", () => {
  it("is refused before anything is made for it: 20 000 inputs, 20 000 tasks", () =>
    withRuntime(async (runtime) => {
      const inputs = await rejectionOf(runtime.open(FAN_IN));
      assert.equal(inputs.reason, "invalid-manifest");
      assert.deepEqual(inputs.problems.map(({ path, received }) => [path, received]), [["nodes", "20001 links"]]);
      const tasks = await rejectionOf(runtime.open({ version: "v1", nodes: many }));
      assert.match(tasks.message, /20000 tasks; expected at most 12/);
      assert.equal((await runtime.validate({ version: "v1", nodes: many })).length, 2);
      assert.equal(runtime.metrics().sessions, 0);
    }, { maxThreads: 3, tasksPerThread: 4 }));

  it("runs where the options allow it, up to the last link", () =>
    withRuntime(async (runtime) => {
      const nodes = many.slice(0, 9);
      const connections = nodes.slice(1).map(({ id }) => ({ from: id, to: "n0" }));
      const session = await runtime.open({ version: "v1", nodes, connections });
      assert.equal((await session.metrics()).links.length, 8 + 8 + 1);
      await session.cancel();
      const one = [...nodes, passThrough("more")];
      const error = await rejectionOf(
        runtime.open({ version: "v1", nodes: one, connections: [...connections, { from: "more", to: "n0" }] }),
      );
      assert.match(error.message, /10 links; expected at most 9/);
    }, { maxSessionLinks: 9 }));
});
