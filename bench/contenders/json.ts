/**
 * JSON, as a service in another process would be spoken to, but kinder: the
 * text goes over a web port to a worker, so that both sides work at the same
 * time and nothing is written to a socket.
 *
 * Three forms of the samples: numbers, 16-bit integers, and base64 of the bytes.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import type { Contender, Pipe, Work } from "./contract.ts";
import { CODECS, type JsonForm } from "./json_codecs.ts";

function makeContender(form: JsonForm): Contender {
  const { encode, decode, tolerance } = CODECS[form];
  return {
    works: ["invert", "touch"],
    tolerance,
    moves: () => false,
    async open({ stages, work = "invert" }): Promise<Pipe> {
      if (stages !== 1) throw new Error("there is one stage of JSON only");
      const worker = new Worker(new URL("./json_worker.ts", import.meta.url));
      const { port1, port2 } = new MessageChannel();
      await new Promise((resolve, reject) => {
        worker.once("error", reject);
        // Once, for the start: chunks take the web port.
        worker.once("message", resolve);
        worker.postMessage({ port: port2, form, work } satisfies JsonStart, [port2] as never);
      });
      return {
        pump: (buffers, count) =>
          new Promise((resolve) => {
            let sent = 0;
            let received = 0;
            let last = 0;
            const send = (samples: Float32Array) => {
              sent += 1;
              port1.postMessage(encode(samples));
            };
            port1.onmessage = ({ data }) => {
              const samples = decode(data);
              received += 1;
              if (sent < count) send(samples);
              else buffers[last++] = samples;
              if (received === count) resolve();
            };
            for (const samples of buffers.slice(0, count)) send(samples);
          }),
        async close() {
          port1.close();
          await worker.terminate();
        },
      };
    },
  };
}

/** What the worker is told at the start. */
export interface JsonStart {
  readonly port: MessagePort;
  readonly form: JsonForm;
  readonly work: Work;
}

export default makeContender("floats");

/** The kinder forms. */
export const variants: Readonly<Record<string, Contender>> = {
  i16: makeContender("i16"),
  base64: makeContender("base64"),
};
