import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData } from "../../../mod.ts";
import { chain, collect, withRuntime } from "../../_support/runtime.ts";

const chunk = () => RuntimeData.audio({ samples: new Float32Array(16), sampleRate: 8000 });
/** Longer than any test may take: what needs the kill ladder to end does not pass. */
const NEVER_MS = 2 ** 31 - 1;

// A link that is never full and never empty makes nobody wait for a message, so that nothing else of its thread would
// have its turn.
describe("a thread whose links never make it wait", () => {
  it("runs its other sessions, and hears of a flush and a cancel", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("probe.endless"));
      await session.send(RuntimeData.text("go"));
      const reading = collect(session).catch(({ reason }) => reason);
      for (let i = 0; i < 3; i++) {
        const { outputs } = await runtime.execute(chain("probe.thread"), { n0: chunk() });
        assert.equal(outputs["n0"]?.length, 1);
        // A thread that hears nothing tells nothing: its nodes are left out.
        while ((await session.metrics()).nodes["n0"] === undefined);
        session.flush();
        await session.send(RuntimeData.text("go on"));
      }
      await session.cancel();
      assert.equal(await reading, "session-cancelled");
      // The thread is still there: only a thread that heard nothing would have to be ended.
      await runtime.execute(chain("probe.thread"), { n0: chunk() });
    }, { maxThreads: 1, killGraceMs: NEVER_MS }));

  it("answers while it is flooded, and its host keeps its timers", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain(["probe.many", { count: 0 }]));
      let due = 2;
      setTimeout(() => due -= 1, 1);
      const asked = session.metrics().then(() => due -= 1);
      while (due > 0) await session.send(chunk());
      await asked;
      await session.cancel();
    }, { killGraceMs: NEVER_MS }));

  it("gives a slow reader everything, although the session ended long ago", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      for (let i = 0; i < 12; i++) await session.send(chunk());
      await session.finish();
      const outputs = session[Symbol.asyncIterator]();
      await outputs.next();
      // The counts are final once the segment has ended.
      while ((await session.metrics()).state !== "done");
      let count = 1;
      while ((await outputs.next()).done !== true) count += 1;
      assert.equal(count, 12);
    }));
});
