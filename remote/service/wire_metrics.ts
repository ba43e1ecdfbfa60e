/**
 * What a session counted, as the protocol says it.
 *
 * @module
 */

import type { NodeMetrics, SessionMetrics } from "../../mod.ts";
import { toUint64 } from "../wire/data_buffer.ts";
import type { WireMetrics } from "../wire/messages.ts";

/** What is known beside what the session counted. */
export interface RunFacts {
  readonly wallTimeMs: number;
  /** Most bytes of values that were held at a time. */
  readonly peakBytes: number;
  readonly serializationTimeMs: number;
  /** Values that came in, by kind. */
  readonly kinds: ReadonlyMap<string, number>;
}

/** Puts the counts of a session and of its call together. */
export function toWireMetrics({ nodes }: SessionMetrics, facts: RunFacts): WireMetrics {
  const all = Object.values(nodes);
  return {
    wallTimeMs: facts.wallTimeMs,
    cpuTimeMs: all.reduce((sum, { busyMs }) => sum + busyMs, 0),
    memoryUsedBytes: toUint64(facts.peakBytes),
    nodes: Object.fromEntries(all.map((node) => [node.nodeId, toNode(node)])),
    serializationTimeMs: facts.serializationTimeMs,
    dataTypeBreakdown: toBreakdown(facts.kinds),
  };
}

/** Counts by kind, as the protocol says them. */
export function toBreakdown(kinds: ReadonlyMap<string, number>): { readonly [kind: string]: bigint } {
  return Object.fromEntries([...kinds].map(([kind, count]) => [kind, BigInt(count)]));
}

function toNode(node: NodeMetrics): WireMetrics["nodes"][string] {
  const { nodeId: _nodeId, busyMs, itemsIn, ...custom } = node;
  return {
    executionTimeMs: busyMs,
    // No runtime tells how much of a thread's memory a node holds.
    memoryBytes: 0n,
    processed: BigInt(itemsIn),
    customMetrics: JSON.stringify(custom),
  };
}
