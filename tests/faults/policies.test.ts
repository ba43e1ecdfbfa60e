import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData, type Session } from "../../mod.ts";
import { KEEPING, row, withCrashes, withKeys } from "../_support/crashes.ts";
import { rejectionOf } from "../_support/errors.ts";
import { firsts, numberOf, passAll, sendAll, upTo } from "../_support/numbered.ts";
import { chain, collect } from "../_support/runtime.ts";

describe("a deadline", () => {
  const deadline = { deadline_ms: 50 } as const;
  const expired = async (session: Session) => {
    const reading = collect(session);
    void sendAll(session, 4).catch(() => {});
    return await rejectionOf(reading);
  };

  it("ends an input that watches its signal with deadline-exceeded", () =>
    withCrashes(async (runtime) => {
      const error = await expired(await runtime.open(withKeys(row({ at: [1], how: "wait" }), "n0", deadline)));
      assert.equal(error.reason, "deadline-exceeded");
      assert.equal(error.nodeId, "n0");
    }));

  it("and skips it where the node skips", () =>
    withCrashes(async (runtime) => {
      const keys = { ...deadline, on_error: "skip" } as const;
      const session = await runtime.open(withKeys(row({ at: [1], how: "wait" }), "n0", keys));
      assert.deepEqual(firsts(await passAll(session, 4)), [0, 2, 3]);
    }));

  it("and tries it again where the node retries", () =>
    withCrashes(async (runtime) => {
      const keys = { ...deadline, retry: { max_attempts: 2, initial_delay_ms: 0 } };
      const session = await runtime.open(withKeys(row({ at: [1], how: "wait" }), "n0", keys));
      assert.deepEqual(firsts(await passAll(session, 4)), upTo(4));
      assert.equal((await session.metrics()).nodes["n0"]?.failures, 1);
    }));

  for (const how of ["hang", "loop"] as const) {
    it(`${how}: a node that does not return is node-stuck, and runs again where the session asks for it`, () =>
      withCrashes(async (runtime) => {
        const manifest = withKeys(row({ at: [1], how }), "n0", deadline);
        const error = await expired(await runtime.open(manifest));
        assert.equal(error.reason, "node-stuck");
        assert.equal(error.nodeId, "n0");
        const session = await runtime.open(manifest, KEEPING);
        assert.deepEqual(firsts(await passAll(session, 4)), upTo(4));
        assert.equal((await session.metrics()).restarts, 1);
      }));
  }
});

describe("a failing input", () => {
  it("is tried again, and counted", () =>
    withCrashes(async (runtime) => {
      const keys = { retry: { max_attempts: 3, initial_delay_ms: 1 } };
      const session = await runtime.open(withKeys(row({ at: [1], how: "throw", times: 2 }), "n0", keys));
      assert.deepEqual((await passAll(session, 4)).map(numberOf), upTo(4));
      assert.equal((await session.metrics()).nodes["n0"]?.failures, 2);
    }));

  it("is left out where the node skips, and the others go on", () =>
    withCrashes(async (runtime) => {
      const session = await runtime.open(withKeys(row({ at: [1], how: "reject" }), "n0", { on_error: "skip" }));
      assert.deepEqual((await passAll(session, 4)).map(numberOf), [0, 2, 3]);
      const counts = (await session.metrics()).nodes["n0"];
      assert.deepEqual([counts?.failures, counts?.skipped], [1, 1]);
    }));

  it("gives what was partial before it, marked as such", () =>
    withCrashes(async (runtime) => {
      const session = await runtime.open(row({ at: [1], how: "wait", when: "amid", times: 0 }, {}));
      void sendAll(session, 3);
      const outputs = await collect(session);
      assert.deepEqual(outputs.map((output) => [numberOf(output), output.isPartial]), [
        ...[[0, false], [1, true], [1, false], [2, false]],
      ]);
    }));
});

describe("the circuit breaker", () => {
  it("takes a plugin that keeps crashing out of service, and back in", () =>
    withCrashes(async (runtime) => {
      const crash = async () => {
        const session = await runtime.open(row({ at: [0] }));
        const reading = collect(session);
        void sendAll(session, 1).catch(() => {});
        return await rejectionOf(reading);
      };
      assert.equal((await crash()).reason, "worker-crashed");
      // Told by the crash that takes it out, or by what comes after it.
      const last = await crash();
      assert.equal(last.reason, "plugin-unavailable");
      const refused = await rejectionOf(runtime.open(row({})));
      assert.equal(refused.reason, "plugin-unavailable");
      assert.equal(refused.code, "unavailable");
      assert.ok(refused.retryable);
      // Other groups are served.
      const { outputs } = await runtime.execute(chain("util.passthrough"), { n0: RuntimeData.text("x") });
      assert.equal(outputs["n0"]?.length, 1);
      // And when it has cooled down, it is served again.
      for (;;) {
        const session = await runtime.open(row({})).catch(() => undefined);
        if (session === undefined) continue;
        assert.deepEqual(firsts(await passAll(session, 3)), upTo(3));
        return;
      }
    }, { breaker: { maxCrashes: 2, coolDownMs: 500 } }));
});
