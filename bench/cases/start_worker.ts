/**
 * A bare worker for the case "start": it loads what a worker of ours loads,
 * with a plugin, and sends one chunk back, changed.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { invert } from "../contenders/invert.ts";

await import("../../workers/entry.ts");
await import("../nodes/plugin.ts");

// One message.
parentPort?.once("message", ({ samples, port }: { samples: Float32Array<ArrayBuffer>; port: MessagePort }) => {
  invert(samples);
  port.postMessage(samples, [samples.buffer]);
});
