import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { RuntimeData, type Session } from "../../../mod.ts";
import { Random } from "../../_support/random.ts";
import { chain, withRuntime } from "../../_support/runtime.ts";

const COUNT = 10_000;
const NOISE = new Uint8Array(400_000);
for (let i = 0, random = new Random(3); i < NOISE.length; i++) NOISE[i] = random.integer(0, 255);

/** The bytes of value number `n`: a part of the noise, of a length on either side of what a ring takes. */
function bytesOf(n: number): Uint8Array<ArrayBuffer> {
  const random = new Random(n * 7919);
  const longest = random.pick([40, 2_000, 2_000, 8_000, 8_000, 40_000, 200_000]);
  const start = random.integer(0, 190_000);
  return NOISE.slice(start, start + random.integer(0, longest / 4) * 4);
}

/** Value number `n`; told by its timestamp. */
function valueOf(n: number): RuntimeData {
  const random = new Random(n);
  const bytes = bytesOf(n);
  const metadata = random.unit() < 0.2 ? { metadata: { n } } : {};
  switch (random.integer(0, 9)) {
    case 0:
      return RuntimeData.text(`${n}`, { timestampUs: n, ...metadata });
    case 1:
      return RuntimeData.binary(bytes, { timestampUs: n, ...metadata });
    case 2:
    case 3:
      return RuntimeData.audio({
        samples: new Int16Array(bytes.buffer),
        sampleRate: 16000,
        channels: 2,
        timestampUs: n,
        ...metadata,
      });
    default:
      return RuntimeData.audio({
        samples: new Int32Array(bytes.buffer),
        sampleRate: 48000,
        channels: 1,
        timestampUs: n,
        ...metadata,
      });
  }
}

/** Checks that a value is what was sent under its number, down to the bytes, and gives the number. */
function numberOf(data: RuntimeData): number {
  const n = data.timestampUs as number;
  const sent = valueOf(n);
  assert.equal(data.type, sent.type);
  // A node on the way adds its own count.
  if (sent.metadata !== undefined) assert.equal(data.metadata?.["n"], n);
  if (data.type === "text") assert.equal(data.text, `${n}`);
  else {
    const { buffer, byteOffset, byteLength } = data.type === "audio" ? data.samples : RuntimeData.asBinary(data);
    if (!Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).equals(bytesOf(n))) {
      assert.fail(`the bytes of value ${n} changed on their way`);
    }
  }
  return n;
}

/** Sends all values, and reads them; both pause at random, and flushes come at random. */
async function exchange(session: Session, random: Random, flushShare: number): Promise<void> {
  let lastFlushAt = 0;
  const reading = (async () => {
    const received: number[] = [];
    for await (const { data } of session) {
      received.push(numberOf(data));
      if (random.unit() < 0.01) await new Promise((resolve) => setImmediate(resolve));
    }
    return received;
  })();
  for (let n = 0; n < COUNT;) {
    // Several at once, so that they wait for room together.
    const together = Math.min(random.pick([1, 1, 1, 3, 40]), COUNT - n);
    await Promise.all(Array.from({ length: together }, (_, i) => session.send(valueOf(n + i))));
    n += together;
    if (random.unit() < 0.01) await new Promise((resolve) => setImmediate(resolve));
    if (random.unit() < flushShare) {
      session.flush();
      lastFlushAt = n;
    }
  }
  await session.finish();
  const received = await reading;
  // Whatever was dropped: order holds, nothing comes twice, and what came after the last flush is all there.
  for (let i = 1; i < received.length; i++) assert.ok((received[i] as number) > (received[i - 1] as number));
  const expected = Array.from({ length: COUNT - lastFlushAt }, (_, i) => lastFlushAt + i);
  assert.deepEqual(received.filter((n) => n >= lastFlushAt), expected);
  if (flushShare === 0) assert.equal(received.length, COUNT);
}

for (const sharedMemory of [true, false]) {
  describe(`links between threads ${sharedMemory ? "with" : "without"} shared memory`, () => {
    it("bring every value through one worker, unchanged and in order", () =>
      withRuntime(async (runtime) => {
        await exchange(await runtime.open(chain("util.passthrough")), new Random(21), 0);
      }, { sharedMemory }));

    it("bring what is not flushed through two workers", () =>
      withRuntime(async (runtime) => {
        await exchange(await runtime.open(chain("util.passthrough", "probe.count")), new Random(22), 0.01);
      }, { sharedMemory }));

    it("bring values through the narrowest window", () =>
      withRuntime(async (runtime) => {
        await exchange(await runtime.open(chain("probe.count", "util.passthrough")), new Random(23), 0.002);
      }, { sharedMemory, maxItemsInFlight: 1, maxBytesInFlight: 1 }));
  });
}
