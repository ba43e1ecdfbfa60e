import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RuntimeData } from "../../../core/plugin.ts";
import { createLink, openLinkReader, openLinkWriter } from "../../../workers/link/open_link.ts";
import type { RingBytes } from "../../../workers/link/ring.ts";
import { RingWriter } from "../../../workers/link/ring_writer.ts";
import { rejectionOf, thrownBy } from "../../_support/errors.ts";
import { Random } from "../../_support/random.ts";
import { SAMPLE_DATA } from "../../_support/sample_data.ts";
import { LIMITS, ReaderUnderAttack, turns, WAYS } from "./_link_kit.ts";
import { audioOf, hostileWord, itemOf, STATE } from "./_ring_kit.ts";

const nested = () => {
  let value: unknown = null;
  for (let depth = 0; depth < 1_000; depth++) value = { d: value };
  return value;
};

/** Messages that no writer sends, on either way. */
const GARBAGE: readonly (readonly [string, unknown])[] = [
  ["nothing", undefined],
  ["null", null],
  ["a string", "data"],
  ["a number", 17],
  ["a truth", true],
  ["an empty array", []],
  ["an array of nothing", new Array(3)],
  ["a huge array", new Array(200_000).fill({ t: "data" })],
  ["an object of no form", {}],
  ["a form that is unknown", { t: "credit", n: 1, b: 1 }],
  ["a form that is no string", { t: ["data"] }],
  ["a map", new Map([["t", "data"]])],
  ["an error", new Error("t")],
  ["deep nesting", nested()],
  ["a value without a value", { t: "data", s: 0, e: 0, b: 0 }],
  ...[0.5, NaN, "0", 2 ** 53, null].map((s) =>
    [`a value whose number is ${s} (${typeof s})`, {
      t: "data",
      s,
      e: 0,
      b: 0,
      r: 0,
      d: { type: "text", text: "x" },
    }] as const
  ),
  ["a value of no kind", { t: "data", s: 0, e: 0, b: 0, r: 0, d: { type: "smell" } }],
  ["a value that lacks its bytes", { t: "data", s: 0, e: 0, b: 0, r: 0, d: { type: "audio" } }],
  ["a value of the wrong class", {
    t: "data",
    s: 0,
    e: 0,
    b: 0,
    r: 0,
    d: { ...SAMPLE_DATA[0], samples: new Uint8Array(4) },
  }],
  ["a value with half a frame", { t: "data", s: 0, e: 0, b: 0, r: 0, d: { ...SAMPLE_DATA[0], channels: 3 } }],
  ["metadata that is no JSON", { t: "data", s: 0, e: 0, b: 0, r: 0, d: { ...SAMPLE_DATA[1], metadata: { a: 1n } } }],
  ["nesting as JSON", { t: "data", s: 0, e: 0, b: 0, r: 0, d: { type: "json", value: nested() } }],
];

const VALUE = { t: "data", s: 0, e: 0, b: 70, r: 0, d: RuntimeData.text("abc") };

