/** The worker of {@link ./threads.ts}. */

import { Transfer } from "threads";
import { expose } from "threads/worker";
import { invert } from "./invert.ts";

expose((samples: Float32Array<ArrayBuffer>) => {
  invert(samples);
  return Transfer(samples as never, [samples.buffer]);
});
