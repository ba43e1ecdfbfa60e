/**
 * What one stream counts.
 *
 * @module
 */

import { RuntimeData } from "../../core/plugin.ts";
import type { WireStreamMetrics } from "../wire/messages.ts";
import type { SentChunk } from "./chunk_ledger.ts";
import { toBreakdown } from "./wire_metrics.ts";

/** Counts and times of one stream. */
export class StreamCounts {
  readonly kinds = new Map<string, number>();
  readonly #answered = new Set<SentChunk>();
  #samples = 0n;
  #items = 0n;
  #results = 0n;
  #latencyMs = 0;
  #bytesInWork = 0;
  #peakBytes = 0;

  /** Results that were given. */
  get results(): bigint {
    return this.#results;
  }

  /** Most bytes of chunks that waited for their result at a time. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** A value came in. */
  addInput(data: RuntimeData): { readonly bytes: number; readonly samplesSoFar: bigint; readonly itemsSoFar: bigint } {
    const bytes = RuntimeData.byteLength(data);
    this.kinds.set(data.type, (this.kinds.get(data.type) ?? 0) + 1);
    if (data.type === "audio") this.#samples += BigInt(data.samples.length);
    this.#items += 1n;
    this.#bytesInWork += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytesInWork);
    return { bytes, samplesSoFar: this.#samples, itemsSoFar: this.#items };
  }

  /** A result goes out. */
  addResult(chunk: SentChunk | undefined, latencyMs: number): void {
    this.#results += 1n;
    this.#latencyMs += latencyMs;
    if (chunk === undefined || this.#answered.has(chunk)) return;
    // Only the latest ones can be answered again.
    if (this.#answered.size >= 32) this.#answered.delete(this.#answered.values().next().value as SentChunk);
    this.#answered.add(chunk);
    this.#bytesInWork = Math.max(0, this.#bytesInWork - chunk.bytes);
  }

  /** The counts as the protocol says them. */
  toMetrics(sessionId: string): WireStreamMetrics {
    const waiting = this.#items - this.#results;
    return {
      sessionId,
      chunksProcessed: this.#results,
      averageLatencyMs: this.#results === 0n ? 0 : this.#latencyMs / Number(this.#results),
      samples: this.#samples,
      items: this.#items,
      buffered: waiting > 0n ? waiting : 0n,
      peakMemoryBytes: BigInt(this.#peakBytes),
      dataTypeBreakdown: toBreakdown(this.kinds),
    };
  }
}
