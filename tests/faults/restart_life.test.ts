import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Manifest,
  type OpenOptions,
  type Runtime,
  RuntimeData,
  type RuntimeOptions,
  type Session,
} from "../../mod.ts";
import { rejectionOf } from "../_support/errors.ts";
import { firsts, numbered, numberOf, passAll, sendAll, upTo } from "../_support/numbered.ts";
import { chain, collect, testPlugin, withRuntime } from "../_support/runtime.ts";
import { withTickets } from "../_support/tickets.ts";

const QUICK = { maxRestarts: 3, initialDelayMs: 1, maxDelayMs: 5 };
const KEEPING: OpenOptions = { delivery: "at-least-once", restart: QUICK };
/** Longer than any test takes: a restart that never comes. */
const NEVER_MS = 3_600_000;

/** A runtime with the plugin that crashes, and what it logs. */
function withCrashes(use: (runtime: Runtime) => Promise<void>, options: RuntimeOptions = {}): Promise<void> {
  return withRuntime(use, { maxThreads: 4, onLog: () => {}, ...options, plugins: [testPlugin("crash")] });
}

/** Nodes in a row, each in a segment of its own. */
function row(...params: Manifest["nodes"][number]["params"][]): Manifest {
  const { nodes, ...rest } = chain(...params.map((each) => ["crash.at", each] as const));
  return { ...rest, nodes: nodes.map((node) => ({ ...node, fuse: false })) };
}

/** The same with more keys on one of the nodes. */
function withKeys(manifest: Manifest, id: string, keys: Partial<Manifest["nodes"][number]>): Manifest {
  return { ...manifest, nodes: manifest.nodes.map((node) => node.id === id ? { ...node, ...keys } : node) };
}

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
