/**
 * The memory that a segment in a worker shares with the host: each writes down
 * there what the other has to know while neither can send a message.
 *
 * It is the segment's own, so no other plugin can write to it. What the worker
 * writes is shown, and decides about this worker alone.
 *
 * @module
 */

import process from "node:process";
import type { StepWatch } from "../core/pipeline/node_runner.ts";

/** The host's: the epoch of the session. */
const EPOCH = 0;
/** The worker's: a count that a timer of its thread advances, so that it stands still when the thread does. */
const BEATS = 1;
/** The worker's: 1 and the number of the node that began last to work on an input, 0 if that one has ended. */
const AT_WORK = 2;
/** The worker's: memory of its thread, in KiB. */
const HEAP_KIB = 3;
const BUFFERS_KIB = 4;
/** The worker's: since when each node with a deadline is at work, 0 where it is not. */
const SINCE = 8;

/** How often a thread beats, in milliseconds. */
export const BEAT_EVERY_MS = 250;
/** Memory is measured with every so many beats. */
const BEATS_PER_MEASURE = 4;

/** The time of day in a 32-bit word, never 0, which stands for a node that is not at work. */
function nowStamp(): number {
  return (Date.now() & 0x7fff_ffff) || 1;
}

/** What the worker last wrote of its memory. */
export interface ThreadMemory {
  readonly heapBytes: number;
  readonly bufferBytes: number;
}

/** The host's side. */
export class SegmentBoard {
  /** To be given to the worker. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(nodes: number, epoch: number) {
    this.memory = new SharedArrayBuffer(4 * (SINCE + nodes));
    this.#words = new Int32Array(this.memory);
    this.epoch = epoch;
  }

  /** Writes down that an epoch has begun. To be done before anything of it is sent. */
  set epoch(epoch: number) {
    Atomics.store(this.#words, EPOCH, epoch);
  }

  /** How often its thread has beaten, modulo 2³²; 0 before it has begun. */
  get beats(): number {
    return Atomics.load(this.#words, BEATS);
  }

  /** The number of the node that is at work, or was last of those that still are; `undefined` if that is not known. */
  get atWork(): number | undefined {
    const node = Atomics.load(this.#words, AT_WORK) - 1;
    return node >= 0 && node < this.#words.length - SINCE ? node : undefined;
  }

  /** How long a node with a deadline is at work, in milliseconds; 0 if it is not. */
  atWorkMs(node: number): number {
    const since = Atomics.load(this.#words, SINCE + node);
    return since === 0 ? 0 : (nowStamp() - since) & 0x7fff_ffff;
  }

  get threadMemory(): ThreadMemory {
    const bytesAt = (index: number) => 1024 * Math.max(0, Atomics.load(this.#words, index));
    return { heapBytes: bytesAt(HEAP_KIB), bufferBytes: bytesAt(BUFFERS_KIB) };
  }
}

/** The worker's side: gives the epoch that has begun, as the host has written it down. */
export function readEpoch(memory: SharedArrayBuffer): () => number {
  const words = new Int32Array(memory);
  return () => Atomics.load(words, EPOCH);
}

/** The worker's side: says when one node is at work. */
export class StepMarks implements StepWatch {
  readonly #words: Int32Array;
  readonly #node: number;
  readonly #hasDeadline: boolean;

  constructor(memory: SharedArrayBuffer, node: number, hasDeadline: boolean) {
    this.#words = new Int32Array(memory);
    this.#node = node;
    this.#hasDeadline = hasDeadline;
  }

  // A plain store for each value of each node; only those with a deadline pay for a look at the clock.
  begin(): void {
    this.#words[AT_WORK] = this.#node + 1;
    if (this.#hasDeadline) Atomics.store(this.#words, SINCE + this.#node, nowStamp());
  }

  end(): void {
    this.#words[AT_WORK] = 0;
    if (this.#hasDeadline) Atomics.store(this.#words, SINCE + this.#node, 0);
  }
}

/** The boards of the segments in this thread, and the timer that beats for all of them. */
const boards = new Set<Int32Array>();
let timer: ReturnType<typeof setInterval> | undefined;
let count = 0;

/** The worker's side: lets its thread beat until the function that it gives is called. */
export function beat(memory: SharedArrayBuffer): () => void {
  const words = new Int32Array(memory);
  boards.add(words);
  beatOnce();
  timer ??= setInterval(beatOnce, BEAT_EVERY_MS);
  return () => {
    boards.delete(words);
    if (boards.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function beatOnce(): void {
  const used = count++ % BEATS_PER_MEASURE === 0 ? process.memoryUsage() : undefined;
  for (const words of boards) {
    if (used !== undefined) {
      Atomics.store(words, HEAP_KIB, used.heapUsed / 1024);
      Atomics.store(words, BUFFERS_KIB, used.arrayBuffers / 1024);
    }
    // Never 0, which stands for a thread that has not begun.
    if (Atomics.add(words, BEATS, 1) === -1) Atomics.store(words, BEATS, 1);
  }
}
