/**
 * The soak on the runtime that runs this: sessions of several kinds under a
 * steady load. Prints memory every few seconds, and JSON in the last line.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { setTimeout as pause } from "node:timers/promises";
import { fitSlope } from "../../../scripts/lib/slope.ts";
import { createRuntime, type Manifest, type Runtime, type Session } from "../../../mod.ts";
import { numbered, numberOf, passAll, type Size, upTo } from "../../_support/numbered.ts";
import { chain, testPlugin } from "../../_support/runtime.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, every: { type: "string", default: "10" } },
});
const durationMs = Number(values.minutes) * 60_000;
const everyMs = Number(values.every) * 1_000;
/** Share of the time after which memory is looked at: caches and code have found their size by then. */
const WARM_UP_SHARE = 0.3;

/** Time between two chunks of one session, in milliseconds: that of 10 ms of audio. */
const CHUNK_MS = 10;

const startMs = performance.now();
const isOver = () => performance.now() - startMs > durationMs;
const counts = { chunks: 0, sessions: 0, flushes: 0, restarts: 0 };
const lost: string[] = [];

/** Two segments in a row. */
function pair(params: Manifest["nodes"][number]["params"] = {}): Manifest {
  const { nodes, ...rest } = chain("crash.at", ["crash.at", params]);
  return { ...rest, nodes: nodes.map((node) => ({ ...node, fuse: false })) };
}

/** One session for the whole time: each chunk has to come out, in order, before the next one is due. */
async function stream(runtime: Runtime, size: Size): Promise<void> {
  const session = await runtime.open(pair());
  const outputs = session[Symbol.asyncIterator]();
  for (let n = 0; !isOver(); n = (n + 1) % 1_000_000) {
    await session.send(numbered(n, size));
    const { value } = await outputs.next();
    if (value === undefined || numberOf(value) !== n) lost.push(`${size} chunk ${n}`);
    counts.chunks += 1;
    await pause(CHUNK_MS);
  }
  await session.cancel();
}

/** Sessions that come and go; all they are given must come out. */
async function visit(runtime: Runtime): Promise<void> {
  while (!isOver()) {
    const session = await runtime.open(pair());
    check(session, (await passAll(session, 10)).map(numberOf), 10);
    await pause(100);
  }
}

/** Sessions with a flush in the middle: what comes after it must come out. */
async function flush(runtime: Runtime): Promise<void> {
  const session = await runtime.open(pair());
  const outputs = session[Symbol.asyncIterator]();
  for (let n = 0; !isOver(); n += 8) {
    for (let i = 0; i < 7; i++) await session.send(numbered((n + i) % 1_000_000));
    session.flush();
    counts.flushes += 1;
    const last = (n + 7) % 1_000_000;
    await session.send(numbered(last));
    const { value } = await outputs.next();
    if (value === undefined || numberOf(value) !== last) lost.push(`chunk ${last} after a flush`);
    await pause(50);
  }
  await session.cancel();
}

/** Sessions in which a thread dies: nothing may be lost all the same. */
async function restart(runtime: Runtime): Promise<void> {
  while (!isOver()) {
    const restart = { maxRestarts: 9, initialDelayMs: 1, maxDelayMs: 10 };
    const session = await runtime.open(pair({ at: [5] }), { delivery: "at-least-once", restart });
    check(session, [...new Set((await passAll(session, 10)).map(numberOf))], 10);
    counts.restarts += (await session.metrics()).restarts;
    await pause(1_000);
  }
}

function check(session: Session, numbers: readonly number[], count: number): void {
  counts.sessions += 1;
  counts.chunks += count;
  const missing = upTo(count).filter((n) => !numbers.includes(n));
  if (missing.length > 0) lost.push(`${session.id}: ${missing}`);
}

/** Memory in kB. */
function memory(): { readonly rssKb: number; readonly heapKb: number } {
  const { rss, heapUsed } = process.memoryUsage();
  return { rssKb: rss / 1_000, heapKb: heapUsed / 1_000 };
}

const open = () => createRuntime({ plugins: [testPlugin("crash")], maxThreads: 3, onLog: () => {} });
// Those that crash have a group, and so threads, of their own.
const [steady, crashing] = await Promise.all([open(), open()]);
const points: { readonly minutes: number; readonly rssKb: number; readonly heapKb: number }[] = [];
const timer = setInterval(() => {
  const minutes = (performance.now() - startMs) / 60_000;
  const { rssKb, heapKb } = memory();
  points.push({ minutes, rssKb, heapKb });
  const shown = [`rss ${(rssKb / 1_000).toFixed(1)} MB`, `heap ${(heapKb / 1_000).toFixed(1)} MB`];
  console.log(`${minutes.toFixed(2)} min  ${shown.join("  ")}  ${JSON.stringify(counts)}`);
}, everyMs);
await Promise.all([stream(steady, "small"), stream(steady, "large"), visit(steady), flush(steady), restart(crashing)]);
clearInterval(timer);
await Promise.all([steady.close(), crashing.close()]);
const warm = points.filter(({ minutes }) => minutes > Number(values.minutes) * WARM_UP_SHARE);
const slopeOf = (key: "rssKb" | "heapKb") =>
  warm.length < 2 ? undefined : fitSlope(warm.map((point) => [point.minutes, point[key]] as const));
console.log(JSON.stringify({ counts, lost, points: warm.length, rss: slopeOf("rssKb"), heap: slopeOf("heapKb") }));
if (lost.length > 0) process.exitCode = 1;
