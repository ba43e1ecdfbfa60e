/** The worker of {@link ./port.ts}. */

import { parentPort } from "node:worker_threads";
import type { Work } from "./contract.ts";
import { WORKS } from "./invert.ts";

interface Start {
  readonly input: MessagePort;
  readonly output: MessagePort;
  readonly work: Work;
}

// Once, for the start: chunks take the web ports.
parentPort?.once("message", ({ input, output, work }: Start) => {
  const change = WORKS[work];
  input.onmessage = ({ data }) => {
    change(data);
    output.postMessage(data, [data.buffer]);
  };
  parentPort?.postMessage("ready");
});
