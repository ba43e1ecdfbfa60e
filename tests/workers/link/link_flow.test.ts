import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamrackError } from "../../../core/errors.ts";
import { FanIn } from "../../../core/flow/fan_in.ts";
import type { FlowLimits, Item } from "../../../core/flow/item.ts";
import { RuntimeData } from "../../../core/plugin.ts";
import { rejectionOf } from "../../_support/errors.ts";
import { Random } from "../../_support/random.ts";
import { OpenLink, turns, WAYS } from "./_link_kit.ts";
import { audioOf, itemOf } from "./_ring_kit.ts";

const ROUNDS = 500;
const STOP = new StreamrackError("session-cancelled", "stop");

/** A value that tells its number, of a kind and length that take either way through a link. */
function valueOf(random: Random, n: number): RuntimeData {
  switch (random.integer(0, 6)) {
    case 0:
      return RuntimeData.text(`${n}`, { timestampUs: n });
    case 1:
      return RuntimeData.json({ n }, { timestampUs: n });
    case 2:
      return RuntimeData.binary(new Uint8Array(random.integer(0, 40_000)).fill(n), { timestampUs: n });
    case 3:
      return { ...audioOf(random.integer(0, 200), { seed: n, timestampUs: n }), metadata: { n } };
    case 4:
      return audioOf(random.integer(0, 40_000), { seed: n, timestampUs: n });
    default:
      return audioOf(random.integer(0, 2_000), { seed: n, timestampUs: n });
  }
}

/** Sometimes nothing, sometimes a few microtasks, sometimes a turn or two of the event loop. */
async function pause(random: Random): Promise<void> {
  const length = random.unit();
  if (length < 0.5) return;
  if (length < 0.85) { for (let i = random.integer(1, 5); i > 0; i--) await Promise.resolve(); }
  else await turns(random.integer(1, 2));
}

/** One link, with everything that went in and came out of it. */
class Traffic {
  readonly link: OpenLink;
  readonly limits: FlowLimits;
  readonly sent: Item[] = [];
  /** A copy of each value that was sent, since the value itself may be moved away. */
  readonly copies: RuntimeData[] = [];
  readonly received: Item[] = [];
  readonly writes: Promise<string>[] = [];
  /** Bytes of each item that was let in and not yet taken, by sequence. */
  readonly inFlight = new Map<number, number>();
  epoch = 0;
  hasFlushed = false;
  /** What the reader was told. */
  told = 0;

  constructor(shared: boolean, random: Random) {
    const bytes = random.pick([1, 200, 5_000, 1 << 20]);
    this.limits = { items: random.integer(1, 6), bytes };
    this.link = new OpenLink({ shared, limits: this.limits });
    this.link.onTake = (item) => this.#take(item);
  }

  write(random: Random): Promise<string> {
    const data = valueOf(random, this.sent.length);
    const item = itemOf(data, this.sent.length, this.epoch);
    this.sent.push(item);
    this.copies.push(structuredClone(data));
    const settled = (async () => {
      try {
        await this.#write(item);
        return "taken";
      } catch (error) {
        assert.equal(error, STOP);
        return "refused";
      }
    })();
    this.writes.push(settled);
    return settled;
  }

  async #write(item: Item): Promise<void> {
    const written = this.link.writer.write(item);
    if (written !== undefined) await written;
    // It may have been taken before its write settled; what a flush drops cannot be seen from here.
    if (this.hasFlushed || this.received.some(({ sequence }) => sequence === item.sequence)) return;
    this.inFlight.set(item.sequence, item.bytes);
    assert.ok(this.inFlight.size <= this.limits.items, "more items in flight than allowed");
    const newest = Math.max(...this.inFlight.keys());
    const bytes = [...this.inFlight].reduce((sum, [sequence, bytes]) => sequence === newest ? sum : sum + bytes, 0);
    assert.ok(bytes < this.limits.bytes, "more bytes in flight than allowed");
  }

  #take(item: Item): void {
    const before = this.received.at(-1);
    this.received.push(item);
    this.inFlight.delete(item.sequence);
    assert.ok(item.epoch >= this.told, "a value came that had been flushed");
    assert.ok(before === undefined || item.sequence > before.sequence, "out of order");
    assert.ok(before === undefined || item.epoch >= before.epoch, "back in epochs");
    assert.equal(item.bytes, this.sent[item.sequence]?.bytes);
  }

  flush(): void {
    this.hasFlushed = true;
    this.epoch += 1;
  }

  tell(): void {
    this.told = this.epoch;
    this.link.fanIn.flushBefore(this.epoch);
  }

  /** Reads to the end, and checks each value as it comes. */
  async read(random: Random): Promise<void> {
    for (;;) {
      const next = await this.link.fanIn.next();
      if (next === undefined) return;
      const [item] = next.items as [Item];
      assert.deepEqual(item.data, this.copies[item.sequence]);
      await pause(random);
    }
  }
}

