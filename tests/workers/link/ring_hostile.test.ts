import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamrackError } from "../../../core/errors.ts";
import { createRingMemory } from "../../../workers/link/ring.ts";
import { RingReader } from "../../../workers/link/ring_reader.ts";
import { RingWriter } from "../../../workers/link/ring_writer.ts";
import { thrownBy } from "../../_support/errors.ts";
import { Random } from "../../_support/random.ts";
import { assertPlausible, audioOf, FORMATS, hostileWord, STATE, STATE_BYTES } from "./_ring_kit.ts";

const CAPACITY = 1024;
const ROUNDS = 20_000;

/** A ring with a few honest records, some of them taken already, so that it stands anywhere. */
function usedRing(random: Random, { startAt = random.pick([0, 2 ** 32 - 512]) } = {}) {
  const memory = createRingMemory(CAPACITY, startAt);
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory);
  const write = () => {
    const stamp = { sequence: random.integer(0, 99), epoch: random.integer(0, 3), bytes: random.integer(64, 999) };
    if (random.unit() < 0.2) return writer.tryWriteReference(stamp, () => {});
    if (random.unit() < 0.2) return writer.tryWriteHeader(audioOf(random.integer(0, 9_000)), stamp);
    return writer.tryWriteAudio(audioOf(random.integer(0, 200), { format: random.pick(FORMATS) }), stamp);
  };
  for (let n = random.integer(0, 20); n > 0; n--) {
    write();
    if (reader.read() !== undefined) reader.drop();
  }
  for (let n = random.integer(0, 4); n > 0; n--) write();
  return { memory, words: new Int32Array(memory.buffer), writer, reader, write };
}

/** Calls something that may find a violation, and throws nothing else. */
function unlessViolated<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    assert.ok(StreamrackError.is(error), `not one of our errors: ${String(error)}`);
    assert.equal(error.reason, "protocol-violation");
    return undefined;
  }
}

/** Reads until there is nothing more, or a violation. Every record counts as good as it is let through. */
function readAll(reader: RingReader): number {
  for (let count = 0;; count++) {
    // The memory stands still, so there can be no more records than have room.
    assert.ok(count <= CAPACITY / 48, "the reader goes on for ever");
    const record = unlessViolated(() => reader.read());
    if (record === undefined) return count;
    assertPlausible(record, CAPACITY);
    reader.drop();
    reader.mustWakeWriter();
  }
}

describe("the reader of a ring", () => {
  it("believes no single word: each of them, with each hostile value", () => {
    const random = new Random(1);
    for (let word = 0; word < (STATE_BYTES + CAPACITY) / 4; word++) {
      for (let round = 0; round < 24; round++) {
        const { words, reader } = usedRing(random);
        words[word] = hostileWord(random);
        readAll(reader);
      }
    }
  });

  it("survives any bytes at all", () => {
    const random = new Random(2);
    for (let round = 0; round < ROUNDS; round++) {
      const { memory, words, reader, write } = usedRing(random);
      const bytes = new Uint8Array(memory.buffer);
      for (let n = random.integer(1, 64); n > 0; n--) {
        const at = random.unit() < 0.1 ? random.integer(0, bytes.length - 1) : random.integer(STATE_BYTES, 700);
        bytes[at] = random.integer(0, 255);
      }
      if (random.unit() < 0.3) {
        words[STATE.writePosition] = (words[STATE.writePosition] as number) + hostileWord(random);
      }
      readAll(reader);
      unlessViolated(write);
      readAll(reader);
    }
  });

  it("survives headers that are nearly right", () => {
    const random = new Random(3);
    for (let round = 0; round < ROUNDS; round++) {
      const { words, reader } = usedRing(random, { startAt: 0 });
      // Records begin at multiples of 8: one of them is likely to be hit.
      const at = STATE_BYTES / 4 + random.integer(0, CAPACITY / 8 - 1) * 2;
      words[at] = random.pick([random.integer(0, 130) * 8, hostileWord(random)]);
      words[at + 1] = random.integer(-1, 36);
      if (random.unit() < 0.5) words[at + 2] = random.pick([(words[at] as number) - 48, hostileWord(random)]);
      readAll(reader);
    }
  });

  const violations: readonly (readonly [string, (words: Int32Array, header: number) => void])[] = [
    ["a write position that goes back", (words) => words[STATE.writePosition] = -8],
    ["one that is far ahead", (words) => words[STATE.writePosition] = CAPACITY + 8],
    ["one in the midst of a header", (words) => words[STATE.writePosition] = 40],
    ["one that is misaligned", (words) => words[STATE.writePosition] = 63],
    ["a record that is shorter than its header", (words, header) => words[header] = 40],
    ["one that is misaligned", (words, header) => words[header] = 63],
    ["one beyond the write position", (words, header) => words[header] = 72],
    ["one of negative length", (words, header) => words[header] = -64],
    ["a negative payload", (words, header) => words[header + 2] = -1],
    ["a payload whose length overflows", (words, header) => words[header + 2] = 2 ** 31 - 1],
    ["a payload beyond its record", (words, header) => words[header + 2] = 24],
    ["a payload of half a sample", (words, header) => words[header + 2] = 14],
    ["a kind that there is not", (words, header) => words[header + 1] = 5],
    ["a flag that there is not", (words, header) => words[header + 1] = 32 + 1],
    ["a header with a payload", (words, header) => words[header + 1] = 16 + 1],
    ["a reference with a payload", (words, header) => words[header + 1] = 4],
    ["a filler that is moved", (words, header) => words[header + 1] = 16],
    ["a negative kind", (words, header) => words[header + 1] = -1],
    ["no channels", (words, header) => words[header + 3] = 0],
    ["too many channels", (words, header) => words[header + 3] = 256],
    ["a negative epoch", (words, header) => words[header + 4] = -1],
    ["a sequence that is no count", (words, header) => words[header + 11] = -1],
    ["a filler that does not reach the end", (words, header) => words[header + 1] = 0],
    ["a filler that is all there is", (words, header) => {
      words[header] = CAPACITY;
      words[header + 1] = 0;
      words[STATE.writePosition] = CAPACITY;
    }],
  ];
  for (const [what, spoil] of violations) {
    it(`refuses ${what}`, () => {
      const memory = createRingMemory(CAPACITY);
      const reader = new RingReader(memory);
      const audio = audioOf(16);
      new RingWriter(memory).tryWriteAudio(audio, { sequence: 0, epoch: 0, bytes: 80 });
      assert.deepEqual(new RingReader(memory).read()?.data, audio);
      spoil(new Int32Array(memory.buffer), STATE_BYTES / 4);
      assert.equal(thrownBy(() => reader.read()).reason, "protocol-violation");
    });
  }

  it("refuses a record that runs over the end", () => {
    const startAt = CAPACITY - 64;
    const memory = createRingMemory(CAPACITY, startAt);
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    for (let n = 0; n < 2; n++) writer.tryWriteAudio(audioOf(16), { sequence: n, epoch: 0, bytes: 80 });
    const words = new Int32Array(memory.buffer);
    const header = (STATE_BYTES + startAt) / 4;
    words[header] = 128;
    words[header + 2] = 80;
    assert.equal(thrownBy(() => reader.read()).reason, "protocol-violation");
  });

  it("frees what it has read, although the memory says something else by then", () => {
    const memory = createRingMemory(CAPACITY);
    const words = new Int32Array(memory.buffer);
    const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
    writer.tryWriteAudio(audioOf(16), { sequence: 0, epoch: 0, bytes: 80 });
    writer.tryWriteAudio(audioOf(32, { seed: 2 }), { sequence: 1, epoch: 0, bytes: 96 });
    reader.read();
    words[STATE_BYTES / 4] = 8;
    reader.drop();
    assert.equal(reader.read()?.sequence, 1);
  });
});

