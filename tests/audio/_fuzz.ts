/**
 * Feeds decoders with files that are cut, flipped, shuffled and mislabelled.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import type { FileFormat } from "../../audio/mod.ts";
import { Random } from "../_support/random.ts";

/** What the worker is given. */
export interface FuzzInput {
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly onDamage: "fail" | "keep";
  readonly format: FileFormat | undefined;
}

/** What came of it. */
export interface FuzzOutcome {
  readonly id: number;
  readonly frames: number;
  /** `"whole"`, `"part …"` with the marker, or the reason of the error, thrown behind a part or before it. */
  readonly end: string;
  readonly message?: string;
  /** Memory of the process. */
  readonly rssBytes: number;
}

/** One kind of damage. */
type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const join = (...parts: Uint8Array[]): Uint8Array => {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};
const noise = (random: Random, length: number) => Uint8Array.from({ length }, () => random.integer(0, 255));

/** How many bytes at the front count as the header. */
const HEADER_BYTES = 200;

const MUTATIONS: readonly Mutation[] = [
  function truncated(bytes, random) {
    return bytes.slice(0, random.integer(0, bytes.length - 1));
  },
  function truncatedInHeader(bytes, random) {
    return bytes.slice(0, random.integer(0, HEADER_BYTES));
  },
  function bitsFlipped(bytes, random) {
    const copy = bytes.slice();
    for (let left = random.integer(1, 40); left > 0; left--) {
      const at = random.integer(0, copy.length - 1);
      copy[at] = (copy[at] as number) ^ 1 << random.integer(0, 7);
    }
    return copy;
  },
  function headerFlipped(bytes, random) {
    const copy = bytes.slice();
    for (let left = random.integer(1, 6); left > 0; left--) {
      const at = random.integer(0, Math.min(HEADER_BYTES, copy.length) - 1);
      copy[at] = (copy[at] as number) ^ 1 << random.integer(0, 7);
    }
    return copy;
  },
  function headerExtreme(bytes, random) {
    const copy = bytes.slice();
    const at = random.integer(4, HEADER_BYTES);
    copy.fill(random.pick([0, 0xff, 0x7f, 0x80]), at, at + random.pick([1, 2, 4, 8]));
    return copy;
  },
  function noisy(bytes, random) {
    const copy = bytes.slice();
    const at = random.integer(0, copy.length - 1);
    copy.set(noise(random, Math.min(random.integer(1, 2000), copy.length - at)), at);
    return copy;
  },
  function zeroed(bytes, random) {
    const copy = bytes.slice();
    const at = random.integer(0, copy.length - 1);
    copy.fill(0, at, at + random.integer(1, 4000));
    return copy;
  },
  function pieceMissing(bytes, random) {
    const at = random.integer(0, bytes.length - 1);
    return join(bytes.subarray(0, at), bytes.subarray(at + random.integer(1, 3000)));
  },
  function pieceTwice(bytes, random) {
    const at = random.integer(0, bytes.length - 1);
    const end = at + random.integer(1, 3000);
    return join(bytes.subarray(0, end), bytes.subarray(at));
  },
  function junkInside(bytes, random) {
    const at = random.integer(0, bytes.length);
    return join(bytes.subarray(0, at), noise(random, random.integer(1, 500)), bytes.subarray(at));
  },
  function spliced(bytes, random, others) {
    const other = random.pick(others);
    const at = random.integer(0, bytes.length);
    return join(bytes.subarray(0, at), other.subarray(random.integer(0, other.length - 1)));
  },
  function mislabelled(bytes, random, others) {
    const head = random.integer(4, 64);
    return join(bytes.subarray(0, head), random.pick(others).subarray(head));
  },
];

/** How a fuzz runs. */
export interface FuzzOptions {
  readonly seed: number;
  readonly mutations: number;
  /** The file that is damaged. */
  readonly file: Uint8Array;
  readonly format: FileFormat;
  /** Files that it is mixed up with. */
  readonly others: readonly Uint8Array[];
}

/** What a fuzz has found. */
export interface FuzzReport {
  /** How often each end was seen. */
  readonly ends: Readonly<Record<string, number>>;
  readonly maxFrames: number;
  readonly maxRssBytes: number;
  readonly hangs: number;
  readonly crashes: number;
  /** What must not be, hangs and crashes included, with what it takes to see it again. */
  readonly failures: readonly string[];
}

const REASONS = ["invalid-media", "truncated-media"];
const ALLOWED = new Set([
  "whole",
  ...REASONS.flatMap((reason) => [reason, `part, then ${reason}`, `part, marked ${reason}`]),
]);
const FRAMES_MAX = 20_000_000;

/** Damages a file so often, and decodes what is left. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { seed, mutations, file, format, others } = options;
  const ends: Record<string, number> = {};
  const failures: string[] = [];
  let maxFrames = 0;
  let maxRssBytes = 0;
  let [hangs, crashes] = [0, 0];
  let worker = startWorker();
  try {
    for (let id = 0; id < mutations; id++) {
      // Each mutation has a seed of its own, so that one can be run alone.
      const random = new Random(seed * 1_000_003 + id);
      const mutate = MUTATIONS[id % MUTATIONS.length] as Mutation;
      const bytes = mutate(file, random, others);
      const onDamage = random.pick(["fail", "keep"] as const);
      const input: FuzzInput = { id, bytes, onDamage, format: random.unit() < 0.5 ? format : undefined };
      const outcome = await decode(worker, input);
      const told = `${format}: mutation ${id} (${mutate.name}, ${onDamage}) of seed ${seed}`;
      if (typeof outcome === "string") {
        failures.push(`${told} ${outcome}`);
        if (outcome === HUNG) hangs += 1;
        else crashes += 1;
        await worker.terminate();
        worker = startWorker();
        continue;
      }
      ends[outcome.end] = (ends[outcome.end] ?? 0) + 1;
      maxFrames = Math.max(maxFrames, outcome.frames);
      maxRssBytes = Math.max(maxRssBytes, outcome.rssBytes);
      if (!ALLOWED.has(outcome.end)) failures.push(`${told} ended with ${outcome.end}: ${outcome.message ?? ""}`);
      if (outcome.frames > FRAMES_MAX) failures.push(`${told} gave ${outcome.frames} frames`);
    }
  } finally {
    await worker.terminate();
  }
  return { ends, maxFrames, maxRssBytes, hangs, crashes, failures };
}

function startWorker(): Worker {
  return new Worker(new URL("./_fuzz_worker.ts", import.meta.url));
}

const HUNG = "hung";
/**
 * A file of a few kilobytes takes milliseconds. Counted in turns of this
 * thread's own timer, so that a machine that stands still or is busy is not
 * taken for a hang: then this thread has no turn either.
 */
const HANG_TURNS = 60;
const TURN_MS = 1000;

/** The outcome, or what happened instead. */
function decode(worker: Worker, input: FuzzInput): Promise<FuzzOutcome | string> {
  return new Promise((resolve) => {
    let turns = 0;
    const timer = setInterval(() => ++turns === HANG_TURNS && settle(HUNG), TURN_MS);
    const settle = (outcome: FuzzOutcome | string) => {
      clearInterval(timer);
      for (const event of ["message", "error", "exit"]) worker.removeAllListeners(event);
      resolve(outcome);
    };
    worker.on("message", (outcome: FuzzOutcome) => settle(outcome));
    worker.on("error", (error) => settle(`crashed the thread: ${error}`));
    worker.on("exit", (code) => settle(`ended the thread with ${code}`));
    worker.postMessage(input);
  });
}
