/**
 * Poolifier: one execution per chunk on a fixed pool, moved there by a transfer
 * list. Its workers have no way to give a transfer list, so answers are copied.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { FixedThreadPool } from "poolifier";
import { type Call, pumpCalls } from "./calls.ts";
import type { Contender, Pipe } from "./contract.ts";

type Samples = Float32Array<ArrayBuffer>;

/** How long the end of a pool is waited for, in milliseconds. On Deno its worker may end before it has said so. */
const CLOSE_TIMEOUT_MS = 1_000;

function closedAtLast(): Promise<void> {
  return new Promise((resolve) => void setTimeout(() => resolve(), CLOSE_TIMEOUT_MS));
}

export default {
  moves: () => true,
  async open({ stages }): Promise<Pipe> {
    const script = fileURLToPath(new URL("./poolifier_worker.ts", import.meta.url));
    const pools = Array.from(
      { length: stages },
      () => new FixedThreadPool<Samples, Samples>(1, script, { enableEvents: false }),
    );
    const calls = pools.map((pool): Call => (samples) => pool.execute(samples, undefined, undefined, [samples.buffer]));
    for (const call of calls) await call(new Float32Array(1));
    return {
      pump: (buffers, count) => pumpCalls(calls, buffers, count),
      close: async () => void await Promise.race([Promise.all(pools.map((pool) => pool.destroy())), closedAtLast()]),
    };
  },
} satisfies Contender;
