/**
 * workerpool: one call per chunk by `exec` with a transfer list, back as a
 * `Transfer`. A worker of it takes one task at a time: the rest of the window
 * waits in its queue. On Bun its workers of type "thread" take themselves for
 * web workers and never hear a task, so it is told to use those.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import workerpool from "workerpool";
import { type Call, pumpCalls } from "./calls.ts";
import type { Contender, Pipe } from "./contract.ts";

export default {
  moves: () => true,
  async open({ stages }): Promise<Pipe> {
    const script = fileURLToPath(new URL("./workerpool_worker.ts", import.meta.url));
    const workerType = "Bun" in globalThis ? "web" : "thread";
    const pools = Array.from(
      { length: stages },
      () => workerpool.pool(script, { workerType, minWorkers: 1, maxWorkers: 1 }),
    );
    const calls = pools.map((pool): Call => async (samples) =>
      await pool.exec("invert", [samples], { transfer: [samples.buffer] })
    );
    for (const call of calls) await call(new Float32Array(1));
    return {
      pump: (buffers, count) => pumpCalls(calls, buffers, count),
      close: async () => void await Promise.all(pools.map((pool) => pool.terminate(true))),
    };
  },
} satisfies Contender;
