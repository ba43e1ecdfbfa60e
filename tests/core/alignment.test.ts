import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Delivery } from "../../core/flow/alignment.ts";
import { EdgeQueue } from "../../core/flow/edge_queue.ts";
import { FanIn } from "../../core/flow/fan_in.ts";
import type { Item } from "../../core/flow/item.ts";
import { Lease } from "../../core/flow/lease.ts";
import type { Alignment } from "../../core/node/contract.ts";
import { RuntimeData } from "../../core/plugin.ts";
import { isSettled } from "../_support/promises.ts";

const LIMITS = { items: 1_000, bytes: 1 << 20 };

/** Two edges, or more, and what a node would be given of them. */
class Node {
  readonly edges: readonly EdgeQueue[];
  readonly fanIn: FanIn;
  /** The leases that were released, by the names of their values. */
  readonly released: string[] = [];

  constructor(align: Alignment, ports = "ab") {
    this.edges = [...ports].map((port) => new EdgeQueue({ port, from: undefined }, LIMITS));
    this.fanIn = new FanIn(this.edges, align);
  }

  /** Writes texts that are named by port and sequence number: `write("a", 0)` writes `"a0"`. */
  write(port: string, ...sequences: number[]): void {
    for (const n of sequences) this.give(port, RuntimeData.text(`${port}${n}`), { sequence: n });
  }

  give(port: string, data: RuntimeData, { sequence = 0, epoch = 0, ...more }: Partial<Item> = {}): void {
    const lease = new Lease(() => this.released.push(`${port}${sequence}`));
    const item = { ...more, data, sequence, epoch, bytes: 1, lease };
    assert.equal(this.#edge(port).write(item), undefined);
  }

  end(ports: string): void {
    for (const port of ports) this.#edge(port).end();
  }

  #edge(port: string): EdgeQueue {
    return this.edges.find(({ source }) => source.port === port) as EdgeQueue;
  }

  /** All that comes until the end, those that come together joined; each is done with at once. */
  async rest(): Promise<string[]> {
    const given: string[] = [];
    for (let next = await this.fanIn.next(); next !== undefined; next = await this.fanIn.next()) {
      given.push(shown(next));
      for (const { lease } of next.items) lease?.release();
    }
    return given;
  }
}

/** Texts as they are, audio by its timestamp, in milliseconds. */
function shown({ edges, items }: Delivery): string {
  return items.map(({ data }, i) => {
    if (data.type === "text") return data.text;
    return `${edges[i]?.source.port}${(data.timestampUs ?? 0) / 1000}`;
  }).join("+");
}

const audioAt = (timestampMs: number, durationMs: number): RuntimeData =>
  RuntimeData.audio({
    samples: new Float32Array(durationMs * 8),
    sampleRate: 8_000,
    timestampUs: timestampMs * 1000,
  });

