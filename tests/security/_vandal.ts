/**
 * The worker thread of the fuzz of the rings: holds one end of a link, and
 * writes anything to its memory and its port while the host is at work on the
 * other.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import type { RecordStamp, RingBytes } from "../../workers/link/ring.ts";
import { RingReader } from "../../workers/link/ring_reader.ts";
import { RingWriter } from "../../workers/link/ring_writer.ts";
import { Random } from "../_support/random.ts";
import { audioOf, STATE } from "../workers/link/_ring_kit.ts";
import { hostileValue } from "./_hostile_values.ts";

/** What the vandal is asked to do. */
export interface VandalTask {
  readonly seed: number;
  /** What the host does at the other end. */
  readonly host: "reads" | "writes";
  readonly ring: RingBytes;
  readonly port: MessagePort;
  /** Turns of its event loop. */
  readonly turns: number;
}

const HEADER_WORDS = 12;

parentPort!.on("message", (task: VandalTask) => {
  void vandalize(task).then(() => parentPort!.postMessage("done"));
});

async function vandalize({ seed, host, ring, port, turns }: VandalTask): Promise<void> {
  const random = new Random(seed);
  const words = new Int32Array(ring.buffer, ring.byteOffset, ring.byteLength / 4);
  // Nearly honest at times: garbage alone is found out at once.
  const share = random.pick([0, 0.01, 0.1, 0.6]);
  const end = host === "reads" ? new Writer(ring, random, port) : new Reader(ring, random, port);
  port.onmessage = () => {};
  for (let turn = 0; turn < turns; turn++) {
    for (let n = random.integer(1, 6); n > 0; n--) {
      try {
        end.act();
      } catch {
        // The memory is spoilt for itself as well.
      }
      if (random.unit() < share) spoil(words, random);
      if (random.unit() < share * 0.2) {
        post(port, random.pick([1, 2, { t: "end" }, { t: "closed" }, hostileValue(random)]));
      }
    }
    // In some turns it goes on without a pause, so that memory changes while the host looks at it.
    for (let n = random.unit() < 0.2 && share > 0 ? 2_000 : 0; n > 0; n--) spoil(words, random);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  port.close();
}

function spoil(words: Int32Array, random: Random): void {
  const { writePosition, readPosition } = STATE;
  const header =
    (256 + ((words[random.pick([writePosition, readPosition])] as number) & (words.length * 4 - 257) & ~7)) / 4;
  const draw = random.unit();
  const at = draw < 0.4
    ? random.pick(Object.values(STATE))
    : draw < 0.8
    ? (header + random.integer(-HEADER_WORDS, HEADER_WORDS)) % words.length
    : random.integer(0, words.length - 1);
  const value = words[at] as number;
  words[at] = random.pick([
    ...[
      0,
      1,
      -1,
      8,
      40,
      48,
      56,
      1 << 15,
      2 ** 31 - 1,
      -(2 ** 31),
      value + 8,
      value - 8,
      value + 1,
      value ^ 0x8000_0000,
    ],
    random.integer(-(2 ** 31), 2 ** 31 - 1),
  ]);
}

class Writer {
  readonly #ring: RingWriter;
  readonly #random: Random;
  readonly #port: MessagePort;
  #sequence = 0;

  constructor(memory: RingBytes, random: Random, port: MessagePort) {
    this.#ring = new RingWriter(memory);
    this.#random = random;
    this.#port = port;
  }

  act(): void {
    const random = this.#random;
    const stamp = { sequence: this.#sequence, epoch: random.unit() < 0.01 ? 1 : 0, bytes: random.integer(64, 999) };
    const draw = random.unit();
    const isWritten = draw < 0.6
      ? this.#ring.tryWriteAudio(audioOf(random.integer(0, 800)), stamp)
      : draw < 0.8
      ? this.#writeHeader(stamp)
      : this.#ring.tryWriteReference(stamp, () => {
        const d = random.unit() < 0.9 ? { type: "text", text: "x" } : hostileValue(random);
        post(this.#port, { t: "data", s: this.#sequence, d });
      });
    if (isWritten) this.#sequence += 1;
    if (this.#ring.mustWakeReader()) post(this.#port, 1);
  }

  /** A header, and samples: mostly its own. */
  #writeHeader(stamp: RecordStamp): boolean {
    const random = this.#random;
    const audio = audioOf(random.integer(0, 40_000));
    if (!this.#ring.tryWriteHeader(audio, stamp)) return false;
    const buffer = random.unit() < 0.98 ? audio.samples.buffer : new ArrayBuffer(random.integer(0, 64));
    const buffers = random.unit() < 0.98 ? [buffer] : [buffer, hostileValue(random)];
    post(this.#port, random.unit() < 0.5 ? buffer : buffers);
    return true;
  }
}

class Reader {
  readonly #ring: RingReader;
  readonly #random: Random;
  readonly #port: MessagePort;

  constructor(memory: RingBytes, random: Random, port: MessagePort) {
    this.#ring = new RingReader(memory);
    this.#random = random;
    this.#port = port;
  }

  act(): void {
    const record = this.#ring.read();
    if (record !== undefined) this.#ring.drop();
    if (this.#ring.mustWakeWriter() || this.#random.unit() < 0.01) post(this.#port, 2);
  }
}

function post(port: MessagePort, message: unknown): void {
  try {
    port.postMessage(message);
  } catch {
    // It cannot be cloned.
  }
}
