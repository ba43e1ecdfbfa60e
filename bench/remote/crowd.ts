/**
 * A crowd that is up to no good, and one client that must not notice.
 *
 * `deno run -A bench/remote/crowd.ts [--connections 3000] [--calls 300] [--json]`,
 * or `node`, or `bun`. The phases, one after the other, each with its crowd
 * there to the end of the run:
 *
 * - `alone`: nobody else;
 * - `idle`: a third of the connections, which have begun HTTP/2 and say nothing;
 * - `slow`: another third, which send the first bytes one by one;
 * - `silent`: the last third, which say nothing at all;
 * - `large`: messages of 64 MB, one after the other;
 * - `deaf`: 50 streams that send chunks and never read.
 *
 * In each, the client makes one-shot runs, whose answers are checked. The last
 * line tells what became of the crowd: every slow and silent connection must
 * have been closed by the service within its time for that.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { parseArgs } from "node:util";
import { Client, credentials } from "@grpc/grpc-js";
import { type Manifest, RuntimeData } from "../../mod.ts";
import { RemotePipelineClient } from "../../remote/mod.ts";
import { pause, quantile, residentMibOf, startService } from "./peers.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
/** An empty SETTINGS frame (RFC 9113, section 6.5). */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const LARGE_BYTES = 64 * 1024 ** 2;
const DEAF_STREAMS = 50;
/** After this, a connection that has not begun is closed. */
const HANDSHAKE_MS = 10_000;
const CALCULATE: Manifest = { version: "v1", nodes: [{ id: "c", node_type: "CalculatorNode" }] };
const PASS: Manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] };

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "3000" },
    calls: { type: "string", default: "300" },
    json: { type: "boolean", default: false },
  },
});
const each = Math.floor(Number(values.connections) / 3);
const calls = Number(values.calls);

const most = String(each * 3 + 100);
const peer = await startService(["--max-connections", most, "--max-connections-per-peer", most]);
const client = new RemotePipelineClient(peer.address);
const [host, port] = peer.address.split(":") as [string, string];
const sockets: Socket[] = [];
const closed = new Set<Socket>();

/** Opens connections, some at a time, and begins with each. */
async function crowd(begin: (socket: Socket) => void): Promise<Socket[]> {
  const own: Socket[] = [];
  while (own.length < each) {
    await Promise.all(Array.from({ length: Math.min(100, each - own.length) }, async () => {
      const socket = connect({ host, port: Number(port) });
      own.push(socket);
      sockets.push(socket);
      socket.on("error", () => {});
      socket.on("data", () => {});
      socket.once("close", () => closed.add(socket));
      await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
      begin(socket);
    }));
  }
  return own;
}

/** Times one-shot runs of the client that must not notice. */
async function measure(phase: string): Promise<Record<string, number | string>> {
  const timesMs: number[] = [];
  for (let i = 0; i < calls; i++) {
    const startMs = performance.now();
    const { outputs } = await client.executePipeline(CALCULATE, {
      c: RuntimeData.json({ operation: "add", operands: [i, 2] }),
    });
    timesMs.push(performance.now() - startMs);
    assert.equal((RuntimeData.asJson(outputs["c"] as RuntimeData) as { result: number }).result, i + 2);
  }
  timesMs.sort((a, b) => a - b);
  const found = {
    phase,
    crowd: sockets.length - closed.size,
    p50Ms: quantile(timesMs, 0.5),
    p99Ms: quantile(timesMs, 0.99),
    residentMib: await residentMibOf(peer) ?? NaN,
  };
  if (!values.json) {
    const { crowd, p50Ms, p99Ms, residentMib } = found;
    const figures = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ${residentMib.toFixed(0)} MiB resident`;
    console.log(`${phase.padEnd(7)} ${String(crowd).padStart(5)} connections of others: ${figures}`);
  }
  return found;
}

/** Sends messages that are too long until it is told to stop; every one must be refused. */
async function sendLarge(isOver: () => boolean): Promise<number> {
  const bare = new Client(peer.address, credentials.createInsecure(), { "grpc.max_send_message_length": -1 });
  const message = Buffer.alloc(LARGE_BYTES);
  let refused = 0;
  while (!isOver()) {
    const code = await new Promise<number | undefined>((resolve) => {
      const path = "/remotemedia.v1.PipelineExecutionService/ExecutePipeline";
      bare.makeUnaryRequest(path, (bytes: Buffer) => bytes, (bytes) => bytes, message, (error) => resolve(error?.code));
    });
    assert.equal(code, 8, "a message of 64 MiB was not refused with RESOURCE_EXHAUSTED");
    refused++;
  }
  bare.close();
  return refused;
}

function* endless(): Generator<RuntimeData> {
  for (;;) yield RuntimeData.audio({ samples: new Float32Array(1600), sampleRate: 16_000 });
}

/** Opens streams whose results nobody takes. */
function openDeaf(): () => void {
  const stop = new AbortController();
  const deaf = new RemotePipelineClient(peer.address);
  for (let i = 0; i < DEAF_STREAMS; i++) {
    const results = deaf.streamPipeline(PASS, endless(), { signal: stop.signal });
    // One result, and no more: the call is open, and held back from there on.
    void results.next().catch(() => {});
  }
  return () => {
    stop.abort();
    void deaf.disconnect();
  };
}

const phases: Record<string, number | string>[] = [];
try {
  await measure("warm-up");
  phases.push(await measure("alone"));
  await crowd((socket) => socket.write(Buffer.concat([PREFACE, SETTINGS])));
  phases.push(await measure("idle"));
  const slow = await crowd(() => {});
  const startedMs = performance.now();
  let at = 0;
  const dripping = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed && at < 20) socket.write(PREFACE.subarray(at, at + 1));
    at++;
  }, 1_000);
  phases.push(await measure("slow"));
  const silent = await crowd(() => {});
  phases.push(await measure("silent"));
  let isOver = false;
  const sending = sendLarge(() => isOver);
  phases.push(await measure("large"));
  isOver = true;
  const refused = await sending;
  const hush = openDeaf();
  phases.push(await measure("deaf"));
  hush();
  // The last of them may have come a moment ago.
  while ([...slow, ...silent].some((socket) => !closed.has(socket)) && performance.now() - startedMs < 120_000) {
    await pause(100);
  }
  clearInterval(dripping);
  const left = [...slow, ...silent].filter((socket) => !closed.has(socket)).length;
  const idle = sockets.length - closed.size - left;
  if (values.json) console.log(JSON.stringify({ phases, refused, left, idle }));
  else {
    console.log(`${refused} messages of 64 MiB refused; of ${2 * each} slow and silent connections ${left} are left`);
    console.log(`${idle} of ${each} idle ones are still open, as they may be`);
  }
  assert.equal(left, 0, `connections that had not begun in ${HANDSHAKE_MS} ms were not closed`);
} finally {
  for (const socket of sockets) socket.destroy();
  await client.disconnect();
  await peer.stop();
}
process.exit();
