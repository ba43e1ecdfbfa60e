/** A thread that dies as it starts takes nobody along who comes after it. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRuntime, type Manifest, RuntimeData } from "../../mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { collect, testPlugin } from "../_support/runtime.ts";

const ROUNDS = 5;

/** Two nodes in threads of their own; both threads die before they are ready, where the entry is told to. */
function manifest(params: { readonly entry?: string }): Manifest {
  return {
    version: "v1",
    nodes: ["a", "b"].map((id) => ({ id, node_type: "crash.at", params, fuse: false })),
    connections: [{ from: "a", to: "b" }],
  };
}

describe("a session whose threads die as they start", () => {
  it("has failed when all of them have: the next one is put on none that is dying", async () => {
    await using runtime = await createRuntime({
      plugins: [testPlugin("crash")],
      workerEntry: new URL("../_support/hostile_entry.ts", import.meta.url),
      maxThreads: 2,
      onLog: () => {},
    });
    for (let round = 0; round < ROUNDS; round++) {
      const { reason } = await rejectionOf(runtime.open(manifest({ entry: "exit-before-ready" })));
      assert.equal(reason, "worker-crashed");
      const session = await runtime.open(manifest({}));
      await session.send(RuntimeData.json({ n: round }));
      await session.finish();
      assert.equal((await collect(session)).length, 1);
    }
  });
});