for (const { name, shared } of WAYS) {
  describe(`a reader (${name})`, () => {
    for (const [what, message] of GARBAGE) {
      it(`closes on ${what}, says so once, and leaves no read pending`, async () => {
        const attack = new ReaderUnderAttack(shared);
        const next = rejectionOf((async () => await attack.fanIn.next())());
        attack.port.postMessage(message);
        attack.port.postMessage(message);
        const error = await next;
        assert.equal(error.reason, "protocol-violation");
        attack.port.postMessage(VALUE);
        attack.port.postMessage({ t: "end" });
        await turns();
        assert.deepEqual(attack.violations, [error]);
        assert.equal(attack.reader.peek(), undefined);
        attack.close();
      });
    }

    it("closes when it is sent more values than the window takes", async () => {
      const attack = new ReaderUnderAttack(shared);
      for (let i = 0; i < 1_000; i++) attack.port.postMessage(VALUE);
      await turns(20);
      assert.deepEqual(attack.violations.map(({ reason }) => reason), ["protocol-violation"]);
      attack.close();
    });

    it("takes two ends for one, or for a violation; never for none", async () => {
      const attack = new ReaderUnderAttack(shared);
      attack.port.postMessage({ t: "end" });
      attack.port.postMessage({ t: "end" });
      assert.equal(await (async () => await attack.fanIn.next())().catch(() => undefined), undefined);
      await turns();
      assert.ok(attack.violations.length <= 1);
      attack.close();
    });

    it("keeps what has come when it is closed", async () => {
      const { writer: writerEnd, reader: readerEnd } = createLink({ shared });
      const writer = openLinkWriter(writerEnd, { limits: LIMITS });
      const reader = openLinkReader(readerEnd, { port: "in", from: "n" }, { limits: LIMITS }, assert.fail);
      const values = [audioOf(40), RuntimeData.text("a"), audioOf(80), RuntimeData.binary(new Uint8Array(5))];
      values.forEach((data, i) => writer.write(itemOf(structuredClone(data), i)));
      writer.end();
      await writer.closed;
      reader.close();
      for (const data of values) {
        assert.equal(reader.isDrained, false);
        assert.deepEqual(reader.take().data, data);
      }
      assert.equal(reader.isDrained, true);
    });
  });

  describe(`a writer (${name})`, () => {
    /** A writer with a full window and two writes that wait, and the reader's end bare. */
    function fullWriter() {
      const { writer: writerEnd, reader: { port, ring } } = createLink({ shared });
      const writer = openLinkWriter(writerEnd, { limits: LIMITS });
      port.start();
      for (let i = 0; i < LIMITS.items; i++) assert.equal(writer.write(itemOf(audioOf(16), i)), undefined);
      const waiting = [4, 5].map((i) => rejectionOf(Promise.resolve(writer.write(itemOf(audioOf(16), i)))));
      return { writer, port, ring, waiting };
    }

    const answers: readonly (readonly [string, unknown])[] = [
      ...GARBAGE.filter(([what]) => what !== "a form that is unknown"),
      ["a close before the end", { t: "closed" }],
      ["credit without a count", { t: "credit" }],
      ["credit that takes", { t: "credit", n: -1, b: 0 }],
      ["credit that takes bytes", { t: "credit", n: 1, b: -1 }],
      ["credit that was never given", { t: "credit", n: 5, b: 0 }],
      ["credit for bytes that were never given", { t: "credit", n: 1, b: 1e9 }],
      ["credit in halves", { t: "credit", n: 0.5, b: 0 }],
      ["credit that is no number", { t: "credit", n: NaN, b: "1" }],
    ];
    for (const [what, message] of answers) {
      it(`closes on ${what}, and leaves no write pending`, async () => {
        const { writer, port, waiting } = fullWriter();
        port.postMessage(message);
        await writer.closed;
        for (const error of await Promise.all(waiting)) assert.equal(error.reason, "protocol-violation");
        assert.equal(thrownBy(() => writer.write(itemOf(audioOf(8)))).reason, "protocol-violation");
        port.close();
      });
    }

    it("rejects what waits when it is closed on its own side", async () => {
      const { writer, port, waiting } = fullWriter();
      writer.end();
      writer.close();
      for (const error of await Promise.all(waiting)) assert.equal(error.reason, "session-closed");
      await writer.closed;
      port.close();
    });

    it("says no end once it is aborted while something waited", async () => {
      const { writer, port, waiting } = fullWriter();
      const messages: unknown[] = [];
      port.onmessage = ({ data }) => void messages.push(data);
      const stop = thrownBy(() => RuntimeData.text(5 as never));
      writer.end();
      writer.abort(stop);
      assert.deepEqual(await Promise.all(waiting), [stop, stop]);
      writer.end();
      await turns();
      assert.ok(!messages.some((message) => (message as { t?: unknown } | null)?.t === "end"));
      writer.close();
      port.close();
    });
  });
}

