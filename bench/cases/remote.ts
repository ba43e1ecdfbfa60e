/**
 * Pipelines over the network, beside a bare echo of the same gRPC library.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Manifest, RuntimeData } from "../../mod.ts";
import { RemotePipelineClient } from "../../remote/mod.ts";
import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { timeTask } from "../harness/measure.ts";
import { EchoClient, pause, startEcho, startService } from "../remote/peers.ts";

/** 100 ms of 16 kHz, 6.4 kB. */
const FRAMES = 1600;
/** Chunks of one timed stream. */
const CHUNKS = 2000;
/** Between two calls that do not follow at once. */
const PAUSE_MS = 5;

const CALCULATE: Manifest = { version: "v1", nodes: [{ id: "c", node_type: "CalculatorNode" }] };
const PASS: Manifest = { version: "v1", nodes: [{ id: "p", node_type: "PassThrough" }] };
const QUESTION = { operation: "add", operands: [1, 2] };

/** Who is called. Both check every answer. */
interface Calls {
  unary(): Promise<void>;
  /** Sends chunks as fast as there is room, and takes all answers. */
  stream(chunks: number): Promise<void>;
  close(): Promise<unknown>;
}

export default {
  id: "remote",
  title: "gRPC",
  description:
    "The service in a process of its own, called by our client, beside a bare echo of the same gRPC library. `unary`: " +
    "a one-shot run of a calculator, against an echo of the same question. `paced` waits 5 ms between two calls. " +
    "`stream`: chunks of 6.4 kB through a node that hands them on, against an echo in both directions.",
  points(mode): readonly Point[] {
    const quick = mode === "quick";
    const calls = [...(quick ? [] : ["unary"]), "unary, paced", "stream"];
    return calls.map((call) => ({ params: { call }, contenders: ["streamrack", "grpc"], rounds: quick ? 2 : 4 }));
  },
  async observe({ contender, params, mode }: ObserveOptions): Promise<Measured> {
    const calls = await (contender === "grpc" ? openEcho() : openService());
    const timeMs = mode === "quick" ? 1_000 : 3_000;
    try {
      if (params["call"] === "stream") {
        const run = () => calls.stream(CHUNKS);
        const { latency, timer } = await timeTask({ run, timeMs, iterations: 4, warmupMs: timeMs / 2 });
        return { metrics: { chunksPerSecond: CHUNKS * 1000 / latency.p50 }, timer };
      }
      const after = params["call"] === "unary" ? () => Promise.resolve() : () => pause(PAUSE_MS);
      const run = () => calls.unary();
      const { latency, timer } = await timeTask({ run, after, timeMs, iterations: 100, warmupMs: timeMs / 2 });
      return { metrics: { p50Us: latency.p50 * 1000, p99Us: latency.p99 * 1000 }, timer };
    } finally {
      await calls.close();
    }
  },
} satisfies Case;

async function openService(): Promise<Calls> {
  const peer = await startService();
  const client = new RemotePipelineClient(peer.address);
  return {
    async unary() {
      const { outputs } = await client.executePipeline(CALCULATE, { c: RuntimeData.json(QUESTION) });
      assert.deepEqual(RuntimeData.asJson(outputs["c"] as RuntimeData), { ...QUESTION, result: 3 });
    },
    async stream(chunks) {
      async function* source() {
        for (let i = 0; i < chunks; i++) {
          yield RuntimeData.audio({ samples: new Float32Array(FRAMES).fill(i), sampleRate: 16_000 });
        }
      }
      let count = 0;
      for await (const { sequence, outputs } of client.streamPipeline(PASS, source())) {
        const { samples } = RuntimeData.asAudio(outputs["p"] as RuntimeData);
        assert.ok(sequence === count && samples.length === FRAMES && samples[FRAMES - 1] === count);
        count++;
      }
      assert.equal(count, chunks);
    },
    async close() {
      await client.disconnect();
      await peer.stop();
    },
  };
}

async function openEcho(): Promise<Calls> {
  const peer = await startEcho();
  const client = new EchoClient(peer.address);
  const question = new TextEncoder().encode(JSON.stringify(QUESTION));
  return {
    async unary() {
      assert.deepEqual(new Uint8Array(await client.unary(question)), question);
    },
    async stream(chunks) {
      const call = client.stream();
      const reading = (async () => {
        let count = 0;
        for await (const chunk of call) {
          const { length, [length - 1]: last } = chunk as Uint8Array;
          assert.ok(length === FRAMES * 4 && last === count % 256);
          count++;
        }
        return count;
      })();
      for (let i = 0; i < chunks; i++) {
        const chunk = new Uint8Array(FRAMES * 4).fill(i);
        if (!call.write(chunk)) await new Promise((resolve) => call.once("drain", resolve));
      }
      call.end();
      assert.equal(await reading, chunks);
    },
    async close() {
      client.close();
      await peer.stop();
    },
  };
}
