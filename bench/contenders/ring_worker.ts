/** The worker of {@link ./ring.ts}. */

import { parentPort } from "node:worker_threads";
import { invert } from "./invert.ts";
import { type RingEnd, RingReader, RingWriter } from "./ring_memory.ts";

// One message for each pipe, at its start: chunks take the ring.
parentPort?.on("message", ({ input, output }: { input: RingEnd; output: RingEnd }) => {
  const writer = new RingWriter(output);
  const reader = new RingReader(input);
  reader.onChunk = (samples) => {
    invert(samples);
    writer.write(samples);
  };
  parentPort?.postMessage("ready");
});
