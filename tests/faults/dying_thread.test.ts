/** A thread that dies as it starts takes nobody along who comes after it. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRuntime, type Manifest, RuntimeData } from "../../mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { collect, testPlugin } from "../_support/runtime.ts";

const ROUNDS = 5;

/** Three nodes in threads of their own; the threads of the first and the last die before they are ready, if they are to. */
function manifest(entry?: string): Manifest {
  const node = (id: string, params: { readonly entry?: string }) => ({
    id,
    node_type: "crash.at",
    params,
    fuse: false,
  });
  const dying = entry === undefined ? {} : { entry };
  return {
    version: "v1",
    nodes: [node("a", dying), node("b", {}), node("c", dying)],
    connections: [{ from: "a", to: "b" }, { from: "b", to: "c" }],
  };
}

describe("a session whose threads die as they start", () => {
  it("has failed when all of them have: the next one is put on none that is dying", async () => {
    await using runtime = await createRuntime({
      plugins: [testPlugin("crash")],
      workerEntry: new URL("../_support/hostile_entry.ts", import.meta.url),
      maxThreads: 3,
      onLog: () => {},
    });
    for (let round = 0; round < ROUNDS; round++) {
      const { reason } = await rejectionOf(runtime.open(manifest("exit-before-ready")));
      assert.equal(reason, "worker-crashed");
      const session = await runtime.open(manifest());
      await session.send(RuntimeData.json({ n: round }));
      await session.finish();
      assert.equal((await collect(session)).length, 1);
    }
  });
});
