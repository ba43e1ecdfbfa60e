/**
 * threads.js: one call of a spawned function per chunk, moved both ways by
 * `Transfer`.
 *
 * @module
 */

import { spawn, Thread, Transfer, Worker } from "threads";
import { type Call, pumpCalls } from "./calls.ts";
import type { Contender, Pipe } from "./contract.ts";

type Remote = (samples: unknown) => Promise<Float32Array<ArrayBuffer>>;

export default {
  moves: () => true,
  async open({ stages }): Promise<Pipe> {
    const threads = await Promise.all(
      Array.from({ length: stages }, () => spawn(new Worker("./threads_worker.ts"))),
    );
    const calls = threads.map((thread): Call => (samples) =>
      (thread as unknown as Remote)(Transfer(samples as never, [samples.buffer]))
    );
    return {
      pump: (buffers, count) => pumpCalls(calls, buffers, count),
      close: async () => void await Promise.all(threads.map((thread) => Thread.terminate(thread as never))),
    };
  },
} satisfies Contender;
