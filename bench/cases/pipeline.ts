/**
 * A real pipeline: resample, normalise, find speech.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { type AudioData, createRuntime, type Manifest, RuntimeData, type Session } from "../../mod.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { timeTask } from "../harness/measure.ts";
import { createChain } from "./main_chain.ts";

const RATE_HZ = 44_100;
/** 20 ms. */
const CHUNK_FRAMES = 882;

const MANIFEST: Manifest = {
  version: "v1",
  nodes: [
    { id: "resample", node_type: "audio.resample", params: { sampleRateHz: 16_000 } },
    { id: "normalize", node_type: "audio.normalize" },
    { id: "vad", node_type: "vad.silero" },
  ],
  connections: [{ from: "resample", to: "normalize" }, { from: "normalize", to: "vad" }],
};

/** What came out of one run, as far as it is compared. */
export interface Result {
  readonly frames: number;
  readonly energy: number;
  readonly events: number;
}

/** Sends the chunks through everything and gives what came out. */
type Run = (chunks: readonly AudioData[]) => Promise<Result>;

export default {
  id: "pipeline",
  title: "A real pipeline",
  description:
    "5.6 s of speech at 44.1 kHz, in chunks of 20 ms, are resampled to 16 kHz, normalised, and searched for " +
    "speech by the Silero network. `Streamrack` has two threads, one for each plugin; `fused` trusts the plugins to " +
    "share one; `main thread` calls the same nodes one after the other. Sessions are open when the time starts.",
  points(mode): readonly Point[] {
    if (mode === "quick") return [];
    return [{ params: {}, contenders: ["streamrack", "streamrack-fused", "main"], rounds: 3 }];
  },
  async observe({ contender }: ObserveOptions): Promise<Measured> {
    const source = await readSpeech();
    const expected = await tally((await createChain(MANIFEST.nodes))(toChunks(source)));
    const target = contender === "main" ? mainThread() : await streamrack(contender === "streamrack-fused");
    let run: Run = () => Promise.reject(new Error("nothing was opened"));
    let chunks: AudioData[] = [];
    const { latency, timer } = await timeTask({
      async before() {
        run = await target.open();
        chunks = toChunks(source);
      },
      run: async () => checkResult(await run(chunks), expected),
      timeMs: 800,
      iterations: 5,
      warmupMs: 400,
    });
    await target.close();
    return { metrics: { timesRealtime: source.length / RATE_HZ * 1000 / latency.p50 }, timer };
  },
} satisfies Case;

interface Target {
  open(): Promise<Run>;
  close(): Promise<void>;
}

function mainThread(): Target {
  return {
    async open() {
      const chain = await createChain(MANIFEST.nodes);
      return (chunks) => tally(chain(chunks));
    },
    close: () => Promise.resolve(),
  };
}

async function streamrack(fused: boolean): Promise<Target> {
  const runtime = await createRuntime(fused ? { trust: [["audio", "vad"]] } : {});
  return {
    async open() {
      const session = await runtime.open(MANIFEST);
      return async (chunks) => {
        const [result] = await Promise.all([tally(outputsOf(session)), feed(session, chunks)]);
        return result;
      };
    },
    close: () => runtime.close(),
  };
}

async function feed(session: Session, chunks: readonly AudioData[]): Promise<void> {
  for (const chunk of chunks) await session.send(chunk);
  await session.finish();
}

async function* outputsOf(session: Session): AsyncGenerator<RuntimeData> {
  for await (const { data } of session) yield data;
}

async function tally(outputs: AsyncIterable<RuntimeData>): Promise<Result> {
  let [frames, energy, events] = [0, 0, 0];
  for await (const data of outputs) {
    if (!RuntimeData.isAudio(data)) events += 1;
    else {
      frames += data.samples.length;
      for (const sample of data.samples) energy += sample * sample;
    }
  }
  return { frames, energy, events };
}

function checkResult({ frames, energy, events }: Result, expected: Result): void {
  const isSame = frames === expected.frames && events === expected.events &&
    Math.abs(energy - expected.energy) <= 1e-6 * expected.energy;
  if (!isSame || events === 0) {
    throw new Error(`the result is ${JSON.stringify({ frames, energy, events })}, not ${JSON.stringify(expected)}`);
  }
}

function toChunks(samples: Float32Array): AudioData[] {
  return Array.from(
    { length: Math.ceil(samples.length / CHUNK_FRAMES) },
    (_, i) =>
      RuntimeData.audio({ samples: samples.slice(i * CHUNK_FRAMES, (i + 1) * CHUNK_FRAMES), sampleRate: RATE_HZ }),
  );
}

/** The recording of the demo: 16 bits, mono, behind a header of 44 bytes. */
async function readSpeech(): Promise<Float32Array> {
  const bytes = new Uint8Array(await readFile(new URL("../../examples/demo/speech.wav", import.meta.url)));
  return Float32Array.from(new Int16Array(bytes.buffer, 44), (value) => value / 32_768);
}
