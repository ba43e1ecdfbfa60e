/**
 * Tinypool: one task per chunk, moved there by the transfer list of `run` and
 * back by `move`. The worker may hold as many tasks as the window. By default it
 * waits for the next one in `Atomics.wait`, from which Deno does not wake it
 * when it is alone; there it waits for messages.
 *
 * @module
 */

import { Tinypool } from "tinypool";
import { type Call, pumpCalls } from "./calls.ts";
import type { Contender, Pipe } from "./contract.ts";

export default {
  moves: () => true,
  async open({ stages, window }): Promise<Pipe> {
    const pools = Array.from({ length: stages }, () =>
      new Tinypool({
        filename: new URL("./tinypool_worker.ts", import.meta.url).href,
        minThreads: 1,
        maxThreads: 1,
        concurrentTasksPerWorker: window,
        useAtomics: !("Deno" in globalThis),
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
