/**
 * Which chunk a result answers.
 *
 * The protocol wants the sequence of the chunk in each result, but between
 * the two lies a pipeline, in which nodes split, join and hold back values.
 *
 * @module
 */

/** A chunk that was sent into the pipeline. */
export interface SentChunk {
  readonly sequence: bigint;
  /** On the clock of the stream, in microseconds; of audio it is always known. */
  readonly timestampUs: number | undefined;
  /** On the clock of the process. */
  readonly receivedMs: number;
  readonly bytes: number;
  /** Samples and values that had come, with this one. */
  readonly samplesSoFar: bigint;
  readonly itemsSoFar: bigint;
}

/** Longest memory of chunks. A result for an older one gets the oldest that is known. */
const REMEMBERED = 1024;

/**
 * Remembers chunks and finds the one that a value answers.
 *
 * Audio goes by its time: nodes keep timestamps right, whatever they do to the
 * chunks, so the answer belongs to the latest chunk that does not begin after
 * it. Anything else goes by count: the nth value of a port answers the nth
 * chunk, or the latest there is, which is right for nodes that give one value
 * for one and for senders that wait for the answer.
 */
export class ChunkLedger {
  #chunks: SentChunk[] = [];
  /** How many chunks were forgotten. */
  #base = 0;
  #isInTime = true;

  /** Remembers a chunk that goes into the pipeline. */
  add(chunk: SentChunk): void {
    const last = this.#chunks.at(-1);
    // Audio for several nodes at once, or a client with a clock that stands: then only counting is left.
    const isLater = last?.timestampUs === undefined ||
      chunk.timestampUs !== undefined && chunk.timestampUs > last.timestampUs;
    if (last !== undefined && !isLater || chunk.timestampUs === undefined) this.#isInTime = false;
    this.#chunks.push(chunk);
    if (this.#chunks.length <= 2 * REMEMBERED) return;
    this.#base += this.#chunks.length - REMEMBERED;
    this.#chunks = this.#chunks.slice(-REMEMBERED);
  }

  /**
   * The chunk that a value answers; `undefined` before the first one.
   *
   * @param position Of the value among those of its port, from 0.
   */
  find(position: number, timestampUs: number | undefined): SentChunk | undefined {
    if (timestampUs !== undefined && this.#isInTime) return this.#findByTime(timestampUs);
    const index = Math.min(position - this.#base, this.#chunks.length - 1);
    return this.#chunks[Math.max(0, index)];
  }

  #findByTime(timestampUs: number): SentChunk | undefined {
    // Nodes round to samples; a value that begins within half a sample of 8 kHz before a chunk begins with it.
    const latestUs = timestampUs + 63;
    let [low, high] = [0, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (((this.#chunks[middle] as SentChunk).timestampUs as number) <= latestUs) low = middle + 1;
      else high = middle;
    }
    return this.#chunks[Math.max(0, low - 1)];
  }
}
