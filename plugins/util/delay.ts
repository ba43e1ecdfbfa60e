/**
 * `util.delay`: holds values back for a while.
 *
 * @module
 */

import * as v from "valibot";
import { defineNode, type Plugin } from "../../core/plugin.ts";

const DELAY_MAX_MS = 3_600_000;

/** Parameters of `util.delay`. */
const params = v.object({
  delayMs: v.pipe(
    v.number(),
    v.minValue(0),
    v.maxValue(DELAY_MAX_MS),
    v.description(`How long a value waits, in milliseconds, 0 to ${DELAY_MAX_MS} (an hour). 0: not at all.`),
  ),
  mode: v.optional(
    v.pipe(
      v.picklist(["each", "first"]),
      v.description('Which values wait: "each" one after the other, or only the "first" of the session.'),
    ),
    "each",
  ),
});

/**
 * Hands every value on after a delay, in order.
 *
 * In mode `"each"` it works on one value at a time: the next one begins to
 * wait when the last one has left, so that at most one value per `delayMs`
 * passes, and the others wait in the queue in front, which is bounded. A
 * cancelled session ends the wait at once. In mode `"first"` that is the first
 * value to get through; a flush of the session does not make another one wait.
 */
export const delay: Plugin["nodes"][number] = defineNode({
  type: "util.delay",
  summary: "Hands every value on after a delay, in order.",
  params,
  inputs: { in: ["any"] },
  outputs: { out: ["any"] },
  create({ params: { delayMs, mode } }) {
    let waits = delayMs > 0;
    return {
      async process(data, { signal }) {
        if (waits) await sleep(delayMs, signal);
        if (mode === "first") waits = false;
        return data;
      },
    };
  },
});

/** Resolves after some milliseconds; rejects as soon as the signal aborts, and then leaves no timer behind. */
function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const wake = () => {
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(wake, delayMs);
    signal.addEventListener("abort", stop, { once: true });
  });
}
