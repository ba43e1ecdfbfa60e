/**
 * Comlink: one call of a remote function per chunk, moved both ways by
 * `transfer`, over a web port, which is its fastest on every runtime.
 *
 * @module
 */

import * as Comlink from "comlink";
import { Worker } from "node:worker_threads";
import { type Call, pumpCalls } from "./calls.ts";
import type { Contender, Pipe } from "./contract.ts";

export default {
  moves: () => true,
  async open({ stages }): Promise<Pipe> {
    const workers: Worker[] = [];
    const calls: Call[] = [];
    for (let i = 0; i < stages; i++) {
      const worker = new Worker(new URL("./comlink_worker.ts", import.meta.url));
      const { port1, port2 } = new MessageChannel();
      worker.postMessage(port2, [port2] as never);
      workers.push(worker);
      const remote = Comlink.wrap<(samples: Float32Array) => Float32Array>(port1);
      calls.push(async (samples) =>
        await remote(Comlink.transfer(samples, [samples.buffer])) as Float32Array<ArrayBuffer>
      );
      const failed = new Promise<never>((_, reject) => worker.once("error", reject));
      await Promise.race([(calls[i] as Call)(new Float32Array(1)), failed]);
    }
    return {
      pump: (buffers, count) => pumpCalls(calls, buffers, count),
      close: async () => void await Promise.all(workers.map((worker) => worker.terminate())),
    };
  },
} satisfies Contender;
