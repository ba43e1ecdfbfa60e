/**
 * What this runtime really does, found out by trying it.
 *
 * @module
 */

import { Worker } from "node:worker_threads";

/** The outcome of one probe. */
export interface ProbeResult {
  readonly name: string;
  readonly ok: boolean;
  /** What was found; for a failure, why. */
  readonly detail: string;
}

interface Probe {
  readonly name: string;
  /** Returns what was found, or throws. */
  run(): Promise<string>;
}

/** Long enough for a busy machine; a probe that takes longer has failed. */
const PROBE_TIMEOUT_MS = 10_000;

/** What the worker of the probes does; kept as text, so that it needs no file of its own in a package. */
const WORKER_SOURCE = `
const { parentPort } = require("node:worker_threads");
parentPort.onmessage = ({ data: message }) => {
  if (message === "spin") {
    parentPort.postMessage("spinning");
    for (;;);
  }
  Atomics.add(message, 0, 41);
  parentPort.postMessage("added");
};
parentPort.postMessage("ready");
`;

const PROBES: readonly Probe[] = [
  { name: "a MessageChannel moves buffers", run: probeTransfer },
  { name: "a worker thread starts", run: probeStart },
  { name: "a SharedArrayBuffer is shared with it", run: probeSharedMemory },
  { name: "an endless loop in it can be stopped", run: probeTerminate },
];

/** Runs all probes, one after the other. */
export async function runProbes(): Promise<ProbeResult[]> {
  const results: ProbeResult[] = [];
  for (const { name, run } of PROBES) {
    try {
      results.push({ name, ok: true, detail: await withinTime(run()) });
    } catch (error) {
      results.push({ name, ok: false, detail: error instanceof Error ? error.message : String(error) });
    }
  }
  return results;
}

async function probeTransfer(): Promise<string> {
  const { port1, port2 } = new MessageChannel();
  try {
    const buffer = new ArrayBuffer(1024);
    const arrived = new Promise<ArrayBuffer>((resolve) => port2.onmessage = ({ data }) => resolve(data));
    port1.postMessage(buffer, [buffer]);
    expect(buffer.byteLength === 0, "the sender still has the buffer: it was copied");
    expect((await arrived).byteLength === 1024, "the buffer arrived empty");
    return "the sender's is detached";
  } finally {
    port1.close();
    port2.close();
  }
}

async function probeStart(): Promise<string> {
  const startedMs = performance.now();
  const worker = await startWorker();
  const readyMs = performance.now() - startedMs;
  await worker.terminate();
  return `ready after ${readyMs.toFixed(0)} ms`;
}

async function probeSharedMemory(): Promise<string> {
  const worker = await startWorker();
  try {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    shared[0] = 1;
    const answer = nextMessage(worker);
    worker.postMessage(shared);
    await answer;
    expect(Atomics.load(shared, 0) === 42, "the worker changed a copy");
    return "written in one thread, read in the other";
  } finally {
    await worker.terminate();
  }
}

async function probeTerminate(): Promise<string> {
  const worker = await startWorker();
  const spinning = nextMessage(worker);
  worker.postMessage("spin");
  await spinning;
  const startedMs = performance.now();
  await worker.terminate();
  return `gone after ${(performance.now() - startedMs).toFixed(0)} ms`;
}

async function startWorker(): Promise<Worker> {
  const worker = new Worker(WORKER_SOURCE, { eval: true });
  await nextMessage(worker);
  return worker;
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the worker exited with code ${code}`)));
  });
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

async function withinTime<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_TIMEOUT_MS / 1000} s`)), PROBE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
