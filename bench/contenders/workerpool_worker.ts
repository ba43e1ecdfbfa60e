/** The worker of {@link ./workerpool.ts}. */

import workerpool from "workerpool";
import { invert } from "./invert.ts";

workerpool.worker({
  invert(samples: Float32Array<ArrayBuffer>) {
    invert(samples);
    return new workerpool.Transfer(samples, [samples.buffer]);
  },
});