describe("zip", () => {
  it("joins the n-th of one edge with the n-th of the other, and drops what lost its partner", async () => {
    const node = new Node("zip");
    node.write("a", 0, 1, 2, 3, 5);
    node.write("b", 0, 2, 3, 4, 5);
    node.end("ab");
    assert.deepEqual(await node.rest(), ["a0+b0", "a2+b2", "a3+b3", "a5+b5"]);
    assert.deepEqual(node.released, ["a0", "b0", "a1", "a2", "b2", "a3", "b3", "b4", "a5", "b5"]);
  });

  it("counts from where each edge begins, since they may have run apart before a flush", async () => {
    const node = new Node("zip");
    node.write("a", 7, 8, 10);
    node.write("b", 3, 4, 5, 6);
    node.end("ab");
    assert.deepEqual(await node.rest(), ["a7+b3", "a8+b4", "a10+b6"]);
  });

  it("begins to count anew after a flush", async () => {
    const node = new Node("zip");
    node.write("a", 0, 1);
    node.write("b", 0);
    assert.equal(shown(await node.fanIn.next() as Delivery), "a0+b0");
    node.fanIn.flushBefore(1);
    for (const n of [2, 3]) node.give("a", RuntimeData.text(`a${n}`), { sequence: n, epoch: 1 });
    for (const n of [1, 2]) node.give("b", RuntimeData.text(`b${n}`), { sequence: n, epoch: 1 });
    node.end("ab");
    assert.deepEqual(await node.rest(), ["a2+b1", "a3+b2"]);
    assert.ok(node.released.includes("a1"), "what the flush has dropped is done with");
  });

  it("waits for the partner that may still come, also behind a gap", async () => {
    const node = new Node("zip");
    node.write("a", 0, 1, 2);
    node.write("b", 0);
    await node.fanIn.next();
    const next = node.fanIn.next();
    assert.equal(await isSettled(next), false);
    node.write("b", 2);
    assert.equal(shown(await next as Delivery), "a2+b2");
  });

  it("leaves out an edge that has ended", async () => {
    const node = new Node("zip", "abc");
    node.write("a", 0, 1, 2);
    node.write("b", 0);
    node.write("c", 0, 2);
    node.end("abc");
    assert.deepEqual(await node.rest(), ["a0+b0+c0", "a2+c2"]);
  });

  it("gives what no edge has lost, whatever each has lost, and releases everything once", async () => {
    const sequences = fc.subarray(Array.from({ length: 24 }, (_, n) => n + 1)).map((rest) => [0, ...rest]);
    await fc.assert(
      fc.asyncProperty(fc.array(sequences, { minLength: 2, maxLength: 4 }), async (edges) => {
        const ports = "abcd".slice(0, edges.length);
        const node = new Node("zip", ports);
        // The last of each is the same, so that no edge ends before the others.
        edges.forEach((numbers, i) => node.write(ports[i] as string, ...numbers, 30));
        node.end(ports);
        const common = Array.from({ length: 25 }, (_, n) => n).filter((n) => edges.every((edge) => edge.includes(n)));
        common.push(30);
        assert.deepEqual(await node.rest(), common.map((n) => [...ports].map((port) => `${port}${n}`).join("+")));
        const all = edges.flatMap((numbers, i) => [...numbers, 30].map((n) => `${ports[i]}${n}`));
        assert.deepEqual([...node.released].sort(), all.sort());
      }),
      { numRuns: 300, seed: 31 },
    );
  });
});

describe("zip-timestamp", () => {
  it("joins what is of the same time, within half a chunk, and drops what is alone", async () => {
    const node = new Node("zip-timestamp");
    for (const ms of [0, 20, 40, 80]) node.give("a", audioAt(ms, 20));
    for (const ms of [9, 29, 51, 60, 72]) node.give("b", audioAt(ms, 20));
    node.end("ab");
    assert.deepEqual(await node.rest(), ["a0+b9", "a20+b29", "a80+b72"]);
    assert.equal(node.released.length, 9);
  });

  it("measures by the shorter chunk", async () => {
    const node = new Node("zip-timestamp");
    node.give("a", audioAt(0, 100));
    node.give("a", audioAt(100, 100));
    for (const ms of [40, 103]) node.give("b", audioAt(ms, 10));
    node.end("ab");
    assert.deepEqual(await node.rest(), ["a100+b103"]);
  });

  it("takes a millisecond for values without a duration", async () => {
    const node = new Node("zip-timestamp");
    const textAt = (text: string, timestampUs: number) => RuntimeData.text(text, { timestampUs });
    for (const [text, us] of [["a0", 0], ["a1", 5_000], ["a2", 9_000]] as const) node.give("a", textAt(text, us));
    for (const [text, us] of [["b0", 999], ["b1", 6_001], ["b2", 9_500]] as const) node.give("b", textAt(text, us));
    node.end("ab");
    assert.deepEqual(await node.rest(), ["a0+b0", "a2+b2"]);
  });

  it("places what has no timestamp behind what came before it", async () => {
    const node = new Node("zip-timestamp");
    const plain = () => RuntimeData.audio({ samples: new Float32Array(160), sampleRate: 8_000 });
    node.give("a", plain());
    node.give("a", plain());
    node.give("a", audioAt(60, 20));
    for (const ms of [0, 20, 40, 60]) node.give("b", audioAt(ms, 20));
    node.end("ab");
    assert.deepEqual(await node.rest(), ["a0+b0", "a0+b20", "a60+b60"]);
  });
});

