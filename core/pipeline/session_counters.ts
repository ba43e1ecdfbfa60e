/**
 * The counters of one session as the host reads them: every edge, whichever
 * way its values travel.
 *
 * @module
 */

import { type EdgeCounts, type EdgeSample, EdgeTable, type EdgeTotals } from "../flow/edge_counts.ts";
import type { LinkMetrics } from "./metrics.ts";
import type { PortRef } from "./port_ref.ts";

/** Values, and the bytes of these. */
export interface Amount {
  readonly items: number;
  readonly bytes: number;
}

/** What was taken from an edge, and what waits there. */
export interface TakenAndWaiting {
  readonly to: PortRef | undefined;
  readonly taken: Amount;
  readonly waiting: Amount;
}

/** One edge of a session. */
export interface CountedEdge {
  /** Absent for an input of the session. */
  readonly from: PortRef | undefined;
  /** Absent for an output of the session. */
  readonly to: PortRef | undefined;
  readonly isFused: boolean;
  /** Whether its values go through the host. Default: false. */
  readonly isRelayed?: boolean | undefined;
  /** Tells what is in flight, where the edge itself knows better than its row of the table: a ring. */
  readonly inFlight?: (() => Amount) | undefined;
}

/** Who counts at one end of an edge, and in which row of his table. */
export interface CountedEnd {
  readonly owner: number;
  readonly row: number;
}

/** The number of the host among those who count; segments are numbered from 0. */
export const HOST = -1;

/**
 * Reads and adds up what the edges of a session count. Each segment counts in
 * memory of its own, and so does the host: no plugin can count for another.
 */
export class SessionCounters {
  /** Whether threads count in shared memory, so that the host need not ask. */
  readonly isShared: boolean;
  readonly #tables = new Map<number, EdgeTable>();
  readonly #edges: (CountedEdge & { readonly writer: CountedEnd; readonly reader: CountedEnd })[] = [];
  #last: { readonly links: readonly LinkMetrics[]; readonly taken: readonly TakenAndWaiting[] } | undefined;

  /** @param options.shared Whether threads count in shared memory, where the runtime has it. Default: true. */
  constructor({ shared = true }: { readonly shared?: boolean | undefined } = {}) {
    this.isShared = shared && typeof SharedArrayBuffer !== "undefined";
  }

  /**
   * Makes the table of one who counts, with so many rows.
   *
   * @returns Its memory, for the thread of a segment; nothing for the host, or without shared memory.
   */
  addTable(owner: number, rows: number): SharedArrayBuffer | undefined {
    const bytes = EdgeTable.bytesFor(rows);
    const shared = this.isShared && owner !== HOST ? new SharedArrayBuffer(bytes) : undefined;
    this.#tables.set(owner, new EdgeTable(shared ?? new ArrayBuffer(bytes)));
    return shared;
  }

  /** Adds an edge, with those who count at its ends. */
  add(edge: CountedEdge, writer: CountedEnd, reader: CountedEnd): void {
    this.#edges.push({ ...edge, writer, reader });
  }

  /** Where an end of an edge in the host counts. */
  open(row: number): EdgeCounts {
    return this.#tableOf(HOST).open(row);
  }

  /** Takes over what the thread of a segment has counted without shared memory. */
  apply(owner: number, samples: readonly EdgeSample[]): void {
    for (const sample of samples) this.#tableOf(owner).apply(sample);
  }

  /** Bytes that are written and not taken, on all edges together. */
  get bytesInFlight(): number {
    return this.#edges.reduce((sum, edge) => sum + this.#inFlight(edge).bytes, 0);
  }

  /** Every edge: inputs of the session first, then connections, then its outputs, each in the order of the plan. */
  links(): readonly LinkMetrics[] {
    return this.#last?.links ?? this.#edges.map((edge) => {
      const totals = this.#read(edge);
      const { items, bytes } = this.#inFlight(edge);
      return {
        from: edge.from,
        to: edge.to,
        isFused: edge.isFused,
        isRelayed: edge.isRelayed ?? false,
        items: totals.itemsWritten,
        bytes: totals.bytesWritten,
        queueDepth: items,
        bytesInFlight: bytes,
        dropped: totals.itemsDropped,
        stalls: totals.stalls,
        stalledMs: totals.stalledMs,
      };
    });
  }

  /** The same edges, by what was taken from them. */
  taken(): readonly TakenAndWaiting[] {
    return this.#last?.taken ?? this.#edges.map((edge) => {
      const { itemsWritten, bytesWritten } = this.#read(edge);
      const waiting = this.#inFlight(edge);
      // The two are counted apart, perhaps by one who lies.
      const taken = (written: number, inFlight: number) => Math.max(0, written - inFlight);
      return {
        to: edge.to,
        waiting,
        taken: { items: taken(itemsWritten, waiting.items), bytes: taken(bytesWritten, waiting.bytes) },
      };
    });
  }

  /**
   * Says that the session has ended. The last counts stay, but nothing is in
   * flight any more, and the memory of its rings is let go. What a node that
   * was left behind still counts is not seen.
   */
  end(): void {
    this.#last = {
      links: this.links().map((link) => ({ ...link, queueDepth: 0, bytesInFlight: 0 })),
      taken: this.taken().map((edge) => ({ ...edge, waiting: { items: 0, bytes: 0 } })),
    };
    this.#edges.length = 0;
  }

  #inFlight(edge: CountedEdge & { readonly writer: CountedEnd; readonly reader: CountedEnd }): Amount {
    if (edge.inFlight !== undefined) return edge.inFlight();
    const { itemsInFlight, bytesInFlight } = this.#read(edge);
    return { items: itemsInFlight, bytes: bytesInFlight };
  }

  #read({ writer, reader }: { readonly writer: CountedEnd; readonly reader: CountedEnd }): EdgeTotals {
    return this.#tableOf(writer.owner).read(writer.row, { table: this.#tableOf(reader.owner), row: reader.row });
  }

  #tableOf(owner: number): EdgeTable {
    return this.#tables.get(owner) as EdgeTable;
  }
}