for (const { name, shared } of WAYS) {
  describe(`a link (${name})`, () => {
    it("gives every value once, in order, within its limits, and then the end", async () => {
      const random = new Random(11);
      for (let round = 0; round < ROUNDS; round++) {
        const traffic = new Traffic(shared, random);
        const reading = traffic.read(random);
        for (let n = random.integer(0, 40); n > 0; n--) {
          const written = traffic.write(random);
          if (random.unit() < 0.7) await written;
          await pause(random);
        }
        traffic.link.writer.end();
        await reading;
        await traffic.link.writer.closed;
        assert.deepEqual(await Promise.all(traffic.writes), traffic.sent.map(() => "taken"));
        assert.deepEqual(traffic.received.map(({ sequence }) => sequence), traffic.sent.map((_, n) => n));
        assert.deepEqual(traffic.link.violations, []);
        traffic.link.close();
      }
    });

    it("drops what is stale and only that, whoever hears of a flush first", async () => {
      const random = new Random(12);
      for (let round = 0; round < ROUNDS; round++) {
        const traffic = new Traffic(shared, random);
        const reading = traffic.read(random);
        for (let n = random.integer(0, 40); n > 0; n--) {
          if (random.unit() < 0.12) traffic.flush();
          if (random.unit() < 0.12) traffic.tell();
          const written = traffic.write(random);
          if (random.unit() < 0.7) await written;
          await pause(random);
        }
        traffic.link.writer.end();
        await reading;
        await traffic.link.writer.closed;
        await Promise.all(traffic.writes);
        const ofLastEpoch = (items: readonly Item[]) =>
          items.filter(({ epoch }) => epoch === traffic.epoch).map(({ sequence }) => sequence);
        assert.deepEqual(ofLastEpoch(traffic.received), ofLastEpoch(traffic.sent));
        assert.deepEqual(traffic.link.violations, []);
        traffic.link.close();
      }
    });

    it("frees its window after a flush although nobody reads", async () => {
      const random = new Random(13);
      const traffic = new Traffic(shared, random);
      for (let n = 0; n < 30; n++) void traffic.write(random);
      await turns();
      traffic.flush();
      traffic.tell();
      await Promise.all(traffic.writes);
      const last = traffic.write(random);
      await last;
      assert.equal((await traffic.link.fanIn.next())?.items[0]?.sequence, 30);
      traffic.link.close();
    });

    it("settles every write and every read when it is aborted or closed at any moment", async () => {
      const random = new Random(14);
      for (let round = 0; round < ROUNDS; round++) {
        const traffic = new Traffic(shared, random);
        const reading = traffic.read(random).then(() => "ended", (error: unknown) => assert.equal(error, STOP));
        let refused: Promise<unknown> | undefined;
        const stopAt = random.integer(0, 30);
        for (let n = 0; n < 30; n++) {
          const written = traffic.write(random);
          if (random.unit() < 0.4 && refused === undefined) await Promise.race([written, turns(3)]);
          if (n !== stopAt) continue;
          traffic.link.writer.abort(STOP);
          traffic.link.fanIn.abort(STOP);
          if (random.unit() < 0.5) traffic.link.close();
          refused = rejectionOf((async () => await traffic.link.writer.write(itemOf(audioOf(8))))());
        }
        if (refused === undefined) {
          traffic.link.writer.abort(STOP);
          traffic.link.fanIn.abort(STOP);
        }
        await Promise.all(traffic.writes);
        await refused;
        await reading;
        traffic.link.close();
        await traffic.link.writer.closed;
        assert.deepEqual(traffic.link.violations, []);
      }
    });

    it("meets a flush in zip: no delivery mixes epochs, and none is lost", async () => {
      const random = new Random(15);
      for (let round = 0; round < ROUNDS / 4; round++) {
        const links = [new OpenLink({ shared }), new OpenLink({ shared })] as const;
        const fanIn = new FanIn(links.map(({ reader }) => reader), "zip");
        for (const { reader } of links) reader.onLaterEpoch = (epoch) => fanIn.flushBefore(epoch);
        const epochs = links.map(() => Array.from({ length: 12 }, () => random.integer(0, 3)).sort());
        const writing = links.map(async ({ writer }, i) => {
          for (const [n, epoch] of (epochs[i] as number[]).entries()) {
            await writer.write(itemOf(audioOf(random.integer(0, 100)), n, epoch));
            await pause(random);
          }
          // The last epoch is told on both, so that the ends meet.
          await writer.write(itemOf(audioOf(8), 12, 4));
          writer.end();
        });
        let last: readonly Item[] = [];
        for (let next = await fanIn.next(); next !== undefined; next = await fanIn.next()) {
          last = next.items;
          await pause(random);
          assert.equal(new Set(last.map(({ epoch }) => epoch)).size, 1, "a delivery mixes epochs");
        }
        await Promise.all(writing);
        assert.deepEqual(last.map(({ sequence }) => sequence), [12, 12]);
        for (const link of links) link.close();
      }
    });
  });
}
