/** One-shot runs find a session that is open already, and never one that another run has used. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextTurn } from "../../core/flow/pacer.ts";
import { type Manifest, type Runtime, RuntimeData, type Session } from "../../mod.ts";
import { RemotePipelineClient } from "../../remote/mod.ts";
import { WarmSessions } from "../../remote/service/warm_sessions.ts";
import { chain, testPlugin, withRuntime } from "../_support/runtime.ts";
import { withService } from "./_service_kit.ts";

/** The same runtime, with each session that it opens. */
function watched(runtime: Runtime): { readonly runtime: Runtime; nextOpen(): Promise<Session> } {
  let onOpen = (_session: Session) => {};
  const open = async (manifest: Manifest) => {
    const session = await runtime.open(manifest);
    onOpen(session);
    return session;
  };
  return {
    runtime: { open } as Pick<Runtime, "open"> as Runtime,
    nextOpen: () => new Promise((resolve) => onOpen = resolve),
  };
}

describe("warm sessions", () => {
  it("are opened from the second run of a manifest on, and each is given once", () =>
    withRuntime(async (plain) => {
      const { runtime, nextOpen } = watched(plain);
      const warm = new WarmSessions(runtime, 2);
      const manifest = chain("probe.tally");
      assert.equal(warm.take(manifest), undefined);
      warm.replenish(manifest);
      const opened = nextOpen();
      warm.replenish(manifest);
      const session = await opened;
      // It is put by in the same turn.
      await nextTurn();
      assert.equal(warm.take(chain("probe.echo")), undefined);
      // The same manifest in another object is the same.
      assert.equal(warm.take(chain("probe.tally")), session);
      assert.equal(warm.take(manifest), undefined);
      await session.cancel();
      await warm.close();
    }));

  it("that wait are ended with the service, and one whose thread has died is not given", () =>
    withRuntime(async (plain) => {
      const { runtime, nextOpen } = watched(plain);
      const warm = new WarmSessions(runtime, 2);
      const manifest = chain("probe.tally");
      warm.replenish(manifest);
      const sessions: Session[] = [];
      for (let i = 0; i < 2; i++) {
        const opened = nextOpen();
        warm.replenish(manifest);
        sessions.push(await opened);
        await nextTurn();
      }
      await sessions[0]?.cancel();
      assert.equal(warm.take(manifest), sessions[1]);
      const opened = nextOpen();
      warm.replenish(manifest);
      const last = await opened;
      await warm.close();
      assert.equal(last.state, "cancelled");
      assert.equal(warm.take(manifest), undefined);
      await sessions[1]?.cancel();
    }));

  it("leave no trace of one run in the next, whoever calls, and change no manifest", () =>
    withService(
      async ({ address }) => {
        const client = new RemotePipelineClient(address);
        try {
          const run = async (id: string) => {
            const manifest: Manifest = { version: "v1", nodes: [{ id, node_type: "probe.tally" }] };
            const { outputs } = await client.executePipeline(manifest, { [id]: RuntimeData.json(["x"]) });
            return RuntimeData.asJson(outputs[id] as RuntimeData);
          };
          for (let i = 0; i < 12; i++) assert.equal(await run(`n${i % 2}`), 1);
          assert.deepEqual(await Promise.all(Array.from({ length: 8 }, () => run("n0"))), Array(8).fill(1));
        } finally {
          await client.disconnect();
        }
      },
      {},
      { plugins: [testPlugin("probe")] },
    ));
});