describe("the writer of a ring", () => {
  it("stays within the ring and ends, whatever the reader says", () => {
    const random = new Random(4);
    for (let round = 0; round < ROUNDS; round++) {
      const { memory, words, writer, write } = usedRing(random);
      // Both ends are hostile to this writer now: what it wrote itself may change as well.
      for (let n = random.integer(1, 6); n > 0; n--) {
        const word = random.pick([...Object.values(STATE), random.integer(0, memory.byteLength / 4 - 1)]);
        words[word] = hostileWord(random);
      }
      for (let n = 0; n < 8; n++) {
        unlessViolated(write);
        writer.mustWakeReader();
        unlessViolated(() => writer.isBelow({ items: 16, bytes: 1000 }));
      }
    }
  });

  it("overwrites nothing that the reader has not freed, and none of the reader's own words", () => {
    const random = new Random(5);
    for (let round = 0; round < 2_000; round++) {
      const { words, writer } = usedRing(random);
      words[STATE.recordsFreed] = hostileWord(random);
      words[STATE.bytesFreed] = hostileWord(random);
      const before = words.slice();
      const writeFrom = (words[STATE.writePosition] as number) >>> 0;
      const readFrom = (words[STATE.readPosition] as number) >>> 0;
      while (writer.tryWriteAudio(audioOf(random.integer(0, 200)), { sequence: 0, epoch: 0, bytes: 1 }));
      for (const index of [STATE.readPosition, STATE.recordsFreed, STATE.bytesFreed, STATE.writerAsleep]) {
        assert.equal(words[index], before[index]);
      }
      for (let position = readFrom; position !== writeFrom; position = (position + 4) >>> 0) {
        const word = (STATE_BYTES + (position & (CAPACITY - 1))) / 4;
        assert.equal(words[word], before[word], "an unread record was overwritten");
      }
    }
  });

  it("refuses a position that the reader cannot have", () => {
    for (const position of [8 * CAPACITY + 8, -2 * CAPACITY, CAPACITY * 4]) {
      const memory = createRingMemory(CAPACITY);
      const writer = new RingWriter(memory);
      const stamp = { sequence: 0, epoch: 0, bytes: 1 };
      // The writer looks at the position only when what it knew leaves no room.
      while (writer.tryWriteAudio(audioOf(8), stamp));
      new Int32Array(memory.buffer)[STATE.readPosition] = position;
      assert.equal(thrownBy(() => writer.tryWriteAudio(audioOf(8), stamp)).reason, "protocol-violation");
      const post = () => assert.fail("posted without room");
      assert.equal(thrownBy(() => writer.tryWriteReference(stamp, post)).reason, "protocol-violation");
    }
  });
});
