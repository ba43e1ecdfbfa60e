/**
 * How contenders that answer a call with a promise keep a window of chunks in
 * flight: one lane per chunk, each of which awaits its call and makes the next.
 *
 * @module
 */

/** One call of a worker: gives a chunk away and gets it back. */
export type Call = (samples: Float32Array<ArrayBuffer>) => Promise<Float32Array<ArrayBuffer>>;

/** Implements `pump` on top of calls. Several stages are called one after the other, from this thread. */
export async function pumpCalls(
  stages: readonly Call[],
  buffers: Float32Array<ArrayBuffer>[],
  count: number,
): Promise<void> {
  let left = count;
  await Promise.all(buffers.map(async (first, lane) => {
    let samples = first;
    while (left-- > 0) {
      for (const call of stages) samples = await call(samples);
    }
    buffers[lane] = samples;
  }));
}
