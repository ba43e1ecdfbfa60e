/**
 * The watch over the threads of workers, from outside: whether they still
 * turn, and whether a node is at work long after its deadline. A thread that
 * computes for ever lets no timer of its own run.
 *
 * @module
 */

import { DEADLINE_GRACE_MS } from "../core/pipeline/attempts.ts";
import type { SegmentHealth } from "../core/pipeline/metrics.ts";
import type { PlanNode, PlanSegment } from "../core/pipeline/plan.ts";
import { BEAT_EVERY_MS, SegmentBoard } from "./segment_board.ts";

/** How often the host looks, in milliseconds. */
export const LOOK_EVERY_MS = BEAT_EVERY_MS;
/** Standing still for less than this, in milliseconds, is what two timers may be apart. */
const STALL_MIN_MS = 3 * LOOK_EVERY_MS;

/** When a thread that stands still is told of, and ended. */
export interface StallLimits {
  /** From when on it is told of, in milliseconds. */
  readonly stallAfterMs: number;
  /** When it is ended, in milliseconds. Absent: never. */
  readonly stallTimeoutMs?: number | undefined;
}

/** Who is told of what is seen. */
export interface WatchListener {
  /** Called once for each time that the thread stands still. @param node That is at work, as far as that is known. */
  onStall(node: PlanNode | undefined, stalledMs: number): void;
  /** Called once, when it has stood still for too long. */
  onStallTimeout(node: PlanNode | undefined, stallTimeoutMs: number): void;
  /** Called once, for the first node that is found at work long after its deadline. */
  onStuck(node: PlanNode, deadlineMs: number): void;
}

/** The watch over one segment in a worker. */
export class SegmentWatch {
  readonly board: SegmentBoard;
  readonly segment: PlanSegment;
  readonly #limits: StallLimits;
  readonly #listener: WatchListener;
  readonly #deadlines: readonly { readonly node: PlanNode; readonly index: number; readonly deadlineMs: number }[];
  #beats = 0;
  #stillMs = 0;
  #stalls = 0;
  #longestMs = 0;
  #isTold = false;
  #isOver = false;

  constructor(segment: PlanSegment, epoch: number, limits: StallLimits, listener: WatchListener) {
    this.board = new SegmentBoard(segment.nodes.length, epoch);
    this.segment = segment;
    this.#limits = limits;
    this.#listener = listener;
    this.#deadlines = segment.nodes.flatMap((node, index) => {
      const { deadlineMs } = node.policy ?? {};
      return deadlineMs === undefined ? [] : [{ node, index, deadlineMs }];
    });
  }

  /** What was seen of its thread. */
  health(): Omit<SegmentHealth, "nodeIds" | "plugins" | "threadId" | "restarts"> {
    const stalledMs = this.#isOver || this.#stillMs < STALL_MIN_MS ? 0 : this.#stillMs;
    return { stalledMs, stalls: this.#stalls, longestStallMs: this.#longestMs, ...this.board.threadMemory };
  }

  /** Looks once. @param elapsedMs Since the last look, without the time in which the host itself stood still. */
  look(elapsedMs: number): void {
    const { beats } = this.board;
    if (this.#isOver || beats === 0) return;
    if (beats !== this.#beats) {
      this.#beats = beats;
      this.#stillMs = 0;
      this.#isTold = false;
    } else {
      this.#standStill(elapsedMs);
    }
    for (const { node, index, deadlineMs } of this.#deadlines) {
      // The thread itself enforces the deadline within the grace, if it can.
      if (this.#isOver || this.board.atWorkMs(index) <= deadlineMs + 2 * DEADLINE_GRACE_MS) continue;
      this.#isOver = true;
      this.#listener.onStuck(node, deadlineMs);
    }
  }

  /** Says that the segment has ended. */
  end(): void {
    this.#isOver = true;
  }

  #standStill(elapsedMs: number): void {
    const { stallAfterMs, stallTimeoutMs } = this.#limits;
    this.#stillMs += elapsedMs;
    if (this.#stillMs >= STALL_MIN_MS) this.#longestMs = Math.max(this.#longestMs, this.#stillMs);
    if (!this.#isTold && this.#stillMs >= stallAfterMs) {
      this.#isTold = true;
      this.#stalls += 1;
      this.#listener.onStall(this.#nodeAtWork, this.#stillMs);
    }
    if (stallTimeoutMs === undefined || this.#stillMs < stallTimeoutMs) return;
    this.#isOver = true;
    this.#listener.onStallTimeout(this.#nodeAtWork, stallTimeoutMs);
  }

  get #nodeAtWork(): PlanNode | undefined {
    const { nodes } = this.segment;
    if (nodes.length === 1) return nodes[0];
    const { atWork } = this.board;
    return atWork === undefined ? undefined : nodes[atWork];
  }
}

/** Looks at all segments of a runtime, as long as there are any. */
export class Watchdog {
  readonly #watches = new Set<SegmentWatch>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #lookedMs = 0;

  /** Watches a segment until the function that it gives is called. */
  follow(watch: SegmentWatch): () => void {
    this.#watches.add(watch);
    if (this.#timer === undefined) {
      this.#lookedMs = performance.now();
      this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
      (this.#timer as { unref?(): void }).unref?.();
    }
    return () => {
      watch.end();
      this.#watches.delete(watch);
      if (this.#watches.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #look(): void {
    const nowMs = performance.now();
    // Where the host itself stood still, or the whole process, nothing is known of the threads in that time.
    const elapsedMs = Math.min(nowMs - this.#lookedMs, 2 * LOOK_EVERY_MS);
    this.#lookedMs = nowMs;
    for (const watch of [...this.#watches]) watch.look(elapsedMs);
  }
}