for (const { name, shared } of WAYS) {
  describe(`a reader (${name}) that knows what may come`, () => {
    /** What it says when one value comes. */
    async function violationOf(d: unknown, options: ConstructorParameters<typeof ReaderUnderAttack>[1], epoch = 0) {
      const attack = new ReaderUnderAttack(shared, { peer: { nodeId: "n", pluginName: "p" }, ...options });
      const next = rejectionOf((async () => await attack.fanIn.next())());
      if (shared) new RingWriter(attack.ring!).tryWriteReference({ sequence: 0, epoch, bytes: 70 });
      attack.port.postMessage({ t: "data", s: 0, e: epoch, b: 70, r: 0, d });
      const error = await next;
      assert.deepEqual([error.reason, error.nodeId, error.pluginName], ["protocol-violation", "n", "p"]);
      attack.close();
      return error.message;
    }

    it("takes no bytes that the sender keeps a hold of", async () => {
      const audio = (samples: Float32Array) => ({
        type: "audio",
        samples,
        sampleRate: 8000,
        channels: 1,
        format: "f32",
      });
      for (
        const samples of [
          new Float32Array(new SharedArrayBuffer(32)),
          new Float32Array(new ArrayBuffer(64), 0, 4),
          new Float32Array(new SharedArrayBuffer(0)),
        ]
      ) {
        assert.match(await violationOf(audio(samples), {}), /has kept a hold of/);
      }
    });

    it("takes no kind that the port does not give", async () => {
      const text = { type: "text", text: "x" };
      assert.match(await violationOf(text, { kinds: ["audio", "json"] }), /text data, where it carries audio or json/);
    });

    it("takes no value of an epoch that has not begun", async () => {
      const options = { latestEpoch: () => 2 };
      assert.match(await violationOf({ type: "text", text: "x" }, options, 3), /an epoch that has not begun/);
    });
  });
}

