/**
 * Streamrack, used as its README shows: a plugin by its URL, a manifest, a
 * session that is sent to and iterated.
 *
 * The window is the closed loop below, as for everybody else: the limits of the
 * session are wide enough not to matter.
 *
 * @module
 */

import { type AudioData, createRuntime, type Manifest, RuntimeData, type Session } from "../../mod.ts";
import type { Contender, Pipe, PipeOptions } from "./contract.ts";

/** The plugin of the benchmark, as an application names it. */
export const BENCH_PLUGIN = new URL("../nodes/plugin.ts", import.meta.url);

/** A row of nodes: fused, they share a segment; else each starts one of its own. */
export function rowManifest(
  { stages, fused = false, work = "invert" }: Omit<PipeOptions, "samplesPerChunk" | "window">,
): Manifest {
  const ids = Array.from({ length: stages }, (_, i) => `node${i}`);
  return {
    version: "v1",
    nodes: ids.map((id) => ({ id, node_type: `bench.${work}`, ...(fused ? {} : { fuse: false }) })),
    connections: ids.slice(1).map((to, i) => ({ from: `node${i}`, to })),
  };
}

/** Throws unless the nodes of a session run in as many threads as they should. */
export async function checkThreads(session: Session, expected: number): Promise<void> {
  const { nodes } = await session.metrics();
  const threads = new Set(Object.values(nodes).map(({ threadId }) => threadId)).size;
  if (threads !== expected) throw new Error(`the nodes run in ${threads} threads instead of ${expected}`);
}

/** Moves chunks through a session with one audio input and one audio output, as {@linkcode Pipe.pump} says. */
export function sessionPump(session: Session): Pipe["pump"] {
  const outputs = session[Symbol.asyncIterator]();
  return async (buffers, count) => {
    let sent = 0;
    for (; sent < buffers.length && sent < count; sent++) {
      await session.send(RuntimeData.audio({ samples: buffers[sent] as Float32Array, sampleRate: 48_000 }));
    }
    let last = 0;
    for (let received = 0; received < count; received++) {
      const audio = (await outputs.next()).value?.data as AudioData;
      if (sent < count) {
        sent += 1;
        await session.send(audio);
      } else buffers[last++] = audio.samples as Float32Array<ArrayBuffer>;
    }
  };
}

const contender: Contender = {
  works: ["invert", "touch"],
  // Short chunks are copied through shared memory, long ones are moved.
  moves: (chunkBytes) => chunkBytes >= 65_536 ? true : undefined,
  open: (options) => open(options, "worker"),
};

async function open(options: PipeOptions, tier: "worker" | "process"): Promise<Pipe> {
  const { stages, fused = false, samplesPerChunk, window } = options;
  const runtime = await createRuntime({
    plugins: [{ tier, plugin: BENCH_PLUGIN }],
    maxThreads: stages,
    maxItemsInFlight: Math.max(16, window),
    maxBytesInFlight: Math.max(4 * 1024 ** 2, 2 * window * samplesPerChunk * 4),
  });
  const session = await runtime.open(rowManifest(options));
  // A child process has its plugin to itself, however many nodes that is.
  await checkThreads(session, fused || tier === "process" ? 1 : stages);
  return {
    pump: sessionPump(session),
    async close() {
      await session.cancel();
      await runtime.close();
    },
  };
}

export default contender;

/** The same with all stages in one segment, or with the plugin in a child process. */
export const variants: Readonly<Record<string, Contender>> = {
  fused: { ...contender, open: (options) => open({ ...options, fused: true }, "worker") },
  process: { ...contender, open: (options) => open(options, "process") },
};
