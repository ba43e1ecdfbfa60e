/**
 * The counters of one session as the host reads them: every edge, whichever
 * way its values travel.
 *
 * @module
 */

import { type EdgeCounts, type EdgeSample, EdgeTable, type EdgeTotals } from "../flow/edge_counts.ts";
import type { LinkMetrics } from "./metrics.ts";
import type { PortRef } from "./segment.ts";

/** Values, and the bytes of these. */
export interface Amount {
  readonly items: number;
  readonly bytes: number;
}

const NOTHING: Amount = { items: 0, bytes: 0 };

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
  #hasEnded = false;

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
    return this.#edges.reduce((sum, edge, row) => sum + this.#inFlight(edge, this.#table.read(row)).bytes, 0);
  }

  /** Every edge: inputs of the session first, then connections, then its outputs, each in the order of the plan. */
  links(): LinkMetrics[] {
    return this.#edges.map((edge, row) => {
      const totals = this.#table.read(row);
      const { items, bytes } = this.#inFlight(edge, totals);
      return {
        from: edge.from,
        to: edge.to,
        isFused: edge.isFused,
        items: totals.itemsWritten,
        bytes: totals.bytesWritten,
        queueDepth: items,
        bytesInFlight: bytes,
        stalls: totals.stalls,
        stalledMs: totals.stalledMs,
      };
    });
  }

  /** What was taken from each edge, and what waits there. */
  taken(): { readonly to: PortRef | undefined; readonly taken: Amount; readonly waiting: Amount }[] {
    return this.#edges.map((edge, row) => {
      const totals = this.#table.read(row);
      const untaken = this.#untaken(edge, totals);
      const taken = { items: totals.itemsWritten - untaken.items, bytes: totals.bytesWritten - untaken.bytes };
      return { to: edge.to, taken, waiting: this.#inFlight(edge, totals) };
    });
  }

  /** Says that the session has ended: nothing is in flight any more, and the memory of its rings is let go. */
  end(): void {
    this.#hasEnded = true;
    for (const [row, edge] of this.#edges.entries()) {
      const { from, to, isFused } = edge;
      const untaken = this.#untaken(edge, this.#table.read(row));
      this.#edges[row] = { from, to, isFused, inFlight: () => untaken };
    }
  }

  #inFlight(edge: CountedEdge, totals: EdgeTotals): Amount {
    return this.#hasEnded ? NOTHING : this.#untaken(edge, totals);
  }

  /** What was written and not taken, also where the end of the session has dropped it. */
  #untaken({ inFlight }: CountedEdge, totals: EdgeTotals): Amount {
    if (inFlight !== undefined) return inFlight();
    return {
      items: Math.max(0, totals.itemsWritten - totals.itemsTaken),
      bytes: Math.max(0, totals.bytesWritten - totals.bytesTaken),
    };
  }
}
