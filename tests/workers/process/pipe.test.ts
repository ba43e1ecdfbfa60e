import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { MEMBERS_MAX, ValueReader, ValueWriter } from "../../../workers/process/codec.ts";
import { FRAME_BYTES_MAX, FRAME_HEADER_BYTES, FrameReader } from "../../../workers/process/frame_reader.ts";
import type { PipePort } from "../../../workers/process/pipe_port.ts";
import { PortMux } from "../../../workers/process/port_mux.ts";
import { TransferLinkReader } from "../../../workers/link/transfer_link_reader.ts";
import { RuntimeData, StreamrackError } from "../../../mod.ts";
import { thrownBy } from "../../_support/errors.ts";
import { Random } from "../../_support/random.ts";

const noPorts = () => assert.fail("there is no port");

function encode(value: unknown): Buffer {
  const writer = new ValueWriter(0, noPorts);
  writer.write(value);
  return Buffer.concat(writer.finish().parts);
}

const decode = (bytes: Buffer) => new ValueReader(bytes).read();

/** A frame: length, kind, port, body. The length is right unless it is given. */
function frame(port: number, body: Uint8Array, { kind = 1, length = 5 + body.length } = {}): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32LE(length, 0);
  header[4] = kind;
  header.writeUInt32LE(port, 5);
  return Buffer.concat([header, body]);
}

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

/** Everything that a message may be made of, and where it may go wrong. */
const VALUES: readonly unknown[] = [
  ...[undefined, null, true, false, 0, -0, 1.5, NaN, Infinity, -(2 ** 53), "", "ü🎵", "\uFEFFwith a mark", "\0"],
  ...[10n ** 40n, -5n, [], {}, [[[]]], { a: { b: [1, "x", null, undefined] } }],
  ...[
    new ArrayBuffer(5),
    new Uint8Array(0),
    Uint8Array.of(1, 2),
    Float32Array.of(0.1),
    new Float64Array(1_000).fill(2),
  ],
  ...[BigInt64Array.of(-1n), new Float32Array([1, 2, 3]).subarray(1), Int16Array.of(-1)],
];

