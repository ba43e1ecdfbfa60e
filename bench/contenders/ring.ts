/**
 * The bare ring: slots of one fixed length in shared memory, one writer, one
 * reader, and a message only to a side that sleeps. Chunks of any other length
 * or kind, errors, ends and limits are not its business: it shows what shared
 * memory alone can do. Several stages are connected directly.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import type { Contender, Pipe } from "./contract.ts";
import { createRing, type RingEnd, RingReader, RingWriter } from "./ring_memory.ts";

export default {
  moves: () => false,
  async open({ stages, samplesPerChunk, window }): Promise<Pipe> {
    const rings = Array.from({ length: stages + 1 }, () => createRing({ slots: 2 * window, samplesPerChunk }));
    const workers: Worker[] = [];
    for (let i = 0; i < stages; i++) {
      const worker = new Worker(new URL("./ring_worker.ts", import.meta.url));
      const input = (rings[i] as ReturnType<typeof createRing>).reader;
      const output = (rings[i + 1] as ReturnType<typeof createRing>).writer;
      await new Promise((resolve, reject) => {
        worker.once("error", reject);
        // Once, for the start: chunks take the ring.
        worker.once("message", resolve);
        worker.postMessage({ input, output }, [input.port, output.port] as never);
      });
      workers.push(worker);
    }
    const writer = new RingWriter((rings[0] as { writer: RingEnd }).writer);
    const reader = new RingReader((rings[stages] as { reader: RingEnd }).reader);
    return {
      pump: (buffers, count) =>
        new Promise((resolve) => {
          let sent = 0;
          let received = 0;
          let last = 0;
          // A ring has room for the window and for as many chunks that were taken but not given free yet.
          const spare = [...buffers];
          const send = () => {
            writer.write(spare[sent % spare.length] as Float32Array);
            sent += 1;
          };
          reader.onChunk = (samples) => {
            received += 1;
            if (sent < count) {
              const buffer = spare[sent % spare.length] as Float32Array;
              buffer.set(samples);
              send();
            } else (buffers[last++] as Float32Array).set(samples);
            if (received === count) resolve();
          };
          for (let i = 0; i < buffers.length && i < count; i++) send();
        }),
      async close() {
        writer.close();
        reader.close();
        await Promise.all(workers.map((worker) => worker.terminate()));
      },
    };
  },
} satisfies Contender;
