/** A session has ended for its reader when all nodes have; what is left is to close. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData } from "../../mod.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

const STAYS = { workerEntry: new URL("../_support/staying_entry.ts", import.meta.url), killGraceMs: 100 };

describe("the end of a session", () => {
  it("comes with the last output and the last counts, whether its threads have let go of it or not", () =>
    withRuntime(async (runtime) => {
      const { outputs, metrics } = await runtime.execute(chain("probe.tally", "probe.echo"), {
        n0: [RuntimeData.text("a"), RuntimeData.text("b")],
      });
      assert.deepEqual(outputs["n1"], [RuntimeData.json(1), RuntimeData.json(2)]);
      assert.equal(metrics.state, "done");
      assert.deepEqual(Object.values(metrics.nodes).map(({ itemsIn, itemsOut }) => [itemsIn, itemsOut]), [[2, 2], [
        2,
        2,
      ]]);
      assert.equal(runtime.metrics().sessions, 0);
    }, STAYS));

  it("makes room for the next one", () =>
    withRuntime(async (runtime) => {
      for (let i = 0; i < 5; i++) {
        const { outputs } = await runtime.execute(chain("probe.tally"), { n0: RuntimeData.text("x") });
        assert.deepEqual(outputs["n0"], [RuntimeData.json(1)]);
      }
    }, { maxSessions: 1 }));

  it("is followed by that of a thread that does not let go, and by nothing that the reader hears of", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("probe.echo"));
      const reading = collect(session);
      await session.send(RuntimeData.text("x"));
      await session.finish();
      assert.equal((await reading).length, 1);
      assert.equal(session.state, "done");
      // Resolves when nothing is left of it: its thread was terminated.
      await session[Symbol.asyncDispose]();
      assert.equal(session.state, "done");
      assert.equal(runtime.metrics().plugins["probe"]?.crashes, 0);
    }, STAYS));

  it("does not hold up the end of the runtime", () =>
    withRuntime(async (runtime) => {
      await runtime.execute(chain("probe.echo"), { n0: RuntimeData.text("x") });
    }, STAYS));
});

describe("a session that does not wait awake", () => {
  it("gives what any other does", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("probe.echo", "probe.tally"), { waitAwake: false });
      const reading = collect(session);
      for (let i = 0; i < 100; i++) {
        await session.send(RuntimeData.audio({ samples: new Float32Array(160), sampleRate: 16_000 }));
      }
      await session.finish();
      const outputs = await reading;
      assert.deepEqual(
        outputs.map(({ data }) => RuntimeData.asJson(data)),
        Array.from({ length: 100 }, (_, i) => i + 1),
      );
    }));
});
