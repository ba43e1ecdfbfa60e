/** The ends of ring links in the host, against a thread that writes anything to what they share. */

import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { byteLength } from "../../core/data/transfer.ts";
import { checkRuntimeData } from "../../core/data/validate.ts";
import { FanIn } from "../../core/flow/fan_in.ts";
import { StreamrackError } from "../../core/errors.ts";
import { RuntimeData } from "../../core/plugin.ts";
import { createLink, openLinkReader, openLinkWriter } from "../../workers/link/open_link.ts";
import { Random } from "../_support/random.ts";
import { audioOf } from "../workers/link/_ring_kit.ts";
import type { VandalTask } from "./_vandal.ts";

/** What a run has seen. */
export interface RingReport {
  /** Values that the host has taken, all of them valid, and values that it has written. */
  taken: number;
  written: number;
  /** Rounds by how they ended: with what the other end was accused of, or with nothing wrong. */
  readonly endings: Record<string, number>;
}

const LIMITS = { items: 8, bytes: 64 * 1024 };
/** A stranger: who is accused must be this one. */
const PEER = "vandal";
const peer = { nodeId: PEER };

/** One thread that vandalizes link after link. */
class Vandal {
  readonly #worker = new Worker(new URL("./_vandal.ts", import.meta.url));

  /** Lets it loose on one end of a link; resolves when it has had enough. */
  run(task: VandalTask): Promise<void> {
    return new Promise((resolve, reject) => {
      const onError = (error: unknown) => reject(error as Error);
      this.#worker.once("message", () => {
        this.#worker.off("error", onError);
        resolve();
      });
      this.#worker.once("error", onError);
      this.#worker.postMessage(task, [task.port as never]);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Runs rounds, the host reading in one and writing in the next. Throws for what must not be. */
export async function fuzzRing(
  { seed, rounds, onRound = () => {} }: {
    readonly seed: number;
    readonly rounds: number;
    onRound?(seed: number): void;
  },
): Promise<RingReport> {
  const report: RingReport = { taken: 0, written: 0, endings: {} };
  const vandal = new Vandal();
  try {
    for (let n = 0; n < rounds; n++) {
      onRound(seed + n);
      const random = new Random(seed + n);
      const ending = n % 2 === 0 ? await hostReads(vandal, random, report) : await hostWrites(vandal, random, report);
      report.endings[ending] = (report.endings[ending] ?? 0) + 1;
    }
  } finally {
    await vandal.end();
  }
  return report;
}

async function hostReads(vandal: Vandal, random: Random, report: RingReport): Promise<string> {
  const { writer, reader: end } = createLink();
  const violations: StreamrackError[] = [];
  const keeps = random.unit() < 0.3;
  const options = { limits: LIMITS, keeps, peer, latestEpoch: () => 1 };
  const reader = openLinkReader(end, { port: "in", from: PEER }, options, (error) => {
    violations.push(error);
    fanIn.abort(error);
  });
  const fanIn = new FanIn([reader], "any");
  reader.onLaterEpoch = (epoch) => fanIn.flushBefore(epoch);
  const reading = (async () => {
    for (;;) {
      const delivery = await fanIn.next();
      if (delivery === undefined) return;
      const item = delivery.items[0]!;
      checkRuntimeData(item.data);
      assert.ok(item.data.type !== "audio" || item.data.samples.buffer instanceof ArrayBuffer);
      assert.ok(Number.isSafeInteger(item.sequence) && item.sequence >= 0 && item.epoch <= 1);
      assert.ok(reader.depth <= LIMITS.items);
      item.lease?.release();
      report.taken += 1;
    }
  })();
  const outcome = reading.then(() => undefined, (thrown: unknown) => thrown);
  const task = { seed: random.integer(0, 2 ** 31), turns: random.integer(5, 40) } as const;
  await vandal.run({ ...task, host: "reads", ring: writer.ring!, port: writer.port });
  // What is not there by now will not come any more.
  fanIn.abort(STOP);
  reader.close();
  return endingOf(await outcome, violations);
}

async function hostWrites(vandal: Vandal, random: Random, report: RingReport): Promise<string> {
  const { writer: end, reader } = createLink();
  const violations: StreamrackError[] = [];
  const onViolation = (error: StreamrackError) => void violations.push(error);
  const writer = openLinkWriter(end, { limits: LIMITS, keeps: random.unit() < 0.3, peer, onViolation });
  let isOver = false;
  const writing = (async () => {
    for (let sequence = 0; !isOver; sequence++) {
      const data = random.unit() < 0.8 ? audioOf(random.integer(0, 800)) : RuntimeData.text("x");
      await writer.write({ data, sequence, epoch: 0, bytes: byteLength(data) });
      report.written += 1;
    }
  })();
  const outcome = writing.then(() => undefined, (thrown: unknown) => thrown);
  const task = { seed: random.integer(0, 2 ** 31), turns: random.integer(5, 40) } as const;
  await vandal.run({ ...task, host: "writes", ring: reader.ring!, port: reader.port });
  isOver = true;
  writer.abort(STOP);
  writer.close();
  return endingOf(await outcome, violations);
}

const STOP = new StreamrackError("session-cancelled", "the round is over");

/** Nothing wrong, or a violation that names the other end; never anything else. */
function endingOf(thrown: unknown, violations: readonly StreamrackError[]): string {
  assert.ok(violations.length <= 1, "a violation was told twice");
  if (thrown === undefined || thrown === STOP) return "nothing was wrong";
  assert.ok(StreamrackError.is(thrown), `no error of ours: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
  if (thrown.reason === "session-closed") return "nothing was wrong";
  assert.deepEqual([thrown.reason, thrown.nodeId], ["protocol-violation", PEER], String(thrown.stack));
  return thrown.detail;
}
