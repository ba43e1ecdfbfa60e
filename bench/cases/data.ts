/**
 * What audio costs as RuntimeData, and as JSON.
 *
 * @module
 */

import type { Case, Measured, ObserveOptions, Point } from "../harness/case.ts";
import { observePump } from "../harness/observe_pump.ts";

/** One second at 24 kHz. */
const SAMPLES_PER_CHUNK = 24_000;

export default {
  id: "data",
  title: "RuntimeData against JSON",
  description:
    "One second of audio at 24 kHz goes to a worker and back, 16 in flight. The worker changes one sample, so " +
    "that what is measured is the way. The JSON ones write and parse text on both sides, at the same time.",
  points(mode): readonly Point[] {
    const quick = mode === "quick";
    const others = quick ? ["json"] : ["port", "json", "json-i16", "json-base64"];
    return [{ params: {}, contenders: ["streamrack", ...others], rounds: quick ? 2 : 3 }];
  },
  observe({ contender, mode }: ObserveOptions): Promise<Measured> {
    return observePump(
      contender,
      { stages: 1, samplesPerChunk: SAMPLES_PER_CHUNK, window: 16, work: "touch" },
      mode,
    );
  },
} satisfies Case;