describe("a reader (ring) under attack on both ways", () => {
  it("takes no audio out of the ring where the port gives none, nor of an epoch that has not begun", async () => {
    const ways = [[{ kinds: ["text"] }, 0, /audio data, where it carries text/], [
      { latestEpoch: () => 2 },
      3,
      /an epoch that has not begun/,
    ]] as const;
    for (const [options, epoch, message] of ways) {
      const attack = new ReaderUnderAttack(true, { ...options, peer: { nodeId: "n" } });
      new RingWriter(attack.ring!).tryWriteAudio(audioOf(16), { sequence: 0, epoch, bytes: 80 });
      const error = await rejectionOf((async () => await attack.fanIn.next())());
      assert.match(error.message, message);
      assert.equal(error.nodeId, "n");
      assert.equal(attack.violations.length, 1);
      attack.close();
    }
  });

  const stamp = { sequence: 0, epoch: 0, bytes: 70 };

  it("finds a reference whose value never came", async () => {
    const attack = new ReaderUnderAttack(true);
    const ring = new RingWriter(attack.ring as RingBytes);
    ring.tryWriteReference(stamp, () => {});
    const next = rejectionOf((async () => await attack.fanIn.next())());
    attack.port.postMessage({ t: "end" });
    assert.equal((await next).reason, "protocol-violation");
    attack.close();
  });

  it("finds a value whose reference never came", async () => {
    const attack = new ReaderUnderAttack(true);
    attack.port.postMessage(VALUE);
    attack.port.postMessage({ t: "end" });
    assert.equal((await rejectionOf((async () => await attack.fanIn.next())())).reason, "protocol-violation");
    attack.close();
  });

  it("finds what comes after the end", async () => {
    for (const message of [1, VALUE, { t: "end" }, "x"]) {
      const attack = new ReaderUnderAttack(true);
      attack.port.postMessage({ t: "end" });
      attack.port.postMessage(message);
      await turns();
      assert.deepEqual(attack.violations.map(({ reason }) => reason), ["protocol-violation"]);
      attack.close();
    }
  });

  it("finds samples that are not those of their header, and takes those that are", async () => {
    const bytes = 40_000;
    const buffer = (byteLength = bytes) => new ArrayBuffer(byteLength);
    const resizable = new (ArrayBuffer as { new (length: number, options: object): ArrayBuffer })(bytes, {
      maxByteLength: 2 * bytes,
    });
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [buffer(bytes - 4), /not those of their header/],
      [buffer(0), /not those of their header/],
      [resizable, /not those of their header/],
      [[buffer(), "x"], /samples that are no buffer/],
      [[buffer(), new SharedArrayBuffer(bytes)], /samples that are no buffer/],
      [[buffer(), new Float32Array(bytes / 4)], /samples that are no buffer/],
      [new SharedArrayBuffer(bytes), /a message of no known form/],
      [new Float32Array(bytes / 4), /a message of no known form/],
      [{ t: "data", s: 0, d: audioOf(bytes) }, /a reference without a value/],
      [Array.from({ length: LIMITS.items + 1 }, () => buffer(8)), /more than 4 values/],
    ];
    for (const [message, reason] of wrong) {
      const attack = new ReaderUnderAttack(true);
      const next = rejectionOf((async () => await attack.fanIn.next())());
      new RingWriter(attack.ring as RingBytes).tryWriteHeader(audioOf(bytes), stamp);
      attack.port.postMessage(message);
      assert.match((await next).message, reason);
      await turns();
      assert.equal(attack.violations.length, 1);
      attack.close();
    }
    for (const message of [buffer(), [buffer()]]) {
      const attack = new ReaderUnderAttack(true);
      new RingWriter(attack.ring as RingBytes).tryWriteHeader(audioOf(bytes), stamp);
      attack.port.postMessage(message);
      const taken = await attack.fanIn.next();
      assert.deepEqual(taken?.items[0]?.data, { ...audioOf(bytes), samples: new Float32Array(bytes / 4) });
      attack.close();
    }
  });

  it("finds samples without a header, and a header whose samples never came", async () => {
    for (const record of ["none", "reference", "audio", "header"] as const) {
      const attack = new ReaderUnderAttack(true);
      const ring = new RingWriter(attack.ring as RingBytes);
      if (record === "reference") ring.tryWriteReference(stamp);
      if (record === "audio") ring.tryWriteAudio(audioOf(16), stamp);
      if (record === "header") ring.tryWriteHeader(audioOf(16), stamp);
      else attack.port.postMessage(new ArrayBuffer(16));
      attack.port.postMessage({ t: "end" });
      const thrown = rejectionOf((async () => {
        while (await attack.fanIn.next() !== undefined);
      })());
      assert.equal((await thrown).reason, "protocol-violation");
      attack.close();
    }
  });

  it("takes no samples where the port gives no audio", async () => {
    const attack = new ReaderUnderAttack(true, { kinds: ["text"] });
    new RingWriter(attack.ring as RingBytes).tryWriteHeader(audioOf(40_000), stamp);
    const next = rejectionOf((async () => await attack.fanIn.next())());
    attack.port.postMessage(new ArrayBuffer(40_000));
    assert.match((await next).message, /audio data, where it carries text/);
    attack.close();
  });

  it("finds audio that is none, although its record is sound", async () => {
    const spoilt: readonly ((words: Int32Array, floats: Float64Array) => void)[] = [
      (_words, floats) => floats[35] = NaN, // sample rate
      (_words, floats) => floats[35] = -1,
      (_words, floats) => floats[36] = Infinity, // timestamp
      (words) => words[67] = 3, // channels that leave half a frame
    ];
    for (const spoil of spoilt) {
      const attack = new ReaderUnderAttack(true);
      const memory = attack.ring as RingBytes;
      new RingWriter(memory).tryWriteAudio(audioOf(16), stamp);
      spoil(new Int32Array(memory.buffer), new Float64Array(memory.buffer));
      assert.equal((await rejectionOf((async () => await attack.fanIn.next())())).reason, "protocol-violation");
      assert.equal(attack.violations.length, 1);
      attack.close();
    }
  });

  it("hears no more doorbells than there may be reason for", async () => {
    const attack = new ReaderUnderAttack(true);
    const next = rejectionOf((async () => await attack.fanIn.next())());
    for (let i = 0; i < 5_000; i++) attack.port.postMessage(1);
    assert.match((await next).message, /doorbells with nothing behind them/);
    await turns();
    assert.equal(attack.violations.length, 1);
    attack.close();
  });

  it("gives values or a violation, but no other error, whatever is in memory and on the port", async () => {
    const random = new Random(6);
    for (let round = 0; round < 1_500; round++) {
      const attack = new ReaderUnderAttack(true);
      const memory = attack.ring as RingBytes;
      const words = new Int32Array(memory.buffer);
      const writer = new RingWriter(memory);
      for (let n = random.integer(0, 4); n > 0; n--) {
        if (random.unit() < 0.4) writer.tryWriteAudio(audioOf(random.integer(0, 40)), stamp);
        else if (random.unit() < 0.3) {
          writer.tryWriteHeader(audioOf(8), stamp);
          attack.port.postMessage(random.unit() < 0.5 ? new ArrayBuffer(8) : [new ArrayBuffer(8), new ArrayBuffer(8)]);
        } else writer.tryWriteReference(stamp, () => attack.port.postMessage(VALUE));
      }
      for (let n = random.integer(0, 4); n > 0; n--) {
        const word = random.unit() < 0.3 ? random.pick(Object.values(STATE)) : random.integer(64, 136);
        words[word] = hostileWord(random);
      }
      if (random.unit() < 0.5) attack.port.postMessage(random.pick(GARBAGE)[1]);
      attack.port.postMessage({ t: "end" });
      const outcome = (async () => {
        for (let count = 0; await attack.fanIn.next() !== undefined; count++) assert.ok(count < 10);
      })();
      const thrown = await outcome.then(() => undefined, (error: unknown) => error);
      if (thrown !== undefined) assert.deepEqual(attack.violations, [thrown]);
      attack.close();
    }
  });
});

