/**
 * What is counted of each edge: values, bytes, and waits for room.
 *
 * @module
 */

/** Columns of a row. The writer's end owns the first ones, the reader's end the last two: no column has two writers. */
const ITEMS_WRITTEN = 0;
const BYTES_WRITTEN = 1;
const STALLS = 2;
const STALLED_MS = 3;
/** When the present stall began, in milliseconds since 1970, which all threads count alike; 0 while there is none. */
const STALLED_SINCE_MS = 4;
/** What was dropped by the policy of the edge, and never written. */
const ITEMS_DROPPED = 5;
/** What was written before the last restart of a thread. */
const ITEMS_BEFORE = 6;
const BYTES_BEFORE = 7;
const WRITER_COLUMNS = 8;
const ITEMS_TAKEN = 8;
const BYTES_TAKEN = 9;
const COLUMNS = 10;
/** 128 bytes, so that threads that count on neighbouring edges do not share cache lines. */
const ROW_LENGTH = 16;

/** What was counted of an edge since the session opened. */
export interface EdgeTotals {
  readonly itemsWritten: number;
  readonly bytesWritten: number;
  /** What was written and not taken yet. */
  readonly itemsInFlight: number;
  readonly bytesInFlight: number;
  readonly itemsDropped: number;
  /** How often its writer came to a stand. */
  readonly stalls: number;
  /** How long it stood altogether, the present stall included, in milliseconds. */
  readonly stalledMs: number;
}

/** A row of the table, or the part of one that a thread has written, on its way to the host. Plain and cloneable. */
export interface EdgeSample {
  readonly row: number;
  readonly end: "writer" | "reader";
  readonly columns: readonly number[];
}

/** Whether a value is a sample, wherever it came from. */
export function isEdgeSample(value: unknown): value is EdgeSample {
  if (typeof value !== "object" || value === null) return false;
  const { row, end, columns } = value as { readonly [K in keyof EdgeSample]?: unknown };
  const length = end === "writer" ? WRITER_COLUMNS : end === "reader" ? COLUMNS - WRITER_COLUMNS : -1;
  return Number.isSafeInteger(row) && Array.isArray(columns) && columns.length === length &&
    // Not over the array itself: every() passes over holes.
    Array.from(columns).every((column) => Number.isFinite(column));
}

/** Counts at one end of an edge. */
export class EdgeCounts {
  readonly #row: Float64Array;
  #waiting = 0;
  #stalledAtMs = 0;

  /** @param row Where to count. Default: where nobody looks. */
  constructor(row: Float64Array = new Float64Array(ROW_LENGTH)) {
    this.#row = row;
  }

  /** Counts a value that was put on its way. */
  written(bytes: number): void {
    this.#add(ITEMS_WRITTEN, 1);
    this.#add(BYTES_WRITTEN, bytes);
  }

  /** Counts a value that was dropped instead of written. */
  dropped(): void {
    this.#add(ITEMS_DROPPED, 1);
  }

  /** Says that the writing end begins, perhaps after one whose thread died while it waited. */
  beginWriting(): this {
    this.#row[STALLED_SINCE_MS] = 0;
    return this;
  }

  /** Says that both ends begin, in one thread. What was under way in a thread that died is lost. */
  beginBoth(): this {
    this.readerReplaced(0, 0);
    this.writerReplaced(0, 0);
    return this.beginWriting();
  }

  /** At the writing end: another reader, which has taken nothing yet, goes on with so much in flight. */
  readerReplaced(itemsInFlight: number, bytesInFlight: number): void {
    this.#add(ITEMS_BEFORE, (this.#row[ITEMS_WRITTEN] as number) - itemsInFlight);
    this.#add(BYTES_BEFORE, (this.#row[BYTES_WRITTEN] as number) - bytesInFlight);
    this.#row[ITEMS_WRITTEN] = itemsInFlight;
    this.#row[BYTES_WRITTEN] = bytesInFlight;
  }

  /** At the reading end: another writer, which has written nothing yet, goes on while so much waits here. */
  writerReplaced(itemsInFlight: number, bytesInFlight: number): void {
    this.#row[ITEMS_TAKEN] = -itemsInFlight;
    this.#row[BYTES_TAKEN] = -bytesInFlight;
  }

