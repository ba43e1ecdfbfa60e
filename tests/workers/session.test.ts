import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { threadId as hostThreadId } from "node:worker_threads";
import { RuntimeData, type SessionInput, type SessionOutput, StreamrackError } from "../../mod.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

const text = RuntimeData.text;
const second = () => RuntimeData.audio({ samples: new Float32Array(48_000).fill(0.25), sampleRate: 48_000 });

describe("Session", () => {
  it("runs every node off the host thread, and groups on threads of their own", () =>
    withRuntime(async (runtime) => {
      const { outputs, metrics } = await runtime.execute(
        chain("probe.thread", "util.passthrough", "probe.thread"),
        { n0: text("where?") },
      );
      const threads = Object.values(metrics.nodes).map((node) => node.threadId);
      assert.deepEqual(outputs["n2"], [RuntimeData.json(threads[2] as number)]);
      assert.ok(!threads.includes(hostThreadId));
      assert.notEqual(threads[0], threads[1]);
      assert.notEqual(threads[1], threads[2]);
    }));

  it("never lets two groups share a thread, however many sessions run", () =>
    withRuntime(async (runtime) => {
      const manifest = chain("probe.count", "util.passthrough");
      const sessions = await Promise.all(Array.from({ length: 12 }, () => runtime.open(manifest)));
      const metrics = await Promise.all(sessions.map((session) => session.metrics()));
      const threadsOf = (id: string) => new Set(metrics.map(({ nodes }) => nodes[id]?.threadId));
      const [probe, util] = [threadsOf("n0"), threadsOf("n1")];
      assert.ok([...probe].every((thread) => thread !== undefined && !util.has(thread)));
    }));

  it("runs plugins that trust each other on one thread, in one segment", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("probe.count", "util.passthrough"));
      const { nodes } = await session.metrics();
      assert.equal(nodes["n0"]?.threadId, nodes["n1"]?.threadId);
    }, { trust: [["probe", "util"]] }));

  it("moves a 1 s chunk: the sender's view is detached and the samples arrive", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      const audio = second();
      const { buffer } = audio.samples;
      await session.send(audio);
      assert.equal(audio.samples.byteLength, 0);
      assert.equal(buffer.byteLength, 0);
      await session.finish();
      const [output] = await collect(session);
      assert.deepEqual(output?.data, second());
    }));

  it("send with copy keeps the sender's value", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      const audio = second();
      await session.send(audio, { copy: true });
      await session.send(audio);
      assert.equal(audio.samples.byteLength, 0);
      await session.finish();
      assert.deepEqual((await collect(session)).map(({ data }) => data), [second(), second()]);
    }));

  it("copies a view that does not cover its buffer, and leaves the rest of it alone", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      const whole = Uint8Array.from({ length: 1000 }, (_, i) => i);
      await session.send(RuntimeData.binary(whole.subarray(10, 20)));
      assert.equal(whole.byteLength, 1000);
      await session.finish();
      const [output] = await collect(session);
      const { bytes } = output?.data as { bytes: Uint8Array };
      assert.deepEqual([...bytes], [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
      assert.equal(bytes.buffer.byteLength, 10);
    }));

  it("copies a Node Buffer and leaves its pool usable", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      const pooled = Buffer.from("pooled");
      await session.send(RuntimeData.binary(pooled));
      assert.equal(pooled.toString(), "pooled");
      await session.finish();
      const [output] = await collect(session);
      assert.equal(new TextDecoder().decode((output?.data as { bytes: Uint8Array }).bytes), "pooled");
    }));

  it("gives a rejected value back untouched", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("audio.gain"));
      const audio = second();
      await assert.rejects(session.send(audio, { to: "nobody" }), { reason: "unknown-target" });
      await assert.rejects(session.send(text("not audio")), { reason: "wrong-kind", nodeId: "n0" });
      await assert.rejects(session.send({ ...audio, metadata: { key: 1n } as never }), { reason: "invalid-data" });
      await assert.rejects(session.send({ ...audio, callback() {} } as never), { reason: "invalid-data" });
      await assert.rejects(session.send({ ...audio, metadata: new Proxy({}, {}) }), { reason: "not-cloneable" });
      assert.equal(audio.samples.length, 48_000);
      await session.send(audio);
      await assert.rejects(session.send(audio), { reason: "detached-data" });
    }));

  it("keeps order and numbers outputs without a gap", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough", "probe.count", "util.passthrough"));
      const count = 500;
      const sending = (async () => {
        for (let i = 0; i < count; i++) await session.send(RuntimeData.json(i));
        await session.finish();
      })();
      const outputs = await collect(session);
      await sending;
      assert.deepEqual(outputs.map(({ sequence }) => sequence), Array.from({ length: count }, (_, i) => i));
      assert.deepEqual(outputs.map(({ data }) => RuntimeData.asJson(data)), Array.from({ length: count }, (_, i) => i));
      assert.ok(outputs.every(({ data }, i) => data.metadata?.["sequence"] === i));
      assert.ok(outputs.every(({ nodeId, port }) => nodeId === "n2" && port === "out"));
    }));

  it("keeps the order of values that are sent without waiting", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      const sends = Array.from({ length: 100 }, (_, i) => session.send(RuntimeData.json(i)));
      await session.finish();
      const outputs = await collect(session);
      await Promise.all(sends);
      assert.deepEqual(outputs.map(({ data }) => RuntimeData.asJson(data)), Array.from({ length: 100 }, (_, i) => i));
    }));

  it("makes the sender wait when nobody reads, and lets it go on when somebody does", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough", "probe.count"));
      let sent = 0;
      const sending = (async () => {
        for (let i = 0; i < 400; i++, sent++) await session.send(RuntimeData.json(i));
        await session.finish();
      })();
      // Two links, an output link and what the nodes hold: the sender stands still long before 400.
      let before = -1;
      while (sent !== before) {
        before = sent;
        await session.metrics(); // a round trip to every worker, so that everything in flight has settled
        await session.metrics();
      }
      assert.ok(sent >= 4 && sent <= 4 * 4 + 8, `${sent} values went in`);
      assert.equal((await collect(session)).length, 400);
      await sending;
    }, { maxItemsInFlight: 4 }));

  it("bounds what is in flight in bytes as well", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      let sent = 0;
      const sending = (async () => {
        for (let i = 0; i < 40; i++, sent++) await session.send(RuntimeData.binary(new Uint8Array(1000)));
        await session.finish();
      })();
      let before = -1;
      while (sent !== before) {
        before = sent;
        await session.metrics();
        await session.metrics();
      }
      assert.ok(sent >= 2 && sent <= 8, `${sent} values went in`);
      assert.equal((await collect(session)).length, 40);
      await sending;
    }, { maxBytesInFlight: 1500 }));

  it("lets a value through that is larger than the whole limit", () =>
    withRuntime(async (runtime) => {
      const { outputs } = await runtime.execute(chain("util.passthrough"), {
        n0: [RuntimeData.binary(new Uint8Array(10)), RuntimeData.binary(new Uint8Array(100_000)), text("end")],
      });
      assert.equal(outputs["n0"]?.length, 3);
    }, { maxBytesInFlight: 100 }));

  it("is cancelled when its reader leaves the loop; the worker lives and serves the next", () =>
    withRuntime(async (runtime) => {
      const first = await runtime.open(chain(["probe.many", { count: 1_000_000 }]));
      const { nodes } = await first.metrics();
      await first.send(text("go"));
      for await (const { sequence } of first) if (sequence === 10) break;
      assert.equal(first.state, "cancelled");
      const { outputs, metrics } = await runtime.execute(chain("probe.thread"), { n0: text("alive?") });
      assert.equal(outputs["n0"]?.length, 1);
      assert.equal(metrics.nodes["n0"]?.threadId, nodes["n0"]?.threadId);
    }));

  it("refuses a second reader", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      await session.send(text("one"));
      const reader = session[Symbol.asyncIterator]();
      await reader.next();
      await assert.rejects(collect(session), { reason: "session-in-use" });
      await reader.return?.();
    }));

  it("refuses values after finish, and finish may be repeated", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      await session.finish();
      await session.finish();
      await assert.rejects(session.send(text("late")), { reason: "session-closed" });
      assert.deepEqual(await collect(session), []);
      assert.equal(session.state, "done");
      await session.cancel();
      assert.equal(session.state, "done");
    }));

  it("keeps everything for a reader that comes after the end of the input", () =>
    withRuntime(async (runtime) => {
      const values = [
        text("text"),
        RuntimeData.audio({ samples: new Float32Array(480).fill(0.5), sampleRate: 48_000 }),
        second(),
        RuntimeData.json({ last: true }),
      ];
      const session = await runtime.open(chain("util.passthrough"));
      for (const value of values) await session.send(value, { copy: true });
      await session.finish();
      // Round trips to the worker, so that its segment has ended and its links are closed.
      for (let i = 0; i < 20; i++) await session.metrics();
      assert.deepEqual((await collect(session)).map(({ data }) => data), values);
    }));

  it("flushes nodes at the end", () =>
    withRuntime(async (runtime) => {
      const { outputs } = await runtime.execute(chain("probe.hold", "util.passthrough"), {
        n0: [text("a"), text("b")],
      });
      assert.deepEqual(outputs["n1"], [text("a"), text("b")]);
    }));

  it("runs a node without inputs", () =>
    withRuntime(async (runtime) => {
      const { outputs } = await runtime.execute(chain("probe.generate", "util.passthrough"));
      assert.deepEqual(outputs["n1"]?.map(RuntimeData.asJson), [0, 1, 2]);
    }));

  it("is a pair of web streams", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough"));
      const source = new ReadableStream<SessionInput>({
        start(controller) {
          controller.enqueue(text("plain"));
          controller.enqueue({ data: text("addressed"), to: "n0" });
          controller.close();
        },
      });
      const received: SessionOutput[] = [];
      await source.pipeThrough(session).pipeTo(new WritableStream({ write: (output) => void received.push(output) }));
      assert.deepEqual(received.map(({ data }) => data), [text("plain"), text("addressed")]);
      assert.equal(session.state, "done");
    }));

  it("is cancelled when its readable is cancelled or its writable aborted", () =>
    withRuntime(async (runtime) => {
      const first = await runtime.open(chain("util.passthrough"));
      await first.readable.cancel("enough");
      assert.equal(first.state, "cancelled");
      const other = await runtime.open(chain("util.passthrough"));
      await other.writable.abort("enough");
      assert.equal(other.state, "cancelled");
    }));

  it("ends with session-cancelled when its signal aborts, before or after it opened", () =>
    withRuntime(async (runtime) => {
      const aborted = AbortSignal.abort(new Error("not now"));
      await assert.rejects(runtime.open(chain("util.passthrough"), { signal: aborted }), {
        reason: "session-cancelled",
        code: "cancelled",
      });
      const controller = new AbortController();
      const session = await runtime.open(chain("util.passthrough"), { signal: controller.signal });
      const reading = collect(session);
      const reason = new Error("user pressed stop");
      controller.abort(reason);
      await assert.rejects(reading, (error) => StreamrackError.is(error) && error.cause === reason);
      await assert.rejects(session.send(text("late")), { reason: "session-cancelled" });
    }));

  it("tells a busy node of a cancel through its signal, and disposes of it once", async () => {
    const events: string[] = [];
    await withRuntime(async (runtime) => {
      const session = await runtime.open(chain("fault.events"));
      await session.send(text("go"));
      for await (const _ of session) break;
    }, { onLog: ({ message }) => void events.push(message) });
    assert.deepEqual(events, ["created", "aborted", "disposed"]);
  });

  it("fans out to every branch and in from every source", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open({
        version: "v1",
        nodes: [
          { id: "source", node_type: "util.passthrough" },
          { id: "left", node_type: "probe.count" },
          { id: "right", node_type: "probe.count" },
          { id: "joined", node_type: "probe.sources" },
        ],
        connections: [
          { from: "source", to: "left" },
          { from: "source", to: "right" },
          { from: "left", to: "joined" },
          { from: "right", to: "joined" },
        ],
      });
      for (let i = 0; i < 5; i++) await session.send(second());
      await session.finish();
      const seen = (await collect(session)).map(({ data }) => RuntimeData.asJson(data));
      for (const from of ["left", "right"]) {
        const sequences = seen.flatMap((item) =>
          (item as { from: string }).from === from ? [(item as { sequence: number }).sequence] : []
        );
        assert.deepEqual(sequences, [0, 1, 2, 3, 4]);
      }
      assert.equal(seen.length, 10);
    }));

  it("routes ports by name, and zips them", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open({
        version: "v1",
        nodes: [{ id: "split", node_type: "probe.split" }, { id: "pair", node_type: "probe.pair" }],
        connections: [{ from: "split", from_port: "text", to: "pair", to_port: "a" }],
      });
      assert.deepEqual(session.inputs.map(({ nodeId, port }) => `${nodeId}.${port}`), ["split.in", "pair.b"]);
      await assert.rejects(session.send(text("where to?")), { reason: "unknown-target" });
      await session.send(text("1"), { to: "split" });
      await session.send(text("2"), { to: "split" });
      await session.send(text("x"), { to: "pair" });
      await session.finish();
      assert.deepEqual((await collect(session)).map(({ data }) => RuntimeData.asText(data)), ["1x", "2-"]);
    }));

  it("sends copies of outputs that others read as well, where the manifest asks for it", () =>
    withRuntime(async (runtime) => {
      const manifest = chain("util.passthrough", "probe.count");
      const [first, ...rest] = manifest.nodes;
      const { outputs } = await runtime.execute(
        { ...manifest, nodes: [{ ...first!, is_output_node: true }, ...rest] },
        { n0: second() },
      );
      assert.deepEqual(outputs["n0"], [second()]);
      assert.equal(outputs["n1"]?.length, 1);
    }));
});

describe("Runtime.open on a full pool", () => {
  it("gives up at the deadline, and what waits later is not disturbed", () =>
    withRuntime(async (runtime) => {
      const first = await runtime.open(chain("util.passthrough"));
      await assert.rejects(runtime.open(chain("util.passthrough")), { reason: "deadline-exceeded" });
      const waiting = runtime.open(chain("util.passthrough"), {});
      await first.cancel();
      const session = await waiting;
      await session.send(text("x"));
      await session.finish();
      assert.equal((await collect(session)).length, 1);
    }, { maxThreads: 1, tasksPerThread: 1, openTimeoutMs: 1_500, killGraceMs: 100 }));
});
