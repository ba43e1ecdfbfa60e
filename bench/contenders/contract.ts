/**
 * What a contender of the benchmark provides.
 *
 * All do the same work: `stages` workers in a row, each of which turns the sign
 * of every sample of a chunk, in place, which no number of passes makes louder. A reader who doubts the fairness finds
 * how each library is used in the one file that is named after it, and what
 * runs in its worker in the file beside it.
 *
 * @module
 */

/** What a stage does with a chunk. */
export type Work = "invert" | "touch";

/** A row of workers that is to be set up. */
export interface PipeOptions {
  /** Workers in a row, from 1. */
  readonly stages: number;
  /** Whether all stages share one worker, for contenders that can do so. Default: false. */
  readonly fused?: boolean;
  /** Length of every chunk, in samples of 4 bytes. */
  readonly samplesPerChunk: number;
  /** Chunks in flight at a time, from 1. */
  readonly window: number;
  /** Turn the sign of all samples, or of the first one only, which leaves the cost of getting there. Default: all. */
  readonly work?: Work | undefined;
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

/** What is to be expected of a pipe. */
export interface PipeTraits {
  /** By how much a sample may differ when it comes back. Default: not at all. */
  readonly tolerance?: number;
  /** Whether the sender's buffer is detached by sending it; `undefined` where either may be. */
  moves(chunkBytes: number): boolean | undefined;
}

/** One way to get chunks to a worker and back. */
export interface Contender extends PipeTraits {
  /** What it can do with chunks. Default: `"invert"` alone. */
  readonly works?: readonly Work[];
  /** Sets up the workers and waits until they are ready for chunks. */
  open(options: PipeOptions): Promise<Pipe>;
}
