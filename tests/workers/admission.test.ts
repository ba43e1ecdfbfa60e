import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamrackError } from "../../core/errors.ts";
import { RuntimeData, type Session } from "../../mod.ts";
import { Admission } from "../../workers/admission.ts";
import { rejectionOf } from "../_support/errors.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

const CLOSED = new StreamrackError("runtime-closed", "closed");
const LONG = { signal: undefined, queueTimeoutMs: 1_000_000 };
const manifest = chain("util.passthrough");

/** Ends a session well. */
async function finish(session: Session): Promise<void> {
  await session.finish();
  await collect(session);
}

describe("Admission", () => {
  it("lets in as many as there are places, and rejects the next at once", async () => {
    const admission = new Admission({ maxSessions: 2, maxQueuedSessions: 0 });
    const leave = await admission.enter(LONG);
    await admission.enter(LONG);
    const error = await rejectionOf(admission.enter(LONG));
    assert.deepEqual([error.reason, error.code, error.retryable], ["overloaded", "unavailable", true]);
    assert.equal(error.retryAfterMs, 1000);
    leave();
    leave(); // counts once
    const again = await admission.enter(LONG);
    await assert.rejects(admission.enter(LONG), { reason: "overloaded" });
    again();
    await admission.enter(LONG);
  });

  it("lets those who wait in by order, and nobody before them", async () => {
    const admission = new Admission({ maxSessions: 1, maxQueuedSessions: 3 });
    let leave = await admission.enter(LONG);
    const order: number[] = [];
    const waits = [0, 1, 2].map((n) => admission.enter(LONG).then((next) => (order.push(n), next)));
    await assert.rejects(admission.enter(LONG), { reason: "overloaded", message: /3 wait/ });
    assert.equal(admission.waiting, 3);
    for (const [n, wait] of waits.slice().entries()) {
      leave();
      // Whoever comes now finds the place taken already.
      if (n === 0) waits.push(admission.enter(LONG).then((next) => (order.push(3), next)));
      leave = await wait;
    }
    assert.deepEqual(order, [0, 1, 2]);
    leave();
    await waits[3];
    assert.deepEqual(order, [0, 1, 2, 3]);
    assert.equal(admission.waiting, 0);
  });

  it("lets nobody wait for ever: time, signal and close reject, and free the place in the queue", async () => {
    const admission = new Admission({ maxSessions: 1, maxQueuedSessions: 1 });
    const leave = await admission.enter(LONG);
    await assert.rejects(admission.enter({ signal: undefined, queueTimeoutMs: 5 }), {
      reason: "overloaded",
      message: /within the 5 ms/,
    });
    const controller = new AbortController();
    const aborted = admission.enter({ ...LONG, signal: controller.signal });
    const why = new Error("user went away");
    controller.abort(why);
    const cancelled = await rejectionOf(aborted);
    assert.deepEqual([cancelled.reason, cancelled.cause], ["session-cancelled", why]);
    await assert.rejects(admission.enter({ ...LONG, signal: controller.signal }), { reason: "session-cancelled" });
    assert.equal(admission.waiting, 0);
    const waiting = admission.enter(LONG);
    admission.close(CLOSED);
    assert.equal(await rejectionOf(waiting), CLOSED);
    assert.equal(await rejectionOf(admission.enter(LONG)), CLOSED);
    leave();
    assert.equal(admission.waiting, 0);
  });

  it("leaves no listener on a signal that outlives the wait", async () => {
    const admission = new Admission({ maxSessions: 1, maxQueuedSessions: 1 });
    const leave = await admission.enter(LONG);
    const controller = new AbortController();
    const wait = admission.enter({ ...LONG, signal: controller.signal });
    leave();
    (await wait)();
    controller.abort();
    await admission.enter(LONG);
  });

  it("estimates by the last sessions and the queue, within bounds", async () => {
    const admission = new Admission({ maxSessions: 1, maxQueuedSessions: 0 });
    for (let i = 0; i < 40; i++) (await admission.enter(LONG))();
    await admission.enter(LONG);
    // They took next to nothing: the least estimate.
    assert.equal((await rejectionOf(admission.enter(LONG))).retryAfterMs, 100);
  });
});

