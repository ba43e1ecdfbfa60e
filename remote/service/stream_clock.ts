/**
 * When the values of a stream begin.
 *
 * @module
 */

import { durationUs, type RuntimeData } from "../../core/plugin.ts";

/**
 * A clock for each node that chunks are sent to. Where the client says no
 * times, audio goes on where the last chunk ended; other values have none.
 */
export class StreamClock {
  readonly #positionsUs = new Map<string, number>();

  /**
   * The value with the time at which it begins.
   *
   * @param timestampMs As the client says; 0 is also what is not said.
   */
  place(nodeId: string, data: RuntimeData, timestampMs: bigint): RuntimeData {
    const saidUs = data.timestampUs ?? (timestampMs > 0n ? Number(timestampMs) * 1000 : undefined);
    if (data.type !== "audio") return saidUs === data.timestampUs ? data : { ...data, timestampUs: saidUs };
    const timestampUs = saidUs ?? this.#positionsUs.get(nodeId) ?? 0;
    this.#positionsUs.set(nodeId, timestampUs + durationUs(data));
    return { ...data, timestampUs };
  }
}
