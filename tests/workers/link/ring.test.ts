import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RuntimeData } from "../../../core/data/runtime_data.ts";
import type { AudioData, AudioFormat } from "../../../core/data/types.ts";
import {
  type AudioHeader,
  createRingMemory,
  type RecordStamp,
  RING_CAPACITY_BYTES,
  type RingBytes,
  ringCapacityBytes,
  ringCounters,
} from "../../../workers/link/ring.ts";
import { RingReader } from "../../../workers/link/ring_reader.ts";
import { RingWriter } from "../../../workers/link/ring_writer.ts";
import { audioOf, FORMATS } from "./_ring_kit.ts";

const CAPACITIES = [1024, 2048, 4096];
/** Near to where counters of 32 bits wrap, and to where they turn negative as signed numbers. */
const STARTS = [0, 2 ** 32 - 8, 2 ** 32 - 1024, 2 ** 32 - 4000, 2 ** 31 - 8, 2 ** 31 - 1024];
const RUNS = 1_500;

type Step =
  | { readonly op: "audio" | "header"; readonly share: number; readonly format: AudioFormat; readonly stamped: boolean }
  | { readonly op: "reference" | "failing" | "read" | "release" };

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: audioStep() },
    { weight: 2, arbitrary: fc.constantFrom<Step>({ op: "reference" }, { op: "failing" }) },
    { weight: 5, arbitrary: fc.constantFrom<Step>({ op: "read" }, { op: "release" }, { op: "release" }) },
  ),
  { maxLength: 120, size: "max" },
);

function audioStep(): fc.Arbitrary<Step> {
  return fc.record({
    op: fc.constantFrom("audio", "audio", "audio", "header"),
    // Of the longest payload; the limits themselves are likely.
    share: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
    format: fc.constantFrom(...FORMATS),
    stamped: fc.boolean(),
  });
}

const bytesTakenUp = (payloadBytes: number) => 48 + Math.ceil(payloadBytes / 8) * 8;

/** A record as the model knows it. */
interface Entry {
  /** What it tells of. */
  readonly audio: AudioData | undefined;
  /** How much of it is in the ring; of a header nothing. */
  readonly payloadBytes: number;
  readonly isHeader?: boolean;
  readonly stamp: RecordStamp;
}

function headerOf(audio: AudioData | undefined): AudioHeader | undefined {
  if (audio === undefined) return undefined;
  const { format, sampleRate, channels, timestampUs, samples } = audio;
  return { format, sampleRate, channels, timestampUs, samplesBytes: samples.byteLength };
}

/** A ring and an array that must hold the same. */
class Model {
  readonly writer: RingWriter;
  readonly reader: RingReader;
  readonly #memory: RingBytes;
  readonly #capacity: number;
  readonly #startAt: number;
  readonly #queue: Entry[] = [];
  #written = 0;
  #freed = 0;

  constructor(capacity: number, startAt: number) {
    const memory = createRingMemory(capacity, startAt);
    this.#memory = memory;
    this.#capacity = capacity;
    this.#startAt = startAt;
    this.writer = new RingWriter(memory);
    this.reader = new RingReader(memory);
  }

