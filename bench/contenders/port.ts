/**
 * The bare message port: a worker, a web `MessageChannel` and a transfer list;
 * nothing but the sample buffer in a message. Several stages pass it on directly.
 * No library on top of messages can be faster.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import type { Contender, Pipe } from "./contract.ts";

export default {
  works: ["invert", "touch"],
  moves: () => true,
  async open({ stages, work = "invert" }): Promise<Pipe> {
    const workers: Worker[] = [];
    const first = new MessageChannel();
    let input = first.port2;
    for (let i = 0; i < stages; i++) {
      const next = new MessageChannel();
      const worker = new Worker(new URL("./port_worker.ts", import.meta.url));
      await new Promise((resolve, reject) => {
        worker.once("error", reject);
        // Once, for the start: chunks take the web ports.
        worker.once("message", resolve);
        worker.postMessage({ input, output: next.port1, work }, [input, next.port1] as never);
      });
      workers.push(worker);
      input = next.port2;
    }
    const output = input;
    return {
      pump: (buffers, count) =>
        new Promise((resolve) => {
          let sent = 0;
          let received = 0;
          const send = (samples: Float32Array<ArrayBuffer>) => {
            sent += 1;
            first.port1.postMessage(samples, [samples.buffer]);
          };
          let last = 0;
          output.onmessage = ({ data }) => {
            received += 1;
            if (sent < count) send(data);
            else buffers[last++] = data;
            if (received === count) resolve();
          };
          for (const samples of buffers.slice(0, count)) send(samples);
        }),
      async close() {
        first.port1.close();
        output.close();
        await Promise.all(workers.map((worker) => worker.terminate()));
      },
    };
  },
} satisfies Contender;
