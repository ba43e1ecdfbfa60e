import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamrackError } from "../../core/errors.ts";
import { RuntimeData, type RuntimeOptions, type Session } from "../../mod.ts";
import { SessionBudget } from "../../workers/session_budget.ts";
import { rejectionOf } from "../_support/errors.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

const WAYS: readonly { readonly name: string; readonly options: RuntimeOptions }[] = [
  { name: "shared memory", options: {} },
  { name: "messages alone", options: { sharedMemory: false } },
];
const bytes = (count = 1000) => RuntimeData.binary(new Uint8Array(count));
const VALUE_BYTES = 1064;
const LIMIT = 5 * VALUE_BYTES;
const STOP = new StreamrackError("session-cancelled", "stop");

/** Sends until the session is at its limit and a send waits; tells how many went in. */
async function fill(session: Session): Promise<{ sent: () => number; stop: () => void; rest: Promise<unknown> }> {
  let sent = 0;
  let isStopped = false;
  const rest = (async () => {
    while (!isStopped) {
      await session.send(bytes());
      sent += 1;
    }
  })().catch((error) => error);
  for (let before = -1, isFull = false; sent !== before || !isFull;) {
    before = sent;
    // The limit is looked at by a timer: let it pass.
    await new Promise((resolve) => setTimeout(resolve, 20));
    isFull = (await session.metrics()).bytesInFlight >= LIMIT;
  }
  return { sent: () => sent, stop: () => void (isStopped = true), rest };
}

for (const { name, options } of WAYS) {
  describe(`maxSessionBytesInFlight by ${name}`, () => {
    it("makes send wait, all edges counted together, and lets it go on when values were read", () =>
      withRuntime(async (runtime) => {
        const manifest = chain("util.passthrough", "probe.echo", "probe.echo");
        const session = await runtime.open(manifest, { maxSessionBytesInFlight: LIMIT });
        const { sent, stop, rest } = await fill(session);
        const before = sent();
        const { bytesInFlight } = await session.metrics();
        // Each of three nodes may have held one, which was not counted, and has given it since.
        assert.ok(bytesInFlight >= LIMIT && bytesInFlight <= LIMIT + 3 * VALUE_BYTES, `${bytesInFlight} bytes`);
        // Far less than the windows of four edges would take, which are 64.
        assert.ok(before >= 5 && before <= 5 + 3, `${before} values`);
        const outputs = session[Symbol.asyncIterator]();
        for (let i = 0; i < 40; i++) assert.equal((await outputs.next()).value?.sequence, i);
        stop();
        // The one that waits is let in before the end.
        void session.finish();
        for (let next = await outputs.next(); next.done !== true; next = await outputs.next());
        await rest;
        assert.equal(session.state, "done");
        const { links } = await session.metrics();
        assert.equal(links[0]?.items, links.at(-1)?.items);
      }, options));

    it("makes send reject where it is asked to, with the value untouched, and takes it later", () =>
      withRuntime(async (runtime) => {
        const session = await runtime.open(chain("util.passthrough"));
        let value = bytes();
        const failure = await (async () => {
          for (;; value = bytes()) await session.send(value);
        })().catch((error) => error as StreamrackError);
        assert.deepEqual([failure.reason, failure.code, failure.retryable], [
          "resource-exhausted",
          "resource-exhausted",
          true,
        ]);
        assert.match(failure.message, /less than 5320/);
        assert.equal(value.bytes.length, 1000);
        assert.equal(session.state, "open");
        const outputs = session[Symbol.asyncIterator]();
        // Refused values have taken no number: there is no gap.
        for (let i = 0; i < 20; i++) {
          await session.send(bytes()).catch(() => {});
          const { links } = await session.metrics();
          if (links.at(-1)!.queueDepth > 0) await outputs.next();
        }
        let sequence = -1;
        void session.finish();
        for (let next = await outputs.next(); next.done !== true; next = await outputs.next()) {
          if (sequence >= 0) assert.equal(next.value.sequence, sequence + 1);
          sequence = next.value.sequence;
        }
      }, { ...options, maxSessionBytesInFlight: LIMIT, whenExhausted: "reject" }));

    it("lets nobody wait for ever: cancel, signal, crash and close reject what waits", () =>
      withRuntime(async (runtime) => {
        const controller = new AbortController();
        const ends: Record<string, (session: Session) => unknown> = {
          cancel: (session) => session.cancel(),
          signal: () => controller.abort(),
          crash: async () => {
            const neighbour = await runtime.open(chain("fault.exit"));
            await neighbour.send(bytes());
            await collect(neighbour).catch(() => {});
          },
          close: () => runtime.close(),
        };
        for (const [name, end] of Object.entries(ends)) {
          const session = await runtime.open(chain("fault.hang"), {
            maxSessionBytesInFlight: LIMIT,
            signal: name === "signal" ? controller.signal : undefined,
          });
          const { rest } = await fill(session);
          await end(session);
          const reason = name === "crash" ? "worker-crashed" : "session-cancelled";
          assert.equal((await rest as StreamrackError).reason, reason, name);
          await assert.rejects(session.send(bytes()), { reason });
        }
      }, { ...options, maxThreads: 1 }));

    it("holds nothing back for what was lost when a thread died", () =>
      withRuntime(async (runtime) => {
        const session = await runtime.open(chain("util.passthrough", ["fault.exit", { at: 10 }], "probe.echo"), {
          maxSessionBytesInFlight: 2 * VALUE_BYTES,
          restart: { maxRestarts: 100, initialDelayMs: 0 },
        });
        const reading = collect(session);
        for (let i = 0; i < 40; i++) await session.send(bytes());
        await session.finish();
        const outputs = await reading;
        assert.ok(outputs.length > 0 && outputs.length < 40, `${outputs.length} outputs`);
        const { links, restarts } = await session.metrics();
        assert.ok(restarts > 0);
        assert.equal(links[0]?.items, 40);
        assert.equal(runtime.metrics().plugins["faults"]?.crashes, restarts);
      }, { ...options, onLog: () => {} }));

    it("lets a value pass that is larger than the whole limit, and one at a time", () =>
      withRuntime(async (runtime) => {
        const { outputs } = await runtime.execute(chain("util.passthrough", "probe.echo"), {
          n0: Array.from({ length: 8 }, () => bytes(5000)),
        }, { maxSessionBytesInFlight: 1 });
        assert.equal(outputs["n1"]?.length, 8);
      }, options));
  });
}

