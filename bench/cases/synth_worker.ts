/**
 * The bare renderer in a worker: it answers each message with a rendered
 * preset, whose buffer is moved.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { renderCall } from "./synth_call.ts";

parentPort?.on("message", async () => {
  const samples = await renderCall();
  parentPort?.postMessage(samples, [samples.buffer]);
});