describe("values on the pipe", () => {
  it("come out as they went in", () => {
    for (const value of [...VALUES, VALUES]) assert.deepEqual(decode(encode(value)), value);
    const view = decode(encode(Float32Array.of(1, 2, 3).subarray(1))) as Float32Array;
    assert.equal(view.buffer.byteLength, 8);
  });

  it("are refused where they cannot be sent, by whoever sends them", () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    for (const value of [() => {}, Symbol("s"), new Map(), new Date(), cyclic, new DataView(new ArrayBuffer(1))]) {
      assert.throws(() => encode([value]), TypeError);
    }
    const error = thrownBy(() => encode(new Array(MEMBERS_MAX + 1)));
    assert.equal(error.reason, "limit-exceeded");
  });

  it("set no prototype, whatever their keys are", () => {
    const value = decode(
      encode(JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}')),
    );
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.deepEqual(Object.keys(value as object), ["__proto__", "constructor"]);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  it("are read whole, or are a violation: cut off, changed, or anything at all", () => {
    const random = new Random(7);
    const bytes = encode(VALUES);
    for (let cut = 0; cut < bytes.length; cut += random.integer(1, 40)) {
      assert.equal(thrownBy(() => decode(bytes.subarray(0, cut))).reason, "protocol-violation");
    }
    for (let round = 0; round < 3_000; round++) {
      const forged = round % 2 === 0
        ? Buffer.from(bytes)
        : Buffer.from(Array.from({ length: random.integer(0, 64) }, () => random.integer(0, 255)));
      for (let n = 0; n < 4 && forged.length > 0; n++) {
        forged[random.integer(0, forged.length - 1)] = random.pick([0, 7, 8, 9, 10, 255, random.integer(0, 255)]);
      }
      try {
        decode(forged);
      } catch (error) {
        assert.ok(StreamrackError.is(error) && error.reason === "protocol-violation", String(error));
      }
    }
  });

  it("take no memory that their bytes do not pay for", () => {
    const nested = Buffer.concat(Array.from({ length: 1_000 }, () => Buffer.concat([Buffer.of(7), u32(1)])));
    for (
      const forged of [
        Buffer.concat([Buffer.of(7), u32(0xffff_ffff), Buffer.alloc(10)]),
        Buffer.concat([Buffer.of(8), u32(0xffff_ffff), Buffer.alloc(10)]),
        Buffer.concat([Buffer.of(9, 0), u32(0xffff_ffff), Buffer.alloc(10)]),
        Buffer.concat([Buffer.of(5), u32(0x7fff_ffff)]),
        Buffer.concat([Buffer.of(7), u32(MEMBERS_MAX + 1), Buffer.alloc(MEMBERS_MAX + 1)]),
        Buffer.concat([Buffer.of(6), u32(2_000), Buffer.alloc(2_000, "9")]),
        nested,
      ]
    ) {
      assert.equal(thrownBy(() => decode(forged)).reason, "protocol-violation");
    }
  });
});

describe("frames", () => {
  it("come whole, however the bytes are cut", () => {
    const random = new Random(3);
    const bodies = Array.from({ length: 50 }, (_, i) => Buffer.alloc(random.pick([0, 1, 9, 70_000]), i));
    const bytes = Buffer.concat(bodies.map((body, i) => frame(i, body)));
    const seen: [number, number, number | undefined][] = [];
    const reader = new FrameReader((_kind, port, body) => void seen.push([port, body.length, body[0]]));
    for (let at = 0; at < bytes.length;) {
      const end = at + random.pick([1, 3, 8, 9, 10, 40_000]);
      reader.push(bytes.subarray(at, end));
      at = end;
    }
    assert.deepEqual(seen, bodies.map((body, i) => [i, body.length, body[0]]));
  });

  it("are refused by their length before anything is kept of them", () => {
    for (const length of [0, 4, FRAME_BYTES_MAX + 1, 0xffff_ffff]) {
      const reader = new FrameReader(() => assert.fail("it was no frame"));
      assert.equal(thrownBy(() => reader.push(frame(0, Buffer.alloc(0), { length }))).reason, "protocol-violation");
    }
  });
});

/** The host's end of a pipe to a child that writes whatever the test pushes. */
function hostWith(pushed: Buffer): { readonly closed: StreamrackError | undefined; readonly heard: unknown[] } {
  const pipe = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const heard: unknown[] = [];
  let closed: StreamrackError | undefined;
  const mux = new PortMux(pipe, "host", {
    onMessage: (message) => void heard.push(message),
    onClose: (error) => void (closed ??= error),
  });
  const { port1, port2 } = new MessageChannel();
  mux.post({ port: port2 });
  pipe.emit("data", pushed);
  mux.dispose();
  port1.close();
  return { closed, heard };
}

describe("the host's end of the pipe", () => {
  it("hears what is right", () => {
    const { heard } = hostWith(frame(0, encode({ t: "ready" })));
    assert.deepEqual(heard, [{ t: "ready" }]);
  });

  for (
    const [what, bytes] of [
      ["bytes that are no value", frame(1, Buffer.of(200, 1, 2, 3))],
      ["a frame longer than any", frame(1, Buffer.of(1), { length: 0xffff_fff0 })],
      ["a frame shorter than any", frame(1, Buffer.of(1), { length: 1 })],
      ["a message on a port that was never given", frame(1_000_000, encode(null))],
      ["a port of its own", frame(0, Buffer.concat([Buffer.of(10), u32(1)]))],
      ["a frame of another kind", frame(1, encode(null), { kind: 77 })],
      ["two values in one frame", frame(0, Buffer.concat([encode(null), encode(null)]))],
      ["a good frame, then a bad one", Buffer.concat([frame(0, encode(null)), frame(0, Buffer.of(99))])],
    ] as const
  ) {
    it(`closes at ${what}, and throws nothing`, () => {
      const { closed, heard } = hostWith(bytes);
      assert.equal(closed?.reason, "protocol-violation", what);
      assert.ok(heard.length <= 1);
    });
  }

  it("closes at anything at all, or hears it", () => {
    const random = new Random(11);
    for (let round = 0; round < 300; round++) {
      const body = Buffer.from(Array.from({ length: random.integer(0, 40) }, () => random.integer(0, 12)));
      const { closed } = hostWith(frame(random.integer(0, 2), body, { kind: random.pick([1, 1, 1, 2]) }));
      assert.ok(["protocol-violation", "runtime-closed"].includes(closed?.reason as string), String(closed));
    }
  });
});

/** A child's end of a pipe that has taken a task with one port, and what comes on that port. */
function childWith(messages: readonly unknown[], earlyMax?: number) {
  const pipe = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  let port: PipePort | undefined;
  const mux = new PortMux(pipe, "child", {
    onMessage: (message) => void (port = (message as { port: PipePort }).port),
    onClose: () => {},
  });
  if (earlyMax !== undefined) mux.allowEarly(earlyMax);
  pipe.emit(
    "data",
    frame(0, Buffer.concat([Buffer.of(8), u32(1), u32(4), Buffer.from("port"), Buffer.of(10), u32(1)])),
  );
  for (const message of messages) pipe.emit("data", frame(1, encode(message)));
  return { port: port as PipePort, close: () => mux.dispose() };
}

/** What a port hands on, from when somebody listens. */
function heardOn(port: PipePort, until: number): Promise<unknown[]> {
  const heard: unknown[] = [];
  return new Promise((resolve) => {
    port.onmessage = ({ data }) => {
      if (heard.push(data) === until) resolve(heard);
    };
  });
}

describe("a port in a child process", () => {
  it("keeps what comes before anybody listens, in order", async () => {
    const { port, close } = childWith([1, 2, 3]);
    assert.deepEqual(await heardOn(port, 3), [1, 2, 3]);
    close();
  });

  it("keeps no more than is allowed, and marks where the rest was lost", async () => {
    const numbers = Array.from({ length: 5_000 }, (_, i) => i);
    for (const [allowed, kept] of [[undefined, 1_024], [10, 1_024], [3_000, 3_000]] as const) {
      const { port, close } = childWith(numbers, allowed);
      const heard = await heardOn(port, kept + 1);
      assert.deepEqual(heard, [...numbers.slice(0, kept), undefined]);
      port.receive("later", 1);
      assert.equal(heard.at(-1), "later", "it is not handed on");
      close();
    }
  });

  it("is the end of a link that accuses whoever has sent too much, be it before the link is read", async () => {
    const value = (s: number) => ({ t: "data", s, e: 0, b: 65, r: 0, d: RuntimeData.text("x") });
    const { port, close } = childWith(Array.from({ length: 2_000 }, (_, s) => value(s)));
    const limits = { items: 5_000, bytes: 1e9 };
    const error = await new Promise<StreamrackError>((resolve) => {
      new TransferLinkReader(port as unknown as MessagePort, { port: "in", from: "n" }, { limits }, resolve);
    });
    assert.equal(error.reason, "protocol-violation");
    assert.match(error.message, /no known form/);
    close();
  });
});
