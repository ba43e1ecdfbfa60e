/** The worker of {@link ./tinypool.ts}. */

import { Tinypool } from "tinypool";
import { invert } from "./invert.ts";

export default function (samples: Float32Array<ArrayBuffer>): unknown {
  invert(samples);
  return Tinypool.move(samples);
}