  run(step: Step): void {
    switch (step.op) {
      case "audio":
      case "header": {
        const bytes = Math.floor(step.share * this.writer.payloadBytesMax);
        const timestampUs = step.stamped ? this.#written * 1.5 - 3 : undefined;
        const audio = audioOf(bytes, { format: step.format, seed: this.#written, timestampUs });
        const stamp = this.#stamp();
        const isHeader = step.op === "header";
        const written = isHeader ? this.writer.tryWriteHeader(audio, stamp) : this.writer.tryWriteAudio(audio, stamp);
        this.#wrote(written, { audio, stamp, isHeader, payloadBytes: isHeader ? 0 : audio.samples.byteLength });
        break;
      }
      case "reference": {
        const stamp = this.#stamp();
        let posted = 0;
        const written = this.writer.tryWriteReference(stamp, () => posted++);
        assert.equal(posted, written ? 1 : 0);
        this.#wrote(written, { audio: undefined, stamp, payloadBytes: 0 });
        break;
      }
      case "failing": {
        const post = () => {
          throw new Error("not cloneable");
        };
        try {
          assert.equal(this.writer.tryWriteReference(this.#stamp(), post), false);
        } catch (error) {
          assert.equal((error as Error).message, "not cloneable");
        }
        break;
      }
      case "read":
        this.#read();
        break;
      case "release":
        if (this.#read()) this.#release();
        break;
    }
    assert.equal(this.reader.depth, this.#queue.length);
    const { recordsWritten, recordsFreed, bytesWritten, bytesFreed } = ringCounters(this.#memory);
    const bytes = this.#queue.reduce((sum, { stamp }) => sum + stamp.bytes, 0);
    assert.deepEqual([(recordsWritten - recordsFreed) >>> 0, (bytesWritten - bytesFreed) >>> 0], [
      this.#queue.length,
      bytes,
    ]);
    assert.deepEqual([this.writer.written, this.writer.freed], [recordsWritten, recordsFreed]);
  }

  /** Empties the ring; then the longest record must fit, whatever came before. */
  finish(): void {
    while (this.#read()) this.#release();
    this.run({ op: "audio", share: 1, format: "i16", stamped: false });
    assert.equal(this.#queue.length, 1, "the longest record fits an empty ring");
    assert.equal(this.#read(), true);
  }

  #wrote(written: boolean, entry: Entry): void {
    if (written) {
      this.#queue.push(entry);
      this.#written += 1;
      return;
    }
    const { payloadBytes } = entry;
    const used = this.#queue.reduce((sum, { payloadBytes }) => sum + bytesTakenUp(payloadBytes), 0);
    // Two fillers at most lie in the ring or are needed, each shorter than the record that it makes room for.
    const filler = Math.max(payloadBytes, ...this.#queue.map(({ payloadBytes }) => payloadBytes));
    const needed = bytesTakenUp(payloadBytes) + 2 * bytesTakenUp(filler);
    assert.ok(used + needed > this.#capacity, `refused ${payloadBytes} bytes while only ${used} were in use`);
  }

  #read(): boolean {
    const record = this.reader.read();
    const [first] = this.#queue;
    assert.equal(record === undefined, first === undefined);
    if (record === undefined || first === undefined) return false;
    const index = (this.#startAt + this.#freed) >>> 0;
    const header = headerOf(first.audio);
    const data = first.isHeader ? undefined : first.audio;
    assert.deepEqual(record, { data, header, ...first.stamp, isPartial: false, takenBefore: 0, index });
    // Reading leaves it there.
    assert.deepEqual(this.reader.read(), record);
    return true;
  }

  #release(): void {
    this.#queue.shift();
    this.#freed += 1;
    this.reader.drop();
  }

  #stamp(): RecordStamp {
    return { sequence: this.#written * 3, epoch: this.#written % 5, bytes: 64 + this.#written };
  }
}

describe("a ring", () => {
  it("gives what was written, in order, whatever comes between, also where its counters wrap", () => {
    fc.assert(
      fc.property(fc.constantFrom(...CAPACITIES), fc.constantFrom(...STARTS), steps, (capacity, startAt, steps) => {
        const model = new Model(capacity, startAt);
        for (const step of steps) model.run(step);
        model.finish();
      }),
      { numRuns: RUNS, seed: 20 },
    );
  });

  it("never runs out of room while records are taken: every length follows every position", () => {
    for (const capacity of CAPACITIES) {
      const model = new Model(capacity, 0);
      for (let share = 0; share <= 1; share += 1 / 257) {
        for (const next of [0, share, 1, 1 - share]) {
          model.run({ op: "audio", share: next, format: "i16", stamped: false });
          model.run({ op: "release" });
        }
      }
      model.finish();
    }
  });

  it("keeps bits as they are: NaN, negative zero, full scale", () => {
    const memory = createRingMemory(1024);
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    const bits = Uint32Array.of(0x7fc00001, 0xffc12345, 0x80000000, 0x7f800000, 1);
    const samples = new Float32Array(bits.buffer);
    const stamp = { sequence: 2 ** 53 - 1, epoch: 2 ** 31 - 1, bytes: 2 ** 32 - 1 };
    writer.tryWriteAudio(
      { type: "audio", format: "f32", samples, sampleRate: 0.5, channels: 5, timestampUs: -0 },
      stamp,
    );
    const record = reader.read();
    assert.deepEqual(new Uint32Array(record?.data?.samples.buffer as ArrayBuffer), bits);
    assert.ok(Object.is(record?.data?.timestampUs, -0));
    assert.deepEqual([record?.sequence, record?.epoch, record?.bytes], [stamp.sequence, stamp.epoch, stamp.bytes]);
    assert.deepEqual([record?.data?.sampleRate, record?.data?.channels], [0.5, 5]);
  });

  it("takes the part of a larger buffer that a view shows, and leaves it whole", () => {
    const memory = createRingMemory(1024);
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    const whole = Int16Array.of(1, 2, 3, 4, 5);
    const samples = whole.subarray(1, 4);
    const stamp = { sequence: 0, epoch: 0, bytes: 0 };
    writer.tryWriteAudio({ type: "audio", format: "i16", samples, sampleRate: 8000, channels: 1 }, stamp);
    assert.deepEqual(reader.read()?.data?.samples, Int16Array.of(2, 3, 4));
    assert.deepEqual(whole, Int16Array.of(1, 2, 3, 4, 5));
  });

  it("wakes a sleeper once, and says when there is what it waits for", () => {
    const stamp = { sequence: 0, epoch: 0, bytes: 0 };
    const memory = createRingMemory(1024);
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    const write = () => writer.tryWriteReference({ sequence: 0, epoch: 0, bytes: 1 }, () => {});
    assert.equal(writer.mustWakeReader(), false);
    reader.fallAsleep();
    assert.deepEqual([writer.mustWakeReader(), writer.mustWakeReader()], [true, false]);
    reader.fallAsleep();
    reader.stayAwake();
    assert.equal(writer.mustWakeReader(), false);
    while (write());
    assert.equal(reader.depth, 21); // of 48 bytes in 1024
    const samples = new Float32Array(52);
    assert.equal(writer.tryWriteAudio(RuntimeData.audio({ samples, sampleRate: 8000 }), stamp), false);
    writer.fallAsleep();
    const halves: number[] = [];
    for (let left = reader.depth; left > 0; left--) {
      reader.read();
      reader.drop();
      assert.equal(reader.isWriterAsleep, true);
      if (reader.isHalfFree(1000)) halves.push(reader.depth);
      if (reader.isHalfFree(8)) assert.ok(reader.depth <= 4);
    }
    assert.equal(halves[0], 15); // 256 bytes, behind the 16 before the end
    assert.equal(halves.length, 16);
    assert.deepEqual([reader.mustWakeWriter(), reader.mustWakeWriter(), reader.isWriterAsleep], [true, false, false]);
  });

  it("keeps room for references behind audio, in half of the ring at most", () => {
    const stamp = { sequence: 0, epoch: 0, bytes: 0 };
    const audio = RuntimeData.audio({ samples: new Float32Array(4), sampleRate: 8000 });
    const countWith = (spareRecords: number) => {
      const writer = new RingWriter(createRingMemory(1024));
      let [audios, references] = [0, 0];
      while (writer.tryWriteAudio(audio, stamp, spareRecords)) audios++;
      while (writer.tryWriteReference(stamp)) references++;
      return [audios, references];
    };
    assert.deepEqual(countWith(0), [16, 0]); // of 64 bytes each
    assert.deepEqual(countWith(5), [11, 6]); // of 48 bytes each
    assert.deepEqual(countWith(1_000), [8, 10]);
  });

  it("is as large as its window needs", () => {
    assert.equal(ringCapacityBytes(1), RING_CAPACITY_BYTES);
    assert.equal(ringCapacityBytes(16), RING_CAPACITY_BYTES);
    assert.equal(ringCapacityBytes(17), 2 * RING_CAPACITY_BYTES);
    assert.equal(ringCapacityBytes(1_000), 4 * 1024 ** 2);
    assert.equal(ringCapacityBytes(1e9), ringCapacityBytes(65_536));
    for (const records of [16, 100, 10_000, 65_536]) {
      const writer = new RingWriter(createRingMemory(ringCapacityBytes(records)));
      let count = 0;
      while (count < records && writer.tryWriteReference({ sequence: 0, epoch: 0, bytes: 0 })) count++;
      assert.equal(count, records);
    }
  });

  it("stays at its front as long as the reader keeps up", () => {
    const memory = createRingMemory(RING_CAPACITY_BYTES);
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    const audio = RuntimeData.audio({ samples: new Float32Array(500).fill(1), sampleRate: 8000 });
    const stamp = (sequence: number) => ({ sequence, epoch: 0, bytes: 0 });
    for (let i = 0; i < 1_000; i++) {
      assert.ok(writer.tryWriteAudio(audio, stamp(i)));
      assert.equal(reader.read()?.sequence, i);
      reader.drop();
    }
    const bytes = new Uint8Array(memory.buffer);
    const touched = bytes.findLastIndex((byte) => byte !== 0);
    assert.ok(touched > 24 * 1024 && touched < 40 * 1024, `${touched}`);

    for (let i = 0; i < 40; i++) assert.ok(writer.tryWriteAudio(audio, stamp(i)));
    for (let i = 0; i < 40; i++) {
      assert.equal(reader.read()?.sequence, i);
      reader.drop();
    }
    assert.equal(reader.depth, 0);
    assert.ok(bytes.findLastIndex((byte) => byte !== 0) > 64 * 1024);
  });

  it("stays near its front with a window in flight", () => {
    const memory = createRingMemory(RING_CAPACITY_BYTES);
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    const audio = RuntimeData.audio({ samples: new Float32Array(480).fill(1), sampleRate: 8000 });
    const window = 16;
    for (let i = 0; i < 1_000; i++) {
      assert.ok(writer.tryWriteAudio(audio, { sequence: i, epoch: 0, bytes: 0 }, window));
      if (i < window - 1) continue;
      assert.equal(reader.read()?.sequence, i - window + 1);
      reader.drop();
    }
    const touched = new Uint8Array(memory.buffer).findLastIndex((byte) => byte !== 0);
    assert.ok(touched > 60 * 1024 && touched < 70 * 1024, `${touched}`);
  });

  it("refuses a capacity that is none", () => {
    for (const capacity of [0, 512, 1000, 1025, 3 * 1024]) {
      assert.throws(() => new RingWriter(createRingMemory(capacity)), { name: "RangeError" });
      assert.throws(() => new RingReader(createRingMemory(capacity)), { name: "RangeError" });
    }
  });
});