describe("maxSessionBytesInFlight", () => {
  it("is checked with the other limits, in the runtime and in open", async () => {
    await withRuntime(async (runtime) => {
      for (const value of [0, -1, 1.5, NaN, "1" as never]) {
        await assert.rejects(runtime.open(chain("util.passthrough"), { maxSessionBytesInFlight: value }), {
          reason: "invalid-options",
          message: /options\.maxSessionBytesInFlight/,
        });
      }
      await assert.rejects(runtime.open(chain("util.passthrough"), { whenExhausted: "drop" as never }), {
        reason: "invalid-options",
        message: /"wait" or "reject"/,
      });
      await assert.rejects(runtime.open(chain("util.passthrough"), { queueTimeoutMs: -1 }), {
        reason: "invalid-options",
      });
    });
    await assert.rejects(withRuntime(async () => {}, { maxSessionBytesInFlight: 0 }), { reason: "invalid-options" });
    await assert.rejects(withRuntime(async () => {}, { maxSessions: 0 }), { reason: "invalid-options" });
  });
});

describe("SessionBudget", () => {
  const limit = { maxBytesInFlight: 10, whenExhausted: "wait" } as const;

  it("admits in order, one more than the limit at most, and an end after what waits before it", async () => {
    let inFlight = 0;
    const budget = new SessionBudget(limit, () => inFlight);
    const order: string[] = [];
    const enter = (name: string) => budget.enter(() => void (order.push(name), inFlight += 6));
    assert.equal(enter("a"), undefined);
    assert.equal(enter("b"), undefined);
    const waits = ["c", "d", "e"].map(enter);
    budget.after(() => order.push("end"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(order, ["a", "b"]);
    inFlight = 0;
    await Promise.all(waits.slice(0, 2));
    assert.deepEqual(order, ["a", "b", "c", "d"]);
    inFlight = 0;
    await waits[2];
    await Promise.resolve();
    assert.deepEqual(order, ["a", "b", "c", "d", "e", "end"]);
  });

  it("passes on what the writer says, at once and later", async () => {
    let inFlight = 0;
    const budget = new SessionBudget(limit, () => inFlight);
    const broken = () => Promise.reject(new Error("broken"));
    await assert.rejects(Promise.resolve(budget.enter(broken)), /broken/);
    inFlight = 10;
    const later = Promise.resolve(budget.enter(broken));
    const thrown = Promise.resolve(budget.enter(() => {
      throw new Error("thrown");
    }));
    inFlight = 0;
    await assert.rejects(later, /broken/);
    await assert.rejects(thrown, /thrown/);
  });

  it("rejects what waits when it is aborted, and runs no end any more", async () => {
    const budget = new SessionBudget(limit, () => 10);
    const waits = [1, 2].map(() => Promise.resolve(budget.enter(() => assert.fail("not admitted"))));
    budget.after(() => assert.fail("no end"));
    budget.abort(STOP);
    budget.abort(new StreamrackError("unknown", "second"));
    for (const wait of waits) assert.equal(await rejectionOf(wait), STOP);
    assert.throws(() => budget.enter(() => {}), { reason: "session-cancelled" });
    budget.after(() => assert.fail("no end"));
  });

  it("goes on where the bytes cannot be told, and rejects an asked one that finds no room", async () => {
    let admitted = 0;
    const deaf = new SessionBudget(limit, () => Promise.reject(new Error("nobody answers")));
    await deaf.enter(() => void admitted++);
    assert.equal(admitted, 1);
    const asked = new SessionBudget({ ...limit, whenExhausted: "reject" }, () => Promise.resolve(10));
    await assert.rejects(Promise.resolve(asked.enter(() => {})), { reason: "resource-exhausted" });
  });
});

// A reader that comes late finds everything that was let in.
describe("a session at its limit", () => {
  it("is whole for a reader that comes late", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("probe.echo", "util.passthrough"));
      const sending = (async () => {
        for (let i = 0; i < 30; i++) await session.send(RuntimeData.json(i));
        await session.finish();
      })();
      await session.metrics();
      assert.deepEqual(
        (await collect(session)).map(({ data }) => RuntimeData.asJson(data)),
        Array.from(Array(30).keys()),
      );
      await sending;
    }, { maxSessionBytesInFlight: 200 }));
});
