/** The worker of {@link ./poolifier.ts}. */

import { ThreadWorker } from "poolifier";
import { invert } from "./invert.ts";

type Samples = Float32Array<ArrayBuffer>;

export default new ThreadWorker<Samples, Samples>((samples) => {
  invert(samples as Samples);
  return samples as Samples;
});
