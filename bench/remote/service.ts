/**
 * The speed of the service, beside a bare echo of the same gRPC library: same
 * machine, same run, turn by turn, so that what disturbs one disturbs both.
 *
 * `deno run -A bench/remote/service.ts [--seconds 5] [--streams 200] [--json]`,
 * or `node`, or `bun`. Services are processes of the runtime that runs this.
 * Every answer is checked; a wrong one ends the run.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Client, credentials } from "@grpc/grpc-js";
import { type Manifest, RuntimeData } from "../../mod.ts";
import { RemotePipelineClient } from "../../remote/mod.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    streams: { type: "string", default: "200" },
    json: { type: "boolean" },
  },
});
const seconds = Number(values.seconds);
const CHUNK_BYTES = 6400; // 100 ms of 16 kHz in 32-bit floats
const PASS: Manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] };

interface Peer {
  readonly address: string;
  stop(): Promise<unknown>;
}

/** Starts a process that says where it listens. */
async function start(file: string, args: readonly string[]): Promise<Peer & { readonly pid: number }> {
  const flags = process.versions["deno"] === undefined ? [] : ["run", "-A", "--no-check"];
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...flags, path, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise((resolve) => child.once("close", resolve));
  const address = await new Promise<string>((resolve, reject) => {
    let said = "";
    const onText = (text: Buffer) => {
      said += text;
      const found = /listening on (\S+:\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", onText);
    child.stderr.on("data", onText);
    void exited.then((code) => reject(new Error(`${file} ended with ${code}: ${said}`)));
  });
  const stop = () => {
    process.kill(child.pid as number, "SIGTERM");
    return exited;
  };
  return { address, stop, pid: child.pid as number };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

/** Runs things in turns until the time is over, and gives the sorted times of each. */
async function turns(tasks: readonly (() => Promise<void>)[], paceMs: number): Promise<number[][]> {
  const times = tasks.map((): number[] => []);
  for (const task of tasks) for (let i = 0; i < 20; i++) await task(); // warm
  for (const endMs = performance.now() + seconds * 1000; performance.now() < endMs;) {
    for (const [i, task] of tasks.entries()) {
      const startMs = performance.now();
      await task();
      times[i]?.push(performance.now() - startMs);
      if (paceMs > 0) await new Promise((resolve) => setTimeout(resolve, paceMs));
    }
  }
  return times.map((list) => list.sort((a, b) => a - b));
}

const same = (bytes: Buffer) => bytes;
const keep = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function echoUnary(client: Client, payload: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest("/bench.Echo/Unary", keep, same, payload, (error, answer) => {
      if (error === null) resolve(answer as Uint8Array);
      else reject(error);
    });
  });
}

/** Chunks a second through a bare bidirectional call, written as fast as there is room. */
async function echoStream(client: Client, count: number): Promise<number> {
  const call = client.makeBidiStreamRequest("/bench.Echo/Bidi", keep, same);
  const startMs = performance.now();
  const reading = (async () => {
    let received = 0;
    for await (const chunk of call) received += (chunk as Uint8Array).length === CHUNK_BYTES ? 1 : 0;
    return received;
  })();
  for (let i = 0; i < count; i++) {
    if (!call.write(new Uint8Array(CHUNK_BYTES))) await new Promise((resolve) => call.once("drain", resolve));
  }
  call.end();
  assert.equal(await reading, count);
  return count / (performance.now() - startMs) * 1000;
}

async function serviceStream(client: RemotePipelineClient, count: number): Promise<number> {
  async function* chunks() {
    for (let i = 0; i < count; i++) {
      yield RuntimeData.audio({ samples: new Float32Array(CHUNK_BYTES / 4).fill(i), sampleRate: 16_000 });
    }
  }
  const startMs = performance.now();
  let received = 0;
  for await (const { sequence, outputs } of client.streamPipeline(PASS, chunks())) {
    const { samples } = RuntimeData.asAudio(outputs["p"] as RuntimeData);
    assert.ok(sequence === received && samples[0] === received && samples.length * 4 === CHUNK_BYTES);
    received++;
  }
  assert.equal(received, count);
  return count / (performance.now() - startMs) * 1000;
}

/** Many streams at a pace: 100 chunks a second of 10 ms audio in each. Gives latencies, and how far the pace was kept. */
async function load(client: RemotePipelineClient, streams: number): Promise<{ latenciesMs: number[]; lagMs: number }> {
  const latenciesMs: number[] = [];
  let lagMs = 0;
  await Promise.all(Array.from({ length: streams }, async () => {
    const sentMs: number[] = [];
    async function* chunks() {
      const startMs = performance.now();
      for (let i = 0; i < seconds * 100; i++) {
        const aheadMs = startMs + i * 10 - performance.now();
        if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
        lagMs = Math.max(lagMs, -aheadMs);
        sentMs.push(performance.now());
        yield RuntimeData.audio({ samples: new Float32Array(160), sampleRate: 16_000 });
      }
    }
    let count = 0;
    for await (const { sequence } of client.streamPipeline(PASS, chunks())) {
      assert.equal(sequence, count++);
      latenciesMs.push(performance.now() - (sentMs[sequence] as number));
    }
    assert.equal(count, seconds * 100);
  }));
  return { latenciesMs: latenciesMs.sort((a, b) => a - b), lagMs };
}

const echo = await start("./echo_server.ts", []);
const service = await start("../../cli/main.ts", ["serve", "-l", "127.0.0.1:0", "--max-calls-per-peer", "1000000"]);
const bare = new Client(echo.address, credentials.createInsecure());
const client = new RemotePipelineClient(service.address);
const report: Record<string, number> = {};
try {
  const value = { operation: "add", operands: [1, 2] };
  const payload = new TextEncoder().encode(JSON.stringify(value));
  const calculator: Manifest = { version: "v1", nodes: [{ id: "c", node_type: "CalculatorNode" }] };
  const bareCall = async () => assert.equal((await echoUnary(bare, payload)).length, payload.length);
  const ourCall = async () => {
    const { outputs } = await client.executePipeline(calculator, { c: RuntimeData.json(value) });
    assert.equal((RuntimeData.asJson(outputs["c"] as RuntimeData) as { result: number }).result, 3);
  };
  for (const [name, paceMs] of [["paced", 20], ["back to back", 0]] as const) {
    const [bareMs = [], ourMs = []] = await turns([bareCall, ourCall], paceMs);
    report[`unary ${name}: bare echo p50 ms`] = quantile(bareMs, 0.5);
    report[`unary ${name}: service p50 ms`] = quantile(ourMs, 0.5);
    report[`unary ${name}: service p99 ms`] = quantile(ourMs, 0.99);
    report[`unary ${name}: ratio of p50 (at most 1.3)`] = quantile(ourMs, 0.5) / quantile(bareMs, 0.5);
  }
  const rates: [bare: number[], ours: number[]] = [[], []];
  for (let i = 0; i < 6; i++) {
    rates[0].push(await echoStream(bare, 5000));
    rates[1].push(await serviceStream(client, 5000));
  }
  const [bareRate, ourRate] = rates.map((list) => quantile(list.slice(1).sort((a, b) => a - b), 0.5)) as [
    number,
    number,
  ];
  report["stream: bare echo chunks/s"] = bareRate;
  report["stream: service chunks/s"] = ourRate;
  report["stream: ratio (at least 0.7)"] = ourRate / bareRate;
  const streams = Number(values.streams);
  const { latenciesMs, lagMs } = await load(client, streams);
  report[`${streams} streams of 100 chunks/s: p50 ms`] = quantile(latenciesMs, 0.5);
  report[`${streams} streams of 100 chunks/s: p99 ms`] = quantile(latenciesMs, 0.99);
  report[`${streams} streams of 100 chunks/s: most that a sender was behind its pace, ms`] = lagMs;
  // A queue that grows shows as later chunks taking longer than earlier ones, which the p99 tells.
} finally {
  await client.disconnect();
  bare.close();
  await Promise.all([service.stop(), echo.stop()]);
}
if (values.json === true) console.log(JSON.stringify(report));
else for (const [name, number] of Object.entries(report)) console.log(`${name}: ${number.toFixed(3)}`);
