import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData, type SessionOutput } from "../../mod.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

const text = RuntimeData.text;

for (const sharedMemory of [true, false]) {
  const inRuntime: typeof withRuntime = (use, options) => withRuntime(use, { sharedMemory, ...options });

  describe(`Session.flush ${sharedMemory ? "with" : "without"} shared memory`, () => {
    it("drops what is under way at every stage and keeps the session", () =>
      inRuntime(async (runtime) => {
        const session = await runtime.open(
          chain(["probe.many", { count: 100_000 }], "util.passthrough", "probe.count"),
        );
        await session.send(text("a long answer"));
        const outputs = session[Symbol.asyncIterator]();
        await outputs.next();
        session.flush();
        await session.send(text("another question"));
        // The old answer has 100 000 values: if any of it were left, it would stand before the new one's first.
        const first = (await outputs.next()).value as SessionOutput;
        assert.deepEqual(RuntimeData.asJson(first.data), 0);
        await outputs.return?.(undefined);
      }));

    it("resets nodes that hold values back, and only what came after is flushed at the end", () =>
      inRuntime(async (runtime) => {
        const session = await runtime.open(chain("probe.hold", "util.passthrough"));
        await session.send(text("old"));
        await session.metrics();
        session.flush();
        await session.send(text("new"));
        await session.finish();
        assert.deepEqual((await collect(session)).map(({ data }) => RuntimeData.asText(data)), ["new"]);
      }));

    it("drops outputs that wait at the host", () =>
      inRuntime(async (runtime) => {
        const session = await runtime.open(chain("util.passthrough"));
        await session.send(text("old"));
        await session.metrics();
        session.flush();
        await session.finish();
        assert.deepEqual(await collect(session), []);
        assert.equal(session.state, "done");
      }));

    it("reaches a busy node through the signal of its item", async () => {
      const events: string[] = [];
      await inRuntime(async (runtime) => {
        const session = await runtime.open(chain("fault.events"));
        const outputs = session[Symbol.asyncIterator]();
        await session.send(text("one"));
        await outputs.next();
        session.flush();
        await session.send(text("two"));
        await outputs.next();
        await outputs.return?.(undefined);
      }, { onLog: ({ message }) => void events.push(message) });
      assert.deepEqual(events, ["created", "aborted", "reset", "aborted", "disposed"]);
    });

    it("lets senders in that wait for room", () =>
      inRuntime(async (runtime) => {
        const session = await runtime.open(chain("util.passthrough"));
        const sends = Array.from({ length: 50 }, (_, i) => session.send(RuntimeData.json(i)));
        await session.metrics();
        session.flush();
        await Promise.all(sends);
        await session.send(text("new"));
        await session.finish();
        assert.deepEqual((await collect(session)).map(({ data }) => data), [text("new")]);
      }, { maxItemsInFlight: 2 }));

    it("may come again and again, between any two values", () =>
      inRuntime(async (runtime) => {
        const session = await runtime.open(chain("util.passthrough", "probe.count", "util.passthrough"));
        const received: number[] = [];
        const reading = (async () => {
          for await (const { data } of session) received.push(RuntimeData.asJson(data) as number);
        })();
        for (let i = 0; i < 300; i++) {
          await session.send(RuntimeData.json(i));
          if (i % 7 === 3) session.flush();
          if (i % 50 === 0) await session.metrics();
        }
        await session.finish();
        await reading;
        // Whatever was dropped, order holds, and what came after the last flush is all there.
        assert.deepEqual(received, [...received].sort((a, b) => a - b));
        assert.deepEqual(received.slice(-2), [298, 299]);
      }));

    it("does nothing once the session has ended", () =>
      inRuntime(async (runtime) => {
        const session = await runtime.open(chain("util.passthrough"));
        await session.cancel();
        session.flush();
        assert.equal(session.state, "cancelled");
      }));
  });
}
