/**
 * The counters of one session as the host reads them: every edge, whichever
 * way its values travel.
 *
 * @module
 */

import { type EdgeCounts, type EdgeSample, EdgeTable } from "../flow/edge_counts.ts";
import type { LinkMetrics } from "./metrics.ts";
import type { PortRef } from "./segment.ts";

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
  /** Tells what is in flight, where the edge itself knows better than its row of the table: a ring. */
  readonly inFlight?: (() => Amount) | undefined;
}

/** Reads and adds up what the edges of a session count. */
export class SessionCounters {
  /** The table, for the threads of the session; absent without shared memory. */
  readonly shared: SharedArrayBuffer | undefined;
  readonly #table: EdgeTable;
  readonly #edges: CountedEdge[] = [];
  #last: { readonly links: readonly LinkMetrics[]; readonly taken: readonly TakenAndWaiting[] } | undefined;

  /**
   * @param options.edges How many edges there will be.
   * @param options.shared Whether threads count in shared memory, where the runtime has it. Default: true.
   */
  constructor({ edges, shared = true }: { readonly edges: number; readonly shared?: boolean | undefined }) {
    const bytes = EdgeTable.bytesFor(edges);
    this.shared = shared && typeof SharedArrayBuffer !== "undefined" ? new SharedArrayBuffer(bytes) : undefined;
    this.#table = new EdgeTable(this.shared ?? new ArrayBuffer(bytes));
  }

  /** Adds an edge, and gives the number of its row. */
  add(edge: CountedEdge): number {
    return this.#edges.push(edge) - 1;
  }

  /** Where an end of an edge in the host counts. */
  open(row: number): EdgeCounts {
    return this.#table.open(row);
  }

  /** Takes over what threads without shared memory have counted. */
  apply(samples: readonly EdgeSample[]): void {
    for (const sample of samples) this.#table.apply(sample);
  }

  /** Bytes that are written and not taken, on all edges together. */
  get bytesInFlight(): number {
    return this.#edges.reduce((sum, { inFlight }, row) => sum + this.#inFlight(row, inFlight).bytes, 0);
  }

  /** Every edge: inputs of the session first, then connections, then its outputs, each in the order of the plan. */
  links(): readonly LinkMetrics[] {
    return this.#last?.links ?? this.#edges.map((edge, row) => {
      const totals = this.#table.read(row);
      const { items, bytes } = this.#inFlight(row, edge.inFlight);
      return {
        from: edge.from,
        to: edge.to,
        isFused: edge.isFused,
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
    return this.#last?.taken ?? this.#edges.map(({ to, inFlight }, row) => {
      const { itemsWritten, bytesWritten } = this.#table.read(row);
      const waiting = this.#inFlight(row, inFlight);
      return { to, waiting, taken: { items: itemsWritten - waiting.items, bytes: bytesWritten - waiting.bytes } };
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

  #inFlight(row: number, told: CountedEdge["inFlight"]): Amount {
    if (told !== undefined) return told();
    const { itemsInFlight, bytesInFlight } = this.#table.read(row);
    return { items: itemsInFlight, bytes: bytesInFlight };
  }
}
