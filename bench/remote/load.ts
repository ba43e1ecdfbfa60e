/**
 * The program of `deno task load`: many streams at a pace, and what waits
 * meanwhile. Does a queue grow?
 *
 * Each stream sends a chunk of audio when it is due, by the clock. The backlog
 * is what was due and is not answered yet, wherever it waits: at a sender that
 * is held back, in a socket, in the pipeline. It is looked at ten times a
 * second, and shown for each second. Where the service keeps up, it stays as
 * it is; the exit code is 1 if it grows. Every answer is checked.
 *
 * The clients share this process, and have half of the work. `--against echo`
 * puts the same load on the bare gRPC library, which tells what a machine can
 * do at all.
 *
 * @module
 */

import assert from "node:assert/strict";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Manifest, RuntimeData } from "../../mod.ts";
import { RemotePipelineClient } from "../../remote/mod.ts";
import { cpuMsOf, EchoClient, pause, quantile, startEcho, startService } from "./peers.ts";

/** What the clients are to do. */
interface Load {
  readonly address: string;
  readonly against: "service" | "echo";
  readonly streams: number;
  /** Chunks a second in each stream. */
  readonly rate: number;
  readonly seconds: number;
  /** Samples of a chunk. */
  readonly frames: number;
}

/** What is seen ten times a second. */
interface Look {
  /** Since the start. */
  readonly atMs: number;
  readonly due: number;
  readonly sent: number;
  readonly answered: number;
}

/** What was due and is not answered; a chunk that is sent a moment early counts for nothing. */
function backlogOf({ due, answered }: Look): number {
  return Math.max(0, due - answered);
}

/** What was seen in all. */
interface Seen {
  readonly looks: readonly Look[];
  readonly latenciesMs: readonly number[];
}

const LOOK_MS = 100;
const PASS: Manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] };

/** Runs all streams to their end. */
async function runClients(load: Load): Promise<Seen> {
  const { streams, rate, seconds } = load;
  const total = seconds * rate;
  const counts = { sent: 0, answered: 0 };
  const latenciesMs: number[] = [];
  const looks: Look[] = [];
  let opened = 0;
  let startAtMs = Infinity;
  let start = () => {};
  const allOpen = new Promise<void>((resolve) => start = resolve);
  const dueAtMs = (stream: number, i: number) => startAtMs + (i + stream / streams) * 1000 / rate;
  const looking = setInterval(() => {
    const atMs = performance.now() - startAtMs;
    const perStream = Math.min(total, Math.max(0, atMs / 1000 * rate));
    if (atMs > 0) looks.push({ atMs, due: Math.round(perStream * streams), ...counts });
  }, LOOK_MS);
  const run = load.against === "echo" ? openEcho(load) : openService(load);
  const isDue = async (stream: number, i: number) => {
    // A stream asks for its first chunk when it is open.
    if (i === 0 && ++opened === streams) {
      startAtMs = performance.now();
      start();
    }
    if (i === 0) await allOpen;
    const aheadMs = dueAtMs(stream, i) - performance.now();
    if (aheadMs > 0) await pause(aheadMs);
    counts.sent++;
  };
  const onAnswer = (stream: number, i: number) => {
    counts.answered++;
    // A timer may call a fraction of a millisecond early, and the answer come before it was due.
    latenciesMs.push(Math.max(0, performance.now() - dueAtMs(stream, i)));
  };
  await Promise.all(Array.from({ length: streams }, (_, stream) =>
    run.stream(total, {
      isDue: (i) => isDue(stream, i),
      onAnswer: (i) => onAnswer(stream, i),
    })));
  clearInterval(looking);
  await run.close();
  return { looks, latenciesMs };
}

/** The pace of one stream. */
interface Pace {
  isDue(chunk: number): Promise<void>;
  onAnswer(chunk: number): void;
}

/** One stream after the other over one connection. */
interface Runner {
  stream(total: number, pace: Pace): Promise<void>;
  close(): Promise<void>;
}

function openService({ address, frames }: Load): Runner {
  const client = new RemotePipelineClient(address);
  return {
    async stream(total, { isDue, onAnswer }) {
      async function* chunks() {
        for (let i = 0; i < total; i++) {
          await isDue(i);
          yield RuntimeData.audio({ samples: new Float32Array(frames).fill(i), sampleRate: 16_000 });
        }
      }
      let count = 0;
      for await (const { sequence, outputs } of client.streamPipeline(PASS, chunks())) {
        const { samples } = RuntimeData.asAudio(outputs["p"] as RuntimeData);
        assert.ok(sequence === count && samples.length === frames && samples[0] === count);
        onAnswer(count++);
      }
      assert.equal(count, total);
    },
    close: () => client.disconnect(),
  };
}

function openEcho({ address, frames }: Load): Runner {
  const client = new EchoClient(address);
  return {
    async stream(total, { isDue, onAnswer }) {
      const call = client.stream();
      const reading = (async () => {
        let count = 0;
        for await (const chunk of call) {
          assert.equal((chunk as Uint8Array).length, frames * 4);
          onAnswer(count++);
        }
        assert.equal(count, total);
      })();
      for (let i = 0; i < total; i++) {
        await isDue(i);
        if (!call.write(new Uint8Array(frames * 4))) await new Promise((resolve) => call.once("drain", resolve));
      }
      call.end();
      await reading;
    },
    close: () => Promise.resolve(client.close()),
  };
}

