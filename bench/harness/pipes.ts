/**
 * What cases do with the pipes of contenders: check them and drive them.
 *
 * @module
 */

import type { Contender, Pipe, PipeOptions } from "../contenders/contract.ts";

type Samples = Float32Array<ArrayBuffer>;

/** Loads a contender by its name. */
export async function loadContender(name: string): Promise<Contender> {
  const { default: contender }: { default: Contender } = await import(
    new URL(`../contenders/${name}.ts`, import.meta.url).href
  );
  return contender;
}

/** Chunks whose samples all differ, within a chunk and between chunks. */
export function makeChunks(count: number, samplesPerChunk: number): Samples[] {
  return Array.from(
    { length: count },
    (_, chunk) => Float32Array.from({ length: samplesPerChunk }, (_, i) => (chunk + 1) * 0.001 + i),
  );
}

/**
 * Sends a window of chunks through and looks at every sample of what comes
 * back, and at what became of the sender's buffers.
 *
 * @throws {Error} If a sample is wrong, a chunk is missing or twice there, or a buffer was not moved that should be.
 */
export async function checkPipe(
  pipe: Pipe,
  { stages, samplesPerChunk, window }: PipeOptions,
  moves: boolean | undefined,
): Promise<void> {
  const sent = makeChunks(window, samplesPerChunk);
  const returned = [...sent];
  await pipe.pump(returned, window);
  const expected = makeChunks(window, samplesPerChunk);
  if (stages % 2 === 1) expected.forEach((samples) => samples.forEach((value, i) => samples[i] = -value));
  const missing = new Map(expected.map((samples) => [samples[0], samples]));
  for (const samples of returned) {
    const wanted = missing.get(samples[0] as number);
    if (wanted === undefined) throw new Error(`a chunk came back that begins with ${samples[0]}, or came back twice`);
    missing.delete(samples[0] as number);
    if (samples.length !== samplesPerChunk) throw new Error(`a chunk came back with ${samples.length} samples`);
    const wrong = samples.findIndex((value, i) => value !== wanted[i]);
    if (wrong !== -1) throw new Error(`sample ${wrong} came back as ${samples[wrong]} instead of ${wanted[wrong]}`);
  }
  const detached = sent.filter((samples) => samples.length === 0).length;
  if (moves === true && detached < window) throw new Error(`only ${detached} of ${window} buffers were moved`);
  if (moves === false && detached > 0) throw new Error(`${detached} of ${window} buffers were moved unexpectedly`);
}

/** Opens a contender's pipe, checks it, hands it to `use`, checks it again, and closes it. */
export async function withPipe<T>(
  contender: Contender,
  options: PipeOptions,
  use: (pipe: Pipe) => Promise<T>,
): Promise<T> {
  const pipe = await contender.open(options);
  const moves = contender.moves(options.samplesPerChunk * 4);
  await checkPipe(pipe, options, moves);
  const result = await use(pipe);
  await checkPipe(pipe, options, moves);
  await pipe.close();
  return result;
}

/** How many chunks take about `batchMs`: pumps more and more of them for `warmupMs`. */
export async function findBatch(
  pump: (count: number) => Promise<void>,
  { window, batchMs, warmupMs }: { readonly window: number; readonly batchMs: number; readonly warmupMs: number },
): Promise<number> {
  let batch = 2 * window;
  for (const endMs = performance.now() + warmupMs;;) {
    const startMs = performance.now();
    await pump(batch);
    const tookMs = Math.max(performance.now() - startMs, 0.001);
    const wanted = Math.max(2 * window, Math.round(batch * Math.min(8, batchMs / tookMs)));
    if (performance.now() >= endMs && tookMs >= batchMs / 2) return wanted;
    batch = wanted;
  }
}