describe("latest", () => {
  it("gives nothing until each edge has given one, then each value with the latest of the others", async () => {
    const node = new Node("latest");
    node.write("a", 0, 1);
    const next = node.fanIn.next();
    assert.equal(await isSettled(next), false);
    assert.deepEqual(node.released, ["a0", "a1"]);
    node.write("b", 0);
    assert.equal(shown(await next as Delivery), "a1+b0");
    node.write("a", 2);
    node.write("a", 3);
    node.write("b", 1);
    node.end("ab");
    assert.deepEqual(await node.rest(), ["a2+b0", "a2+b1", "a3+b1"]);
  });

  it("goes on with the last of an edge that has ended, and without one that gave nothing", async () => {
    const node = new Node("latest", "abc");
    node.end("c");
    node.write("b", 0);
    node.end("b");
    node.write("a", 0, 1);
    node.end("a");
    assert.deepEqual(await node.rest(), ["a0+b0", "a1+b0"]);
  });

  it("gives bytes that the node may change or move away, and keeps its own", async () => {
    const node = new Node("latest");
    node.give("a", audioAt(0, 1), { sequence: 4, lease: undefined });
    for (let n = 0; n < 3; n++) {
      node.write("b", n);
      const { edges, items } = await node.fanIn.next() as Delivery;
      assert.deepEqual(edges.map(({ source }) => source.port), ["a", "b"]);
      const { samples } = RuntimeData.asAudio((items[0] as Item).data);
      assert.deepEqual(samples, new Float32Array(8));
      samples.fill(9);
      structuredClone(samples, { transfer: [samples.buffer] });
    }
  });

  it("gives the arrival itself, not a copy", async () => {
    const node = new Node("latest");
    node.write("a", 0);
    node.write("b", 0);
    await node.fanIn.next();
    const data = audioAt(0, 1);
    node.give("a", data, { sequence: 1 });
    assert.equal((await node.fanIn.next() as Delivery).items[0]?.data, data);
  });

  it("holds the input that came, and none of those that are kept beside it", async () => {
    const node = new Node("latest");
    node.write("a", 0);
    node.write("b", 0);
    const first = await node.fanIn.next() as Delivery;
    assert.deepEqual(node.released, ["a0"]);
    assert.deepEqual(first.items.map(({ lease }) => lease !== undefined), [false, true]);
    first.items[1]?.lease?.release();
    node.write("a", 1);
    const second = await node.fanIn.next() as Delivery;
    assert.deepEqual(second.items.map(({ lease }) => lease !== undefined), [true, false]);
  });

  it("counts only the arrival as given before: what is kept beside it came to no harm", async () => {
    const node = new Node("latest");
    node.give("a", RuntimeData.text("a0"), { takenBefore: 2 });
    node.write("b", 0);
    const timesTaken = (delivery: Delivery) => delivery.items.map(({ takenBefore = 0 }) => takenBefore);
    assert.deepEqual(timesTaken(await node.fanIn.next() as Delivery), [0, 0]);
    node.give("a", RuntimeData.text("a1"), { sequence: 1, takenBefore: 1 });
    assert.deepEqual(timesTaken(await node.fanIn.next() as Delivery), [1, 0]);
    node.write("b", 1);
    assert.deepEqual(timesTaken(await node.fanIn.next() as Delivery), [0, 0]);
  });

  it("forgets everything in a flush", async () => {
    const node = new Node("latest");
    node.write("a", 0);
    node.write("b", 0);
    await node.fanIn.next();
    node.fanIn.flushBefore(1);
    node.give("a", RuntimeData.text("a1"), { sequence: 1, epoch: 1 });
    const next = node.fanIn.next();
    assert.equal(await isSettled(next), false);
    node.give("b", RuntimeData.text("b1"), { sequence: 1, epoch: 1 });
    assert.equal(shown(await next as Delivery), "a1+b1");
  });
});