describe("a writer (ring) under attack in memory", () => {
  it("hears no more often of room than there may be reason for, and says who did it, to both who ask", async () => {
    const { writer: end, reader: { port } } = createLink();
    const violations: unknown[] = [];
    const peer = { nodeId: "n", pluginName: "p" };
    const writer = openLinkWriter(end, { limits: LIMITS, peer, onViolation: (error) => violations.push(error) });
    port.start();
    const writes = Array.from({ length: LIMITS.items + 1 }, async (_, i) => await writer.write(itemOf(audioOf(16), i)));
    const waiting = rejectionOf(writes.at(-1)!);
    for (let i = 0; i < 5_000; i++) port.postMessage(2);
    const error = await waiting;
    assert.deepEqual([error.reason, error.nodeId, error.pluginName], ["protocol-violation", "n", "p"]);
    assert.match(error.message, /word of room where there is none/);
    await writer.closed;
    assert.deepEqual(violations, [error]);
    port.close();
  });

  it("takes room that is none for a violation, or waits; wakes on every answer", async () => {
    const random = new Random(7);
    for (let round = 0; round < 1_000; round++) {
      const { writer: writerEnd, reader: { port, ring } } = createLink();
      const writer = openLinkWriter(writerEnd, { limits: LIMITS });
      const words = new Int32Array((ring as RingBytes).buffer);
      port.start();
      const writes: Promise<void>[] = [];
      for (let n = 0; n < 12; n++) {
        if (random.unit() < 0.4) words[random.pick(Object.values(STATE))] = hostileWord(random);
        const data = random.unit() < 0.5 ? audioOf(random.integer(0, 400)) : RuntimeData.text("x");
        const written = (async () => await writer.write(itemOf(data, n)))();
        writes.push(written.catch((error) => assert.match(error.reason, /^(protocol-violation|session-closed)$/)));
        if (random.unit() < 0.3) port.postMessage(2);
        if (random.unit() < 0.1) await turns(1);
      }
      writer.close();
      await Promise.all(writes);
      port.close();
    }
  });
});
