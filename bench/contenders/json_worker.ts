/** The worker of {@link ./json.ts}. */

import { parentPort } from "node:worker_threads";
import { WORKS } from "./invert.ts";
import type { JsonStart } from "./json.ts";
import { CODECS } from "./json_codecs.ts";

// Once, for the start: chunks take the web port.
parentPort?.once("message", ({ port, form, work }: JsonStart) => {
  const { encode, decode } = CODECS[form];
  port.onmessage = ({ data }) => {
    const samples = decode(data);
    WORKS[work](samples);
    port.postMessage(encode(samples));
  };
  parentPort?.postMessage("ready");
});
