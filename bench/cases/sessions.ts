/**
 * Many sessions of one plugin, in one worker.
 *
 * @module
 */

import { type AudioData, createRuntime, type Runtime, RuntimeData, type Session } from "../../mod.ts";
import type { Pipe } from "../contenders/contract.ts";
import ring, { openMany } from "../contenders/ring.ts";
import { BENCH_PLUGIN, rowManifest, sessionPump } from "../contenders/streamrack.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { observeBatches } from "../harness/observe_pump.ts";
import { checkPipe, makeChunks } from "../harness/pipes.ts";

const SAMPLES_PER_CHUNK = 480;
const WINDOW = 16;
const CHECK = { stages: 1, samplesPerChunk: SAMPLES_PER_CHUNK, window: WINDOW };

type Pump = Pipe["pump"];

/** Moves `count` chunks in all. */
type Load = (sessions: readonly Session[]) => (count: number) => Promise<void>;

const LOADS: Readonly<Record<string, Load>> = {
  /** Every session keeps a window of its own full. */
  each: (sessions) => allAtOnce(sessions.map(sessionPump)),
  /** One session is busy, the others are open and idle. */
  one([busy]) {
    const pump = sessionPump(busy as Session);
    const buffers = makeChunks(WINDOW, SAMPLES_PER_CHUNK);
    return (count) => pump(buffers, count);
  },
  /** One window for all: each chunk goes into the next session. */
  turns(sessions) {
    const outputs = sessions.map((session) => session[Symbol.asyncIterator]());
    const chunks = makeChunks(WINDOW, SAMPLES_PER_CHUNK)
      .map((samples): AudioData => RuntimeData.audio({ samples, sampleRate: 48_000 }));
    return async (count) => {
      let sent = 0;
      const send = async (audio: AudioData) => await (sessions[sent++ % sessions.length] as Session).send(audio);
      for (const chunk of chunks) await send(chunk);
      for (let received = 0; received < count; received++) {
        const output = await outputs[received % outputs.length]?.next();
        const audio = output?.value?.data as AudioData;
        if (sent < count) await send(audio);
        else chunks[received % WINDOW] = audio;
      }
    };
  },
};

/** Every pump keeps a window of its own full. */
function allAtOnce(pumps: readonly Pump[]): (count: number) => Promise<void> {
  const buffers = pumps.map(() => makeChunks(WINDOW, SAMPLES_PER_CHUNK));
  return async (count) => {
    const share = Math.ceil(count / pumps.length);
    await Promise.all(pumps.map((pump, i) => pump(buffers[i] as Float32Array<ArrayBuffer>[], share)));
  };
}

export default {
  id: "sessions",
  title: "Many sessions",
  description:
    "Sessions of one node each, all in one worker. `each`: every session keeps 16 chunks of 1.9 kB in flight. " +
    "`one`: one session does, the others are open and idle. `turns`: 16 chunks are in flight in all, each in another " +
    "session, so that hardly any wake-up is shared. The bare ring has a pair of rings for each, through one worker: what " +
    "so much memory costs by itself.",
  points(mode): readonly Point[] {
    const point = (sessions: number, load: string, rounds: number): Point => {
      const contenders = load === "each" && mode === "full" ? ["streamrack", "ring"] : ["streamrack"];
      return { params: { sessions, load }, contenders, rounds };
    };
    if (mode === "quick") return [point(1, "each", 1), point(500, "each", 1)];
    const counts = [1, 10, 100, 500, 1000];
    return [...counts.map((count) => point(count, "each", 3)), point(500, "one", 2), point(500, "turns", 2)];
  },
  async observe({ contender, params }: ObserveOptions): Promise<Measured> {
    const count = Number(params["sessions"]);
    if (contender === "ring") return await observeRings(count);
    // One more than there are sessions, for the one that checks.
    const runtime = await createRuntime({ plugins: [BENCH_PLUGIN], maxThreads: 1, tasksPerThread: count + 1 });
    await checkSession(runtime);
    const sessions = await openSessions(runtime, count);
    const pump = (LOADS[String(params["load"])] as Load)(sessions);
    const window = params["load"] === "each" ? count * WINDOW : WINDOW;
    const measured = await observeCost(pump, window);
    await checkSession(runtime);
    for (const session of sessions) await session.cancel();
    await runtime.close();
    return measured;
  },
} satisfies Case;

async function observeRings(count: number): Promise<Measured> {
  const pipes = await openMany(count, { samplesPerChunk: SAMPLES_PER_CHUNK, window: WINDOW });
  const check = () => checkPipe(pipes[0] as Pipe, ring, CHECK);
  await check();
  const measured = await observeCost(allAtOnce(pipes.map(({ pump }) => pump)), count * WINDOW);
  await check();
  for (const pipe of pipes) await pipe.close();
  return measured;
}

async function observeCost(pump: (count: number) => Promise<void>, window: number): Promise<Measured> {
  const { metrics, timer } = await observeBatches(pump, { window, bytesPerChunk: SAMPLES_PER_CHUNK * 4 });
  return { metrics: { usPerChunk: 1e6 / (metrics["chunksPerSecond"] as number), ...metrics }, timer };
}

/** Opens sessions, a few at a time. */
export async function openSessions(runtime: Runtime, count: number): Promise<Session[]> {
  const sessions: Session[] = [];
  while (sessions.length < count) {
    const some = Math.min(20, count - sessions.length);
    sessions.push(...await Promise.all(Array.from({ length: some }, () => runtime.open(rowManifest({ stages: 1 })))));
  }
  return sessions;
}

/** Checks with a session of its own that chunks come back right. */
async function checkSession(runtime: Runtime): Promise<void> {
  const session = await runtime.open(rowManifest({ stages: 1 }));
  await checkPipe({ pump: sessionPump(session), close: () => Promise.resolve() }, { moves: () => undefined }, CHECK);
  await session.cancel();
}
