/** The worker of {@link ./piscina.ts}. */

import { move } from "piscina";
import { invert } from "./invert.ts";

export default function (samples: Float32Array<ArrayBuffer>): unknown {
  invert(samples);
  return move(samples);
}
