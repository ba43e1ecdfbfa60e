import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RuntimeOptions } from "../../mod.ts";
import { KEEPING, QUICK, row, withCrashes, withKeys } from "../_support/crashes.ts";
import { rejectionOf } from "../_support/errors.ts";
import { firsts, numbered, numberOf, passAll, sendAll, upTo } from "../_support/numbered.ts";
import { collect } from "../_support/runtime.ts";
import { withTickets } from "../_support/tickets.ts";

/** Longer than any test takes: a restart that never comes. */
const NEVER_MS = 3_600_000;

/** Resolves when a session has noted a crash, for which it logs a restart. */
function onceRestarted(): { options: RuntimeOptions; restarted: Promise<void> } {
  let resolve: () => void;
  const restarted = new Promise<void>((done) => resolve = done);
  return { restarted, options: { onLog: ({ message }) => message.startsWith("started again") && resolve() } };
}

describe("restart", () => {
  it("fails once with worker-crashed when the budget is used up, and names the node", () =>
    withCrashes(async (runtime) => {
      const session = await runtime.open(row({ at: [3], times: 99 }), KEEPING);
      const reading = collect(session);
      void sendAll(session, 20).catch(() => {});
      const error = await rejectionOf(reading);
      assert.equal(error.reason, "worker-crashed");
      assert.equal(error.nodeId, "n0");
      assert.equal((await session.metrics()).restarts, 3);
      assert.equal(session.state, "failed");
      // Told once: after the error there is nothing more.
      await session.cancel();
      assert.equal((await rejectionOf(session.send(numbered(0)))).reason, "worker-crashed");
    }));

  it("is not the default of at-most-once: the session fails with the first crash", () =>
    withCrashes(async (runtime) => {
      const session = await runtime.open(row({ at: [0] }));
      const reading = collect(session);
      void sendAll(session, 5).catch(() => {});
      assert.equal((await rejectionOf(reading)).reason, "worker-crashed");
    }));

  it("ends its pause when the session is cancelled", () =>
    withCrashes(async (runtime) => {
      const restart = { maxRestarts: 3, initialDelayMs: NEVER_MS, maxDelayMs: NEVER_MS };
      const session = await runtime.open(row({}, { at: [0] }, {}), { ...KEEPING, restart });
      const reading = collect(session);
      await session.send(numbered(0));
      // The thread of the middle is dead when its counts are missing.
      while ("n1" in (await session.metrics()).nodes);
      await session.cancel("no more");
      assert.equal((await rejectionOf(reading)).reason, "session-cancelled");
    }));

  it("drops what a flush drops while the thread is gone", () => {
    const { restarted, options } = onceRestarted();
    return withCrashes(async (runtime) => {
      const restart = { maxRestarts: 3, initialDelayMs: 100, maxDelayMs: 100 };
      const session = await runtime.open(row({}, { at: [2] }, {}), { ...KEEPING, restart });
      const reading = collect(session);
      for (const n of upTo(8)) await session.send(numbered(n));
      while ("n1" in (await session.metrics()).nodes);
      session.flush();
      await session.send(numbered(100));
      await restarted;
      await session.finish();
      const numbers = (await reading).map(numberOf);
      assert.deepEqual(numbers.filter((n) => n >= 2), [100]);
    }, options);
  });

  it("still comes to its end when the session was finished while the thread was gone", () =>
    withCrashes(async (runtime) => {
      for (const position of upTo(3)) {
        const session = await runtime.open(row(...upTo(3).map((i) => ({ at: i === position ? [4] : [] }))), KEEPING);
        const reading = collect(session);
        for (const n of upTo(5)) await session.send(numbered(n));
        await session.finish();
        assert.deepEqual(firsts(await reading), upTo(5), `segment ${position}`);
        assert.equal(session.state, "done");
      }
    }));

  it("follows a segment whose upstream has finished and gone", () =>
    withTickets((ticket) =>
      withCrashes(async (runtime) => {
        // The last one breaks in its flush, when those before it have nothing left to do.
        const session = await runtime.open(row({}, {}, { when: "flush", tickets: ticket() }), KEEPING);
        assert.deepEqual(firsts(await passAll(session, 10)), upTo(10));
        assert.equal((await session.metrics()).restarts, 1);
      })
    ));

  it("follows a segment that breaks when it is disposed of", () =>
    withTickets((ticket) =>
      withCrashes(async (runtime) => {
        for (const open of [KEEPING, { restart: QUICK }]) {
          const session = await runtime.open(row({}, { when: "dispose", tickets: ticket() }, {}), open);
          assert.deepEqual(firsts(await passAll(session, 10, "large")), upTo(10));
          assert.equal(session.state, "done");
        }
      })
    ));

  it("survives that two neighbours, or all, die at once", () =>
    // All segments of the group in one thread.
    withTickets((ticket) =>
      withCrashes(async (runtime) => {
        for (const size of ["small", "large"] as const) {
          const session = await runtime.open(row({}, { at: [5], tickets: ticket() }, {}), KEEPING);
          assert.deepEqual(firsts(await passAll(session, 30, size)), upTo(30), size);
          assert.equal((await session.metrics()).restarts, 3);
        }
      }, { maxThreads: 1 })
    ));

  it("is none while the session is opening", () =>
    withCrashes(async (runtime) => {
      const error = await rejectionOf(runtime.open(row({}, { when: "create" }, {}), KEEPING));
      assert.equal(error.reason, "worker-crashed");
      assert.equal(error.nodeId, "n1");
    }));

  it("leaves a poisonous input out where the node skips, and loses no other", () =>
    withCrashes(async (runtime) => {
      const keys = { on_error: "skip", retry: { max_attempts: 2 } } as const;
      const manifest = withKeys(row({}, { at: [6], times: 99 }, {}), "n1", keys);
      const session = await runtime.open(manifest, KEEPING);
      assert.deepEqual(firsts(await passAll(session, 20)), upTo(20).filter((n) => n !== 6));
      assert.equal((await session.metrics()).restarts, 2);
    }));

  it("says so in the log", async () => {
    const messages: string[] = [];
    await withCrashes(async (runtime) => {
      await passAll(await runtime.open(row({ at: [1] }), KEEPING), 5);
    }, { onLog: ({ level, nodeId, message }) => void messages.push(`${level} ${nodeId} ${message}`) });
    assert.equal(messages.length, 1);
    assert.match(messages[0] as string, /^warn n0 started again after a crash \(1 so far\): .*exited with code: 7/);
  });
});
