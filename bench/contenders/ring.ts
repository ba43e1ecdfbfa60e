/**
 * The bare ring: slots of one fixed length in shared memory, one writer, one
 * reader, and a message only to a side that sleeps. Chunks of any other length
 * or kind, errors, ends and limits are not its business: it shows what shared
 * memory alone can do. Several stages are connected directly.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import type { Contender, Pipe, PipeOptions } from "./contract.ts";
import { createRing, type RingEnd, RingReader, RingWriter } from "./ring_memory.ts";

export default {
  moves: () => false,
  async open({ stages, ...options }): Promise<Pipe> {
    const workers = Array.from({ length: stages }, startWorker);
    const { pump, close } = await openRow(workers, options);
    return {
      pump,
      async close() {
        close();
        await Promise.all(workers.map((worker) => worker.terminate()));
      },
    };
  },
} satisfies Contender;

/** So many pipes, each over rings of its own, through one worker. */
export async function openMany(count: number, options: Omit<PipeOptions, "stages">): Promise<Pipe[]> {
  const worker = startWorker();
  const rows: Row[] = [];
  while (rows.length < count) rows.push(await openRow([worker], options));
  let open = count;
  return rows.map(({ pump, close }) => ({
    pump,
    async close() {
      close();
      if (--open === 0) await worker.terminate();
    },
  }));
}

/** A pipe through workers that others may use as well. */
interface Row {
  readonly pump: Pipe["pump"];
  close(): void;
}

function startWorker(): Worker {
  return new Worker(new URL("./ring_worker.ts", import.meta.url));
}

async function openRow(workers: readonly Worker[], options: Omit<PipeOptions, "stages">): Promise<Row> {
  const { samplesPerChunk, window } = options;
  const rings = Array.from({ length: workers.length + 1 }, () => createRing({ slots: 2 * window, samplesPerChunk }));
  for (const [i, worker] of workers.entries()) {
    const input = (rings[i] as ReturnType<typeof createRing>).reader;
    const output = (rings[i + 1] as ReturnType<typeof createRing>).writer;
    await new Promise((resolve, reject) => {
      worker.once("error", reject);
      // Once, for the start: chunks take the ring.
      worker.once("message", () => {
        worker.removeListener("error", reject);
        resolve(undefined);
      });
      worker.postMessage({ input, output }, [input.port, output.port] as never);
    });
  }
  const writer = new RingWriter((rings[0] as { writer: RingEnd }).writer);
  const reader = new RingReader((rings[workers.length] as { reader: RingEnd }).reader);
  return {
    pump: (buffers, count) => pump(writer, reader, buffers, count),
    close() {
      writer.close();
      reader.close();
    },
  };
}

function pump(
  writer: RingWriter,
  reader: RingReader,
  buffers: Float32Array<ArrayBuffer>[],
  count: number,
): Promise<void> {
  return new Promise((resolve) => {
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
  });
}
