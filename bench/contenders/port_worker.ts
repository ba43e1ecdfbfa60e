/** The worker of {@link ./port.ts}. */

import { parentPort } from "node:worker_threads";
import { invert } from "./invert.ts";

// deno-lint-ignore streamrack/no-node-port-events -- once, for the start; chunks take the web ports
parentPort?.once("message", ({ input, output }: { input: MessagePort; output: MessagePort }) => {
  input.onmessage = ({ data }) => {
    invert(data);
    output.postMessage(data, [data.buffer]);
  };
  parentPort?.postMessage("ready");
});
