import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { FlowLimits } from "../../../core/flow/item.ts";
import { createRingMemory, type RingBytes } from "../../../workers/link/ring.ts";
import { RingReader } from "../../../workers/link/ring_reader.ts";
import { RingWriter } from "../../../workers/link/ring_writer.ts";
import { thrownBy } from "../../_support/errors.ts";
import { audioOf, STATE } from "./_ring_kit.ts";

/** A ring whose ends are opened anew as if their threads had died. */
class Ring {
  readonly memory: RingBytes;
  writer: RingWriter;
  reader: RingReader;

  constructor(capacity = 1024, startAt = 0) {
    this.memory = createRingMemory(capacity, startAt);
    this.writer = new RingWriter(this.memory);
    this.reader = new RingReader(this.memory);
  }

  /** Writes a record with its number, of so many bytes. */
  write(n: number, bytes = 16): boolean {
    return this.writer.tryWriteAudio(audioOf(bytes, { seed: n }), { sequence: n, epoch: 0, bytes: 100 });
  }

  /** Reads and takes the next; gives its number and how often it was taken before. */
  take(): [number, number] | undefined {
    const record = this.reader.read();
    if (record === undefined) return undefined;
    assert.deepEqual(record.data, audioOf(record.data?.samples.byteLength as number, { seed: record.sequence }));
    this.reader.take();
    return [record.sequence, record.takenBefore];
  }

  reopenReader(): void {
    this.reader = new RingReader(this.memory);
  }

  reopenWriter(): void {
    this.writer = new RingWriter(this.memory);
  }
}

describe("a ring that is opened anew", () => {
  it("begins for a reader at the first record that was not freed, and says how often each was taken", () => {
    const ring = new Ring();
    for (const n of [0, 1, 2, 3]) ring.write(n);
    assert.deepEqual([ring.take(), ring.take(), ring.take()], [[0, 0], [1, 0], [2, 0]]);
    ring.reader.free();
    ring.reopenReader();
    assert.equal(ring.reader.depth, 3);
    assert.deepEqual([ring.take(), ring.take()], [[1, 1], [2, 1]]);
    ring.reopenReader();
    assert.deepEqual([ring.take(), ring.take(), ring.take(), ring.take()], [[1, 2], [2, 2], [3, 0], undefined]);
    for (let i = 0; i < 3; i++) ring.reader.free();
    ring.reopenReader();
    assert.deepEqual([ring.reader.depth, ring.take()], [0, undefined]);
  });

  it("counts no further than it can: a record that was taken a thousand times is still read", () => {
    const ring = new Ring();
    ring.write(5);
    for (let i = 0; i < 1_000; i++) {
      assert.deepEqual(ring.take(), [5, Math.min(i, 127)]);
      ring.reopenReader();
    }
  });

  it("keeps the count beside the mark of a partial value", () => {
    const ring = new Ring();
    ring.writer.tryWriteReference({ sequence: 1, epoch: 0, bytes: 1, isPartial: true });
    for (const takenBefore of [0, 1, 2]) {
      const record = ring.reader.read();
      assert.deepEqual([record?.takenBefore, record?.isPartial, record?.data], [takenBefore, true, undefined]);
      ring.reader.take();
      ring.reopenReader();
    }
  });

  it("does not bring back what was dropped", () => {
    const ring = new Ring();
    for (const n of [0, 1]) ring.write(n);
    ring.reader.read();
    ring.reader.drop();
    ring.reopenReader();
    assert.deepEqual(ring.take(), [1, 0]);
  });

  it("begins for a writer behind the last record that was published, and goes on counting", () => {
    const ring = new Ring();
    assert.deepEqual([ring.writer.nextSequence, ring.reader.nextSequence], [0, 0]);
    for (const n of [4, 5]) ring.write(n);
    assert.deepEqual([ring.writer.nextSequence, ring.reader.nextSequence], [6, 6]);
    ring.reopenWriter();
    assert.deepEqual([ring.writer.nextSequence, ring.writer.written, ring.writer.freed], [6, 2, 0]);
    ring.write(6);
    assert.deepEqual([ring.take(), ring.take(), ring.take()], [[4, 0], [5, 0], [6, 0]]);
    ring.reader.free();
    assert.equal(ring.writer.freed, 1);
  });

  it("does not show what a writer had not published when it died", () => {
    const ring = new Ring();
    ring.write(0);
    // Dies between the post of a value and its record.
    assert.throws(() =>
      ring.writer.tryWriteReference({ sequence: 1, epoch: 0, bytes: 1 }, () => {
        throw new Error("dies");
      })
    );
    ring.reopenWriter();
    assert.equal(ring.writer.nextSequence, 1);
    ring.write(1);
    assert.deepEqual([ring.take(), ring.take(), ring.take()], [[0, 0], [1, 0], undefined]);
  });

  it("keeps the window of a writer that is opened anew", () => {
    const ring = new Ring();
    const limits: FlowLimits = { items: 3, bytes: 1_000 };
    for (const n of [0, 1, 2]) ring.write(n);
    ring.reopenWriter();
    assert.equal(ring.writer.isBelow(limits), false);
    assert.equal(ring.writer.isBelow({ items: 10, bytes: 300 }), false);
    ring.take();
    assert.equal(ring.writer.isBelow(limits), false);
    ring.reader.free();
    assert.equal(ring.writer.isBelow(limits), true);
  });

  it("wakes the writer that sleeps, whoever went to sleep there", () => {
    const ring = new Ring();
    ring.write(0);
    ring.writer.fallAsleep();
    ring.reopenWriter();
    ring.take();
    ring.reopenReader();
    ring.take();
    ring.reader.free();
    assert.deepEqual([ring.reader.mustWakeWriter(), ring.reader.mustWakeWriter()], [true, false]);
  });

  it("is refused where it was not left in order, and bears a sequence number that is none", () => {
    for (const [word, open] of [[STATE.readPosition, RingReader], [STATE.writePosition, RingWriter]] as const) {
      const { memory } = new Ring();
      new Int32Array(memory.buffer)[word] = 12;
      assert.equal(thrownBy(() => new open(memory)).reason, "protocol-violation");
    }
    for (const nonsense of [NaN, -1, 0.5, Infinity, 2 ** 60]) {
      const ring = new Ring();
      new Float64Array(ring.memory.buffer)[2] = nonsense;
      assert.deepEqual([ring.writer.nextSequence, ring.reader.nextSequence], [0, 0]);
    }
  });
});

