import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LinkMetrics, RuntimeData, type RuntimeOptions, type Session } from "../../mod.ts";
import { createRingMemory } from "../../workers/link/ring.ts";
import { RingReader } from "../../workers/link/ring_reader.ts";
import { RingWriter } from "../../workers/link/ring_writer.ts";
import { ringInFlight } from "../../workers/link/ring_in_flight.ts";
import { chain, collect, withRuntime } from "../_support/runtime.ts";

const WAYS: readonly { readonly name: string; readonly options: RuntimeOptions }[] = [
  { name: "shared memory", options: {} },
  { name: "messages alone", options: { sharedMemory: false } },
];

const chunk = () => RuntimeData.audio({ samples: new Float32Array(480), sampleRate: 48_000 });
/** As flow control counts it. */
const CHUNK_BYTES = RuntimeData.byteLength(chunk());

const nameOf = ({ from, to }: LinkMetrics) =>
  `${from === undefined ? "" : `${from.nodeId}.${from.port} `}>${to === undefined ? "" : ` ${to.nodeId}.${to.port}`}`;

/**
 * Sends until every edge is full, since nobody reads; the send that waits is
 * left waiting. An edge may be one short of its 4: a writer is not woken for
 * one that was taken since it fell asleep.
 */
async function fill(session: Session, make: () => RuntimeData): Promise<{ rest: Promise<unknown> }> {
  const rest = (async () => {
    for (;;) await session.send(make());
  })().catch(() => {});
  for (let seen = "", since = 0; since < 5; since++) {
    const { links } = await session.metrics();
    const now = JSON.stringify(links.map(({ items, queueDepth }) => [items, queueDepth]));
    if (now !== seen || links.some(({ queueDepth, stalls }) => queueDepth < 3 || stalls === 0)) since = 0;
    seen = now;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { rest };
}

for (const { name, options } of WAYS) {
  describe(`links by ${name}`, () => {
    it("tells each edge with its ports, values and bytes, fused ones as well", () =>
      withRuntime(async (runtime) => {
        const { metrics } = await runtime.execute(chain("probe.echo", "probe.echo", "util.passthrough"), {
          n0: [chunk(), chunk(), chunk()],
        });
        assert.deepEqual(metrics.links.map(nameOf), ["> n0.in", "n0.out > n1.in", "n1.out > n2.in", "n2.out >"]);
        assert.deepEqual(metrics.links.map(({ isFused }) => isFused), [false, true, false, false]);
        for (const link of metrics.links) {
          assert.deepEqual([link.items, link.bytes, link.queueDepth, link.bytesInFlight], [3, 3 * CHUNK_BYTES, 0, 0]);
          assert.ok(link.stalls >= 0 && link.stalledMs >= 0, nameOf(link));
        }
        assert.equal(metrics.bytesInFlight, 0);
      }, options));

    it("tells what is in flight, and who stands, while nobody reads; and that all is well when it was read", () =>
      withRuntime(async (runtime) => {
        const session = await runtime.open(chain("util.passthrough", "probe.echo", "probe.echo"));
        const { rest } = await fill(session, chunk);
        const { links, bytesInFlight } = await session.metrics();
        for (const link of links) {
          assert.ok(link.queueDepth === 3 || link.queueDepth === 4, `${nameOf(link)}: ${link.queueDepth}`);
          assert.equal(link.bytesInFlight, link.queueDepth * CHUNK_BYTES);
        }
        assert.equal(links.reduce((sum, link) => sum + link.bytesInFlight, 0), bytesInFlight);
        const sent = links[0]!.items;
        const stalledMs = links[0]!.stalledMs;
        await new Promise((resolve) => setTimeout(resolve, 20));
        // The stall lasts, and its time is counted while it does.
        assert.ok((await session.metrics()).links[0]!.stalledMs > stalledMs);
        const reading = collect(session).catch(() => {});
        while ((await session.metrics()).links[0]!.items < sent + 100);
        await session.cancel();
        await Promise.all([rest, reading]);
        const after = await session.metrics();
        assert.deepEqual(after.links.map(({ queueDepth }) => queueDepth), [0, 0, 0, 0]);
        assert.equal(after.bytesInFlight, 0);
        assert.ok(after.links[0]!.items >= sent);
      }, { ...options, maxItemsInFlight: 4 }));

    it("counts what a flush drops as gone", () =>
      withRuntime(async (runtime) => {
        const session = await runtime.open(chain("util.passthrough", "probe.echo"));
        const { rest } = await fill(session, chunk);
        const sent = (await session.metrics()).links[0]!.items;
        session.flush();
        // The edges are empty again, so as much more goes in, though nobody reads.
        while ((await session.metrics()).links[0]!.items < sent + 9);
        // The threads are asked one after the other, so their counts need not be of one moment.
        while ((await session.metrics()).bytesInFlight > 12 * CHUNK_BYTES);
        await session.cancel();
        await rest;
      }, { ...options, maxItemsInFlight: 4 }));
  });
}

describe("links of a thread that does not answer", () => {
  it("are told all the same, and once it is dead nothing is in flight", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("util.passthrough", "fault.loop"));
      for (let i = 0; i < 3; i++) await session.send(chunk());
      // The first is in the loop, or about to be; the others wait for it.
      while (runtime.metrics().bytesInFlight !== 2 * CHUNK_BYTES) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      let { nodes, links } = await session.metrics();
      while (nodes["n1"] !== undefined) ({ nodes, links } = await session.metrics());
      assert.deepEqual(links.map(({ items, queueDepth }) => [items, queueDepth]), [[3, 0], [3, 2], [0, 0]]);
      assert.equal(runtime.metrics().plugins["faults"]?.bytesInFlight, 2 * CHUNK_BYTES);
      await session.cancel();
      const after = await session.metrics();
      assert.deepEqual(after.links.map(({ items, queueDepth }) => [items, queueDepth]), [[3, 0], [3, 0], [0, 0]]);
      assert.equal(runtime.metrics().bytesInFlight, 0);
      // Its thread was terminated because it was asked for: that is no crash.
      assert.equal(runtime.metrics().plugins["faults"]?.crashes, 0);
    }, { killGraceMs: 100 }));
});

describe("ringInFlight", () => {
  it("counts what is written and not freed, across the wrap of the counters", () => {
    const memory = createRingMemory(4096, 2 ** 32 - 8);
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    const audio = RuntimeData.audio({ samples: new Float32Array(4), sampleRate: 8000 });
    assert.deepEqual(ringInFlight(memory), { items: 0, bytes: 0 });
    for (let i = 0; i < 12; i++) assert.ok(writer.tryWriteAudio(audio, { sequence: i, epoch: 0, bytes: 80 }));
    assert.deepEqual(ringInFlight(memory), { items: 12, bytes: 960 });
    for (let i = 0; i < 9; i++) {
      assert.equal(reader.read()?.bytes, 80);
      reader.drop();
    }
    assert.deepEqual(ringInFlight(memory), { items: 3, bytes: 240 });
  });

  it("takes what cannot be a count for nothing", () => {
    const memory = createRingMemory(4096);
    new Int32Array(memory.buffer).fill(-5, 0, 3);
    const { items, bytes } = ringInFlight(memory);
    assert.deepEqual({ items, bytes }, { items: 0, bytes: 0 });
  });
});
