/**
 * The main thread itself: the same async generators, called one after the
 * other, without any thread. What a worker adds is seen against it.
 *
 * @module
 */

import type { Contender, Pipe } from "./contract.ts";
import { invert } from "./invert.ts";

type Samples = Float32Array<ArrayBuffer>;

async function* process(samples: Samples): AsyncGenerator<Samples> {
  invert(samples);
  yield samples;
}

export default {
  moves: () => false,
  open({ stages }): Promise<Pipe> {
    return Promise.resolve({
      async pump(buffers, count) {
        for (let i = 0; i < count; i++) {
          let samples = buffers[i % buffers.length] as Samples;
          for (let stage = 0; stage < stages; stage++) {
            for await (const output of process(samples)) samples = output;
          }
          buffers[i % buffers.length] = samples;
        }
      },
      close: () => Promise.resolve(),
    });
  },
} satisfies Contender;