  /** Counts a value that was taken, or dropped by a flush. */
  taken(bytes: number): void {
    this.#add(ITEMS_TAKEN, 1);
    this.#add(BYTES_TAKEN, bytes);
  }

  /**
   * Counts a wait for room, and returns the same promise. Waits that overlap
   * are one stall: from the first that waits until none does.
   */
  stalled(wait: Promise<void>): Promise<void> {
    if (this.#waiting === 0) {
      this.#add(STALLS, 1);
      this.#stalledAtMs = performance.now();
      this.#row[STALLED_SINCE_MS] = Date.now();
    }
    this.#waiting += 1;
    const end = () => {
      this.#waiting -= 1;
      if (this.#waiting > 0) return;
      this.#row[STALLED_SINCE_MS] = 0;
      this.#add(STALLED_MS, performance.now() - this.#stalledAtMs);
    };
    wait.then(end, end);
    return wait;
  }

  #add(column: number, amount: number): void {
    this.#row[column] = (this.#row[column] as number) + amount;
  }
}

/**
 * The counts of edges, a row for each. In shared memory, a thread counts in
 * place and the host reads without asking; without, each thread counts for
 * itself, and gives samples when it is asked.
 *
 * The numbers are 64-bit floats, so they neither wrap nor lose count. They are
 * stored without `Atomics`, which has none for floats: every processor that the
 * runtimes support stores an aligned one at once.
 */
export class EdgeTable {
  readonly #floats: Float64Array;

  /** @param memory As {@linkcode EdgeTable.bytesFor} says. */
  constructor(memory: ArrayBufferLike) {
    this.#floats = new Float64Array(memory);
  }

  /** Bytes that a table needs. */
  static bytesFor(rows: number): number {
    return rows * ROW_LENGTH * Float64Array.BYTES_PER_ELEMENT;
  }

  /** Counts in a row. */
  open(row: number): EdgeCounts {
    return new EdgeCounts(this.#row(row));
  }

  /**
   * What a row says now.
   *
   * @param reader The table and row of the reader's end, where another thread counts there. Default: the same.
   */
  read(row: number, reader: { readonly table: EdgeTable; readonly row: number } = { table: this, row }): EdgeTotals {
    const at = (column: number) =>
      column < WRITER_COLUMNS ? this.#at(row, column) : reader.table.#at(reader.row, column);
    // What was taken is read first: a value that is written and taken in between must not seem taken twice.
    const [itemsTaken, bytesTaken] = [at(ITEMS_TAKEN), at(BYTES_TAKEN)];
    const sinceMs = at(STALLED_SINCE_MS);
    return {
      itemsWritten: countOf(at(ITEMS_BEFORE) + at(ITEMS_WRITTEN)),
      bytesWritten: countOf(at(BYTES_BEFORE) + at(BYTES_WRITTEN)),
      itemsInFlight: countOf(at(ITEMS_WRITTEN) - itemsTaken),
      bytesInFlight: countOf(at(BYTES_WRITTEN) - bytesTaken),
      itemsDropped: countOf(at(ITEMS_DROPPED)),
      stalls: countOf(at(STALLS)),
      stalledMs: countOf(at(STALLED_MS) + (sinceMs > 0 ? Math.max(0, Date.now() - sinceMs) : 0)),
    };
  }

  /** The part of a row that one end has written. */
  sample(row: number, end: EdgeSample["end"]): EdgeSample {
    return { row, end, columns: [...this.#part(row, end)] };
  }

  /** Puts a sample in its place. */
  apply({ row, end, columns }: EdgeSample): void {
    this.#part(row, end).set(columns);
  }

  #at(row: number, column: number): number {
    return this.#floats[row * ROW_LENGTH + column] as number;
  }

  #row(row: number): Float64Array {
    return this.#floats.subarray(row * ROW_LENGTH, (row + 1) * ROW_LENGTH);
  }

  #part(row: number, end: EdgeSample["end"]): Float64Array {
    return end === "writer"
      ? this.#row(row).subarray(0, WRITER_COLUMNS)
      : this.#row(row).subarray(WRITER_COLUMNS, COLUMNS);
  }
}

/** Others count: what cannot be a count, or not yet, is nothing, and so holds nobody back. */
function countOf(value: number): number {
  return value > 0 && value <= Number.MAX_SAFE_INTEGER ? value : 0;
}
