/**
 * Piscina: one task per chunk, moved there by the transfer list of `run` and
 * back by `move`. The worker may hold as many tasks as the window, so that they
 * wait at the worker and not in the queue of the host; with several tasks to a
 * worker, `atomics: "async"` is its fastest way to wait on every runtime.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { type Call, pumpCalls } from "./calls.ts";
import type { Contender, Pipe } from "./contract.ts";

export default {
  moves: () => true,
  async open({ stages, window }): Promise<Pipe> {
    const pools = Array.from({ length: stages }, () =>
      new Piscina({
        filename: fileURLToPath(new URL("./piscina_worker.ts", import.meta.url)),
        minThreads: 1,
        maxThreads: 1,
        concurrentTasksPerWorker: window,
        atomics: "async",
      }));
    const calls = pools.map((pool): Call => (samples) =>
      pool.run(samples, { transferList: [samples.buffer] as never })
    );
    for (const call of calls) await call(new Float32Array(1));
    return {
      pump: (buffers, count) => pumpCalls(calls, buffers, count),
      close: async () => void await Promise.all(pools.map((pool) => pool.destroy())),
    };
  },
} satisfies Contender;
