/** The worker of {@link ./comlink.ts}. */

import * as Comlink from "comlink";
import { parentPort } from "node:worker_threads";
import { invert } from "./invert.ts";

// Once, for the start: chunks take the web port.
parentPort?.once("message", (port: MessagePort) => {
  Comlink.expose((samples: Float32Array<ArrayBuffer>) => {
    invert(samples);
    return Comlink.transfer(samples, [samples.buffer]);
  }, port);
});