type Step =
  | { readonly op: "write"; readonly bytes: number }
  | { readonly op: "take" | "free" | "drop" | "reader dies" | "writer dies" };

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ op: fc.constant("write" as const), bytes: fc.integer({ min: 0, max: 208 }) }) },
    { weight: 6, arbitrary: fc.constantFrom<Step>({ op: "take" }, { op: "free" }, { op: "take" }, { op: "drop" }) },
    { weight: 2, arbitrary: fc.constantFrom<Step>({ op: "reader dies" }, { op: "writer dies" }) },
  ),
  { maxLength: 150, size: "max" },
);

describe("a ring, whoever dies", () => {
  it("gives every record until it is freed, in order, with how often it was taken", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1024, 2048),
        fc.constantFrom(0, 2 ** 32 - 8, 2 ** 32 - 1024, 2 ** 31 - 1024),
        steps,
        (capacity, startAt, steps) => {
          const ring = new Ring(capacity, startAt);
          /** What is in the ring, the oldest first, and how many of it the reader has taken. */
          const inside: { n: number; taken: number }[] = [];
          let [written, taken] = [0, 0];
          for (const step of steps) {
            switch (step.op) {
              case "write":
                if (ring.write(written, step.bytes)) inside.push({ n: written++, taken: 0 });
                break;
              case "take": {
                const next = inside[taken];
                assert.deepEqual(ring.take(), next && [next.n, next.taken]);
                if (next !== undefined) {
                  next.taken += 1;
                  taken += 1;
                }
                break;
              }
              case "free":
                if (taken === 0) break;
                ring.reader.free();
                inside.shift();
                taken -= 1;
                break;
              case "drop":
                if (taken > 0 || ring.reader.read() === undefined) break;
                ring.reader.drop();
                inside.shift();
                break;
              case "reader dies":
                ring.reopenReader();
                taken = 0;
                break;
              case "writer dies":
                ring.reopenWriter();
                break;
            }
            assert.equal(ring.reader.depth, inside.length - taken);
            assert.equal((ring.writer.written - ring.writer.freed) >>> 0, inside.length);
            assert.equal(ring.writer.nextSequence, written);
            assert.equal(ring.writer.isBelow({ items: inside.length + 1, bytes: inside.length * 100 + 1 }), true);
            assert.equal(ring.writer.isBelow({ items: 1_000, bytes: inside.length * 100 }), false);
          }
          // However it was left, there is room again once all is freed, for the longest record.
          ring.reopenReader();
          for (const { n, taken } of inside) assert.deepEqual(ring.take(), [n, taken]);
          for (const _ of inside) ring.reader.free();
          assert.ok(ring.write(written, ring.writer.payloadBytesMax));
          assert.deepEqual(ring.take(), [written, 0]);
        },
      ),
      { numRuns: 1_000, seed: 34 },
    );
  });
});
