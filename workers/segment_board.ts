/**
 * The memory that a segment in a worker shares with the host: each writes down
 * there what the other has to know while neither can send a message. A worker
 * in another process has a board of its own, and posts what it writes there.
 *
 * It is the segment's own, so no other plugin can write to it. What the worker
 * writes is shown, and decides about this worker alone.
 *
 * @module
 */

import process from "node:process";
import type { StepWatch } from "../core/pipeline/step_watch.ts";

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

/** How many bytes the board of a segment with so many nodes has. */
function boardBytes(nodes: number): number {
  return 4 * (SINCE + nodes);
}

/** The host's side. */
export class SegmentBoard {
  readonly memory: SharedArrayBuffer | ArrayBuffer;
  /** The same, to be given to the worker; absent where that is in another process. */
  readonly shared: SharedArrayBuffer | undefined;
  readonly #words: Int32Array;

  /** @param isShared Whether the worker is to see it, and not to post what it writes. Default: true. */
  constructor(nodes: number, epoch: number, isShared = true) {
    this.shared = isShared ? new SharedArrayBuffer(boardBytes(nodes)) : undefined;
    this.memory = this.shared ?? new ArrayBuffer(boardBytes(nodes));
    this.#words = new Int32Array(this.memory);
    this.epoch = epoch;
  }

  /** Takes over what a worker has posted of its own board. False if it is no such thing. */
  receive(words: unknown): boolean {
    if (this.shared !== undefined || !(words instanceof Int32Array) || words.length !== this.#words.length) {
      return false;
    }
    this.#words.set(words.subarray(BEATS), BEATS);
    return true;
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

/** The worker's side: what it writes on. */
export interface WorkerBoard {
  readonly memory: SharedArrayBuffer | ArrayBuffer;
  /** Shows the host what was written, where it does not see it. */
  readonly post?: (() => void) | undefined;
}

/** A board for a worker that shares no memory with the host. @param post Sends it to the host. */
export function ownBoard(nodes: number, post: (words: Int32Array) => void): WorkerBoard {
  const memory = new ArrayBuffer(boardBytes(nodes));
  return { memory, post: () => post(new Int32Array(memory)) };
}

/** The worker's side: gives the epoch that has begun, as the host has written it down. */
export function readEpoch(memory: SharedArrayBuffer | ArrayBuffer): () => number {
  const words = new Int32Array(memory);
  return () => Atomics.load(words, EPOCH);
}

/** The worker's side: says when one node is at work. */
export class StepMarks implements StepWatch {
  readonly #words: Int32Array;
  readonly #node: number;
  readonly #hasDeadline: boolean;
  readonly #post: (() => void) | undefined;

  constructor({ memory, post }: WorkerBoard, node: number, hasDeadline: boolean) {
    this.#words = new Int32Array(memory);
    this.#node = node;
    this.#hasDeadline = hasDeadline;
    // To post costs more than to write. A node that is alone is the one that is at work, whenever it is asked.
    this.#post = hasDeadline || this.#words.length > SINCE + 1 ? post : undefined;
  }

  // A plain store for each value of each node; only those with a deadline pay for a look at the clock.
  begin(): void {
    this.#words[AT_WORK] = this.#node + 1;
    if (this.#hasDeadline) Atomics.store(this.#words, SINCE + this.#node, nowStamp());
    this.#post?.();
  }

  end(): void {
    this.#words[AT_WORK] = 0;
    if (this.#hasDeadline) Atomics.store(this.#words, SINCE + this.#node, 0);
    this.#post?.();
  }
}

/** The boards of the segments in this thread, and the timer that beats for all of them. */
const boards = new Map<Int32Array, WorkerBoard>();
let timer: ReturnType<typeof setInterval> | undefined;
let count = 0;

/** The worker's side: lets its thread beat until the function that it gives is called. */
export function beat(board: WorkerBoard): () => void {
  const words = new Int32Array(board.memory);
  boards.set(words, board);
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
  for (const [words, { post }] of boards) {
    if (used !== undefined) {
      Atomics.store(words, HEAP_KIB, used.heapUsed / 1024);
      Atomics.store(words, BUFFERS_KIB, used.arrayBuffers / 1024);
    }
    // Never 0, which stands for a thread that has not begun.
    if (Atomics.add(words, BEATS, 1) === -1) Atomics.store(words, BEATS, 1);
    post?.();
  }
}
