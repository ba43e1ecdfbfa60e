/**
 * What cases do with the pipes of contenders: check them and drive them.
 *
 * @module
 */

import type { Contender, Pipe, PipeOptions, PipeTraits } from "../contenders/contract.ts";
import { WORKS } from "../contenders/invert.ts";

type Samples = Float32Array<ArrayBuffer>;

/** Loads a contender by its name in results: `json-i16` is the variant `i16` of the file `json.ts`. */
export async function loadContender(name: string): Promise<Contender> {
  const [file, variant] = name.split("-");
  const loaded: { default: Contender; variants?: Readonly<Record<string, Contender>> } = await import(
    new URL(`../contenders/${file}.ts`, import.meta.url).href
  );
  const contender = variant === undefined ? loaded.default : loaded.variants?.[variant];
  if (contender === undefined) throw new Error(`no contender "${name}"`);
  return contender;
}

/** Chunks of something like audio, within ±0.5. The first samples tell up to a hundred chunks apart. */
export function makeChunks(count: number, samplesPerChunk: number): Samples[] {
  return Array.from(
    { length: count },
    (_, chunk) =>
      Float32Array.from(
        { length: samplesPerChunk },
        (_, i) => i === 0 ? (chunk + 1) / 200 : Math.sin(i * 0.05 + chunk) / 2,
      ),
  );
}

/**
 * Sends a window of chunks through and looks at every sample of what comes
 * back, and at what became of the sender's buffers.
 *
 * @throws {Error} If a sample is wrong, a chunk is missing or twice there, or a buffer was not moved that should be.
 */
export async function checkPipe(pipe: Pipe, traits: PipeTraits, options: PipeOptions): Promise<void> {
  const { samplesPerChunk, window } = options;
  const sent = makeChunks(window, samplesPerChunk);
  const returned = [...sent];
  await pipe.pump(returned, window);
  const missing = new Set(expectedChunks(options));
  for (const samples of returned) {
    if (samples.length !== samplesPerChunk) throw new Error(`a chunk came back with ${samples.length} samples`);
    const wanted = [...missing].find((candidate) => isNear(candidate[0], samples[0], traits.tolerance));
    if (wanted === undefined) throw new Error(`a chunk came back that begins with ${samples[0]}, or came back twice`);
    missing.delete(wanted);
    const wrong = samples.findIndex((value, i) => !isNear(value, wanted[i], traits.tolerance));
    if (wrong !== -1) throw new Error(`sample ${wrong} came back as ${samples[wrong]} instead of ${wanted[wrong]}`);
  }
  const moves = traits.moves(samplesPerChunk * 4);
  const detached = sent.filter((samples) => samples.length === 0).length;
  if (moves === true && detached < window) throw new Error(`only ${detached} of ${window} buffers were moved`);
  if (moves === false && detached > 0) throw new Error(`${detached} of ${window} buffers were moved unexpectedly`);
}

function expectedChunks({ stages, samplesPerChunk, window, work = "invert" }: PipeOptions): Samples[] {
  const chunks = makeChunks(window, samplesPerChunk);
  for (let stage = 0; stage < stages; stage++) chunks.forEach(WORKS[work]);
  return chunks;
}

function isNear(a = NaN, b = NaN, tolerance = 0): boolean {
  return Math.abs(a - b) <= tolerance;
}

/** Opens a contender's pipe, checks it, hands it to `use`, checks it again, and closes it. */
export async function withPipe<T>(
  contender: Contender,
  options: PipeOptions,
  use: (pipe: Pipe) => Promise<T>,
): Promise<T> {
  const { works = ["invert"] } = contender;
  const { work = "invert" } = options;
  if (!works.includes(work)) throw new Error(`the contender has no work "${work}"`);
  const pipe = await contender.open(options);
  await checkPipe(pipe, contender, options);
  const result = await use(pipe);
  await checkPipe(pipe, contender, options);
  await pipe.close();
  return result;
}

/** No contender moves as many in a batch. */
const CHUNKS_MAX = 1e8;

/** How many chunks take about `batchMs`: pumps more and more of them for `warmupMs`. */
export async function findBatch(
  pump: (count: number) => Promise<void>,
  { window, batchMs, warmupMs }: { readonly window: number; readonly batchMs: number; readonly warmupMs: number },
  now: () => number = () => performance.now(),
): Promise<number> {
  let batch = window;
  for (const endMs = now() + warmupMs;;) {
    const startMs = now();
    await pump(batch);
    const tookMs = Math.max(now() - startMs, 0.001);
    if (batch > CHUNKS_MAX) throw new Error(`${batch} chunks took ${tookMs} ms: they cannot have gone anywhere`);
    // At least half: one slow turn of the machine says little about the contender.
    const wanted = Math.max(window, Math.round(batch * Math.min(8, Math.max(0.5, batchMs / tookMs))));
    if (now() >= endMs && tookMs >= batchMs / 2) return wanted;
    batch = wanted;
  }
}
