/**
 * What a contender of the benchmark provides.
 *
 * All do the same work: `stages` workers in a row, each of which turns the sign
 * of every sample of a chunk, in place. A reader who doubts the fairness finds
 * how each library is used in the one file that is named after it, and what
 * runs in its worker in the file beside it.
 *
 * @module
 */

/** A row of workers that is to be set up. */
export interface PipeOptions {
  /** Workers in a row, from 1. */
  readonly stages: number;
  /** Whether the stages may run in one worker, for contenders that can do so. */
  readonly fused: boolean;
  /** Length of every chunk, in samples of 4 bytes. */
  readonly samplesPerChunk: number;
  /** Chunks in flight at a time, from 1. */
  readonly window: number;
}

/** A row of workers that is ready. */
export interface Pipe {
  /**
   * Moves chunks through and resolves when `count` have come back. As many are
   * in flight as there are `buffers`; each that comes back is sent again, until
   * the count is reached. What came back last stands in `buffers` then.
   */
  pump(buffers: Float32Array<ArrayBuffer>[], count: number): Promise<void>;
  /** Ends the workers. */
  close(): Promise<void>;
}

/** One way to get chunks to a worker and back. */
export interface Contender {
  /** Name in results and on the command line; the file has the same. */
  readonly name: string;
  /** Name for readers. */
  readonly title: string;
  /** What it is: ours, a package, or what the runtime offers by itself. */
  readonly kind: "streamrack" | "package" | "bare";
  /** How it is used, in a sentence, for the page. */
  readonly usage: string;
  /** Whether the sender's buffer is detached by sending it; `undefined` where the contender may do either. */
  moves(chunkBytes: number): boolean | undefined;
  /** Sets up the workers and waits until they are ready for chunks. */
  open(options: PipeOptions): Promise<Pipe>;
}
