/**
 * What is counted of each node while a session runs.
 *
 * @module
 */

import type { EdgeSample } from "../flow/edge_counts.ts";
import type { TimeSpan } from "./activity.ts";
import type { PortRef } from "./port_ref.ts";

/** Counts and times of one node. */
export interface NodeMetrics {
  readonly nodeId: string;
  readonly nodeType: string;
  readonly pluginName: string;
  /** Thread that runs the node, or its child process; 0 is the host's thread (inline tier). */
  readonly threadId: number;
  /** Values that it took, from 0. */
  readonly itemsIn: number;
  /** Values that it gave, from 0; one that goes to several nodes counts once. */
  readonly itemsOut: number;
  /** Bytes that it took, as `RuntimeData.byteLength` counts them. */
  readonly bytesIn: number;
  /** Bytes that it gave, as `RuntimeData.byteLength` counts them. */
  readonly bytesOut: number;
  /** Attempts at an input that failed, from 0. */
  readonly failures: number;
  /** Inputs that were left out since all attempts failed, from 0. */
  readonly skipped: number;
  /** Values that wait to be processed now. */
  readonly queueDepth: number;
  /** Time in `process` per input without waits for room downstream, in milliseconds: the median; 0 before the first. */
  readonly p50Ms: number;
  /** The same at the 99th percentile. */
  readonly p99Ms: number;
  /** Sum of the time in `process` and `flush`, in milliseconds. */
  readonly busyMs: number;
  /** When it was in `process` or `flush`, in order, if the session was opened with `recordActivity`. */
  readonly activity?: readonly TimeSpan[] | undefined;
}

/** Counts of one edge: an input of the session, a connection, or an output of the session. */
export interface LinkMetrics {
  /** The output port that it leaves; `undefined` for an input of the session. */
  readonly from: PortRef | undefined;
  /** The input port that it leads to; `undefined` for an output of the session. */
  readonly to: PortRef | undefined;
  /** Whether both its nodes are in one segment: it is a queue in one thread then, else a link between two. */
  readonly isFused: boolean;
  /** Whether the host passes its values on, since a node at one of its ends runs in a child process. */
  readonly isRelayed: boolean;
  /** Values that were put on it, from 0. */
  readonly items: number;
  /** Bytes that were put on it, as flow control counts them: those of the values, and 64 for each. */
  readonly bytes: number;
  /** Values on it that nobody has taken yet; 0 once the session has ended. */
  readonly queueDepth: number;
  /** Bytes of these. */
  readonly bytesInFlight: number;
  /** Values that were dropped, as the connection's `when_full` asks, instead of put on it. */
  readonly dropped: number;
  /** How often its writer came to a stand for want of room. Waits that overlap count once. */
  readonly stalls: number;
  /** How long it stood altogether, in milliseconds, the present stall included. */
  readonly stalledMs: number;
}

/** What a segment tells of itself. Plain and cloneable. */
export interface SegmentMetrics {
  readonly nodes: readonly NodeMetrics[];
  /** What its thread counted of its edges; none where it counts in shared memory. */
  readonly edges: readonly EdgeSample[];
}

/** How one segment in a worker fares, or in a child process, as the host sees it. Not kept for the inline tier. */
export interface SegmentHealth {
  /** Its nodes, in the order of the plan. */
  readonly nodeIds: readonly string[];
  /** Their plugins, which have to answer for what is told here. */
  readonly plugins: readonly string[];
  /** The thread or child process that runs it; 0 while there is none. */
  readonly threadId: number;
  /** How often it was started again, since its thread had died. */
  readonly restarts: number;
  /** For how long its thread has been standing still, in milliseconds; 0 while it turns. */
  readonly stalledMs: number;
  /** How often its present thread stood still for longer than `stallAfterMs`. */
  readonly stalls: number;
  /** The longest time that it stood still, in milliseconds, to a quarter of a second. */
  readonly longestStallMs: number;
  /** Heap of its thread, which others may share, in bytes, as that thread says. */
  readonly heapBytes: number;
  /** Buffers of its thread, in bytes, as that thread says. */
  readonly bufferBytes: number;
}

/** The state of a session. */
export type SessionState = "open" | "finishing" | "done" | "failed" | "cancelled";

/** Counts and times of a session. */
export interface SessionMetrics {
  readonly sessionId: string;
  readonly state: SessionState;
  /** Since the session opened, until now or until it ended, in milliseconds. */
  readonly wallTimeMs: number;
  /** How often a part of it was started again after a crash. */
  readonly restarts: number;
  /** By node id, in the order of the plan. */
  readonly nodes: { readonly [nodeId: string]: NodeMetrics };
  /** Every segment in a worker, in the order of the plan. */
  readonly segments: readonly SegmentHealth[];
  /** Every edge: inputs of the session first, then connections, then its outputs, each in the order of the plan. */
  readonly links: readonly LinkMetrics[];
  /** Bytes in flight on all edges together; 0 once the session has ended. */
  readonly bytesInFlight: number;
  /** Names of plugins that reach more than their grants, since the runtime cannot refuse it (`allowUnenforced`). */
  readonly unenforced: readonly string[];
}

/** Buckets per doubling: a quantile, the middle of its bucket, is off by at most 2^(1/16) - 1 = 4.4 %. */
const BUCKETS_PER_OCTAVE = 8;
const LOWEST_MS = 0.001;
const BUCKET_COUNT = 30 * BUCKETS_PER_OCTAVE;

/**
 * Durations in logarithmic buckets from one microsecond to 18 minutes:
 * constant memory, constant time to add, quantiles within 5 %. What lies
 * outside counts as the shortest or the longest.
 */
export class DurationHistogram {
  readonly #counts = new Uint32Array(BUCKET_COUNT);
  #total = 0;

  /** Adds one duration in milliseconds. */
  add(durationMs: number): void {
    // Written so that NaN counts as the shortest, too.
    const octaves = durationMs > LOWEST_MS ? Math.log2(durationMs / LOWEST_MS) : 0;
    const bucket = Math.min(BUCKET_COUNT - 1, Math.floor(octaves * BUCKETS_PER_OCTAVE));
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#total += 1;
  }

  /** The duration in milliseconds below which the given share (0 to 1) of all durations lies; 0 if there is none. */
  quantileMs(share: number): number {
    let left = Math.max(1, Math.ceil(share * this.#total));
    for (let bucket = 0; bucket < BUCKET_COUNT && this.#total > 0; bucket++) {
      left -= this.#counts[bucket] as number;
      if (left <= 0) return LOWEST_MS * 2 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE);
    }
    return 0;
  }
}