const USAGE = `usage: deno task load [options]
  --streams <count>            streams at a time (default: 200)
  --rate <chunks/s>            of each stream (default: 100)
  --seconds <count>            how long, from 2 (default: 10)
  --frames <samples>           of a chunk, at 16 kHz (default: 160, 10 ms)
  --against service|echo       what is called: our service, or a bare echo of the same gRPC library (default: service)
  --late-ms <ms>               a chunk that is answered later than this after it was due counts as missed (default: 50)
  --runtime deno|bun|node|all  where to run, both sides (default: deno)
  --json                       print one line of JSON, with the backlog ten times a second
  --help                       show this`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      streams: { type: "string", default: "200" },
      rate: { type: "string", default: "100" },
      seconds: { type: "string", default: "10" },
      frames: { type: "string", default: "160" },
      "late-ms": { type: "string", default: "50" },
      against: { type: "string", default: "service" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const given = [values.streams, values.rate, values.seconds, values.frames, values["late-ms"]].map(Number);
  const [streams, rate, seconds, frames, lateMs] = given as [number, number, number, number, number];
  const { against } = values;
  const isRight = given.every((number) => Number.isSafeInteger(number) && number > 0) && seconds >= 2;
  if (!isRight || against !== "service" && against !== "echo") {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const peer = await (against === "echo" ? startEcho() : startService(["--max-sessions", String(streams)]));
  try {
    const load: Load = { address: peer.address, against, streams, rate, seconds, frames };
    const beforeMs = await cpuMsOf(peer);
    const { looks, latenciesMs } = await runClients(load);
    const cpuMs = (await cpuMsOf(peer) ?? NaN) - (beforeMs ?? NaN);
    report({ ...load, lateMs, json: values.json, cpuMs }, looks, latenciesMs.toSorted((a, b) => a - b));
  } finally {
    await peer.stop();
  }
}

function report(
  load: Load & { readonly lateMs: number; readonly json: boolean; readonly cpuMs: number },
  looks: readonly Look[],
  latenciesMs: readonly number[],
): void {
  const { against, streams, rate, seconds, lateMs } = load;
  const paced = looks.filter(({ due }) => due > 0 && due < streams * rate * seconds);
  const median = (some: readonly number[]) => quantile(some.toSorted((a, b) => a - b), 0.5);
  const backlogs = (fromS: number, toS: number) =>
    paced.filter(({ atMs }) => atMs >= fromS * 1000 && atMs < toS * 1000).map(backlogOf);
  // The first second is that of starting up.
  const third = (seconds - 1) / 3;
  const [early, late] = [median(backlogs(1, 1 + third)), median(backlogs(seconds - third, seconds))];
  // A chunk of each stream more than before may be chance.
  const grows = !(late <= early + streams);
  const last = paced.at(-1) as Look;
  const perS = (count: number) => Math.round(count / (last.atMs / 1000));
  const result = {
    against,
    streams,
    // While it lasted: what is answered behind the end was not served at this rate.
    offeredPerS: perS(last.due),
    servedPerS: perS(last.answered),
    missed: streams * rate * seconds - latenciesMs.filter((ms) => ms <= lateMs).length,
    missedFromMs: lateMs,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    cpuUsPerChunk: load.cpuMs * 1000 / (streams * rate * seconds),
    backlogEarly: early,
    backlogLate: late,
    grows,
  };
  if (grows) process.exitCode = 1;
  if (load.json) return console.log(JSON.stringify({ ...result, looks: paced }));
  console.log(`${streams} streams with ${rate} chunks/s each, against ${against}`);
  console.log("second   due        sent       answered   backlog: least, median, most");
  for (const [second, some] of Map.groupBy(paced, ({ atMs }) => Math.floor(atMs / 1000))) {
    const last = some.at(-1) as Look;
    const own = some.map(backlogOf).toSorted((a, b) => a - b);
    const counts = [last.due, last.sent, last.answered].map((count) => String(count).padEnd(10)).join(" ");
    console.log(`${String(second + 1).padEnd(8)} ${counts} ${own[0]}, ${median(own)}, ${own.at(-1)}`);
  }
  const { offeredPerS, servedPerS, missed } = result;
  const missedShare = (100 * missed / (streams * rate * seconds)).toFixed(2);
  console.log(`offered ${offeredPerS} chunks/s, served ${servedPerS} chunks/s`);
  console.log(`missed: ${missed} (${missedShare} %) were answered later than ${lateMs} ms after they were due`);
  console.log(`from due to answered: p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms`);
  if (Number.isFinite(load.cpuMs)) console.log(`${against}: ${result.cpuUsPerChunk.toFixed(0)} µs of CPU a chunk`);
  console.log(`the backlog ${grows ? "grows" : "does not grow"}: median ${early} early, ${late} late`);
}

await main();