describe("Runtime.open with maxSessions", () => {
  it("rejects the next at once, says when to try again, and takes it once a session has ended", () =>
    withRuntime(async (runtime) => {
      const sessions = await Promise.all([runtime.open(manifest), runtime.open(manifest)]);
      const error = await rejectionOf(runtime.open(manifest));
      assert.deepEqual([error.reason, error.code, error.retryable], ["overloaded", "unavailable", true]);
      assert.ok(error.retryAfterMs !== undefined && error.retryAfterMs >= 100 && error.retryAfterMs <= 60_000);
      await assert.rejects(runtime.execute(manifest, { n0: RuntimeData.text("x") }), { reason: "overloaded" });
      // What is wrong in itself is told, however full it is; and checking needs no place.
      await assert.rejects(runtime.open(chain("no.such")), { reason: "invalid-manifest" });
      assert.deepEqual(await runtime.validate(manifest), []);
      await finish(sessions[0]);
      await finish(await runtime.open(manifest));
      // However a session ends, it gives its place back.
      await sessions[1].cancel();
      await assert.rejects(runtime.execute(chain("fault.throw"), { n0: RuntimeData.text("x") }));
      await assert.rejects(runtime.open(chain("fault.throw-create")));
      await assert.rejects(runtime.open(manifest, { signal: AbortSignal.abort() }), { reason: "session-cancelled" });
      const both = await Promise.all([runtime.open(manifest), runtime.open(manifest)]);
      for (const session of both) await finish(session);
      assert.equal(runtime.metrics().sessions, 0);
    }, { maxSessions: 2 }));

  it("queues, in order, and gives the place of one that crashed to the next", () =>
    withRuntime(async (runtime) => {
      const first = await runtime.open(chain("fault.exit"));
      const order: number[] = [];
      const waits = [0, 1].map((n) => runtime.open(manifest).then((session) => (order.push(n), session)));
      await assert.rejects(runtime.open(manifest), { reason: "overloaded" });
      assert.deepEqual([runtime.metrics().sessions, runtime.metrics().queuedSessions], [1, 2]);
      await first.send(RuntimeData.text("x"));
      await assert.rejects(collect(first), { reason: "worker-crashed" });
      const second = await waits[0]!;
      assert.deepEqual(order, [0]);
      await second.cancel();
      await finish(await waits[1]!);
      assert.deepEqual(order, [0, 1]);
      assert.deepEqual([runtime.metrics().sessions, runtime.metrics().queuedSessions], [0, 0]);
    }, { maxSessions: 1, maxQueuedSessions: 2 }));

  it("lets no open wait for ever: time, signal, close", async () => {
    await withRuntime(async (runtime) => {
      const first = await runtime.open(manifest);
      await assert.rejects(runtime.open(manifest, { queueTimeoutMs: 1 }), {
        reason: "overloaded",
        message: /within the 1 ms/,
      });
      const controller = new AbortController();
      const aborted = runtime.open(manifest, { signal: controller.signal });
      controller.abort(new Error("gone"));
      await assert.rejects(aborted, { reason: "session-cancelled", message: /gone/ });
      const waiting = runtime.open(manifest);
      const executing = runtime.execute(manifest, { n0: RuntimeData.text("x") });
      const closing = runtime.close();
      await assert.rejects(waiting, { reason: "runtime-closed" });
      await assert.rejects(executing, { reason: "runtime-closed" });
      await closing;
      assert.equal(first.state, "cancelled");
      await assert.rejects(runtime.open(manifest), { reason: "runtime-closed" });
    }, { maxSessions: 1, maxQueuedSessions: 8 });
  });
});

describe("Runtime.metrics", () => {
  for (const sharedMemory of [true, false]) {
    it(`adds up sessions, by plugin as well (shared memory: ${sharedMemory})`, () =>
      withRuntime(async (runtime) => {
        assert.deepEqual(runtime.metrics().plugins, {});
        const session = await runtime.open(chain("probe.echo", "util.passthrough"));
        for (let i = 0; i < 3; i++) await session.send(RuntimeData.binary(new Uint8Array(1000)));
        const outputs = session[Symbol.asyncIterator]();
        for (let i = 0; i < 3; i++) await outputs.next();
        await session.metrics();
        const open = runtime.metrics();
        assert.equal(open.sessions, 1);
        assert.ok(open.threads >= 2);
        assert.equal(open.bytesInFlight, 0);
        const counted = { bytesInFlight: 0, items: 3, crashes: 0, restarts: 0, violations: 0 };
        assert.deepEqual(Object.keys(open.plugins).sort(), ["probe", "util"]);
        for (
          const { heapBytes, bufferBytes, stalls, longestStallMs, stalledThreads, ...rest } of Object.values(
            open.plugins,
          )
        ) {
          assert.deepEqual(rest, { sessions: 1, ...counted });
          assert.ok(heapBytes > 0 && bufferBytes >= 0);
          // On a machine that is busy threads may stand still, though not for long enough to be told of.
          assert.ok(stalls === 0 && longestStallMs >= 0 && stalledThreads >= 0);
        }
        await session.finish();
        await outputs.next();
        await assert.rejects(runtime.execute(chain("fault.exit"), { n0: RuntimeData.text("x") }));
        const { plugins, sessions } = runtime.metrics();
        assert.equal(sessions, 0);
        const { longestStallMs, ...probe } = plugins["probe"]!;
        assert.ok(longestStallMs >= 0);
        assert.deepEqual(probe, {
          sessions: 0,
          ...counted,
          stalls: 0,
          stalledThreads: 0,
          heapBytes: 0,
          bufferBytes: 0,
        });
        assert.equal(plugins["faults"]?.crashes, 1);
      }, { sharedMemory }));
  }

  it("tells what waits in a session that nobody reads", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough", "probe.echo"));
      for (let i = 0; i < 8; i++) await session.send(RuntimeData.binary(new Uint8Array(1000)));
      const { bytesInFlight, plugins } = runtime.metrics();
      assert.ok(bytesInFlight >= 4 * 1064, `${bytesInFlight} bytes`);
      assert.ok(Object.values(plugins).every((plugin) => plugin.bytesInFlight <= bytesInFlight));
      await session.cancel();
      assert.equal(runtime.metrics().bytesInFlight, 0);
    }, { maxItemsInFlight: 4 }));
});
