import { StreamrackError } from "../mod.ts";
import type { JsonValue } from "../core/plugin.ts";
import type { PlayReport } from "../plugins/synth/api.ts";
import type { LaneOutput } from "./lane.ts";
import type { AudioBlocks } from "./types.ts";

/**
 * The blocks of an answer, with a promise of its report.
 *
 * @param outputs Nothing happens before the first block is asked for.
 */
export function audioBlocks(
  outputs: AsyncIterable<LaneOutput>,
  toReport: (value: JsonValue) => PlayReport,
): AudioBlocks {
  let settle: { resolve(report: PlayReport): void; reject(reason: unknown): void } | undefined;
  const report = new Promise<PlayReport>((resolve, reject) => settle = { resolve, reject });
  report.catch(() => {}); // told to whoever asks
  async function* blocks(): AsyncGenerator<Float32Array> {
    try {
      for await (const output of outputs) {
        if ("samples" in output) yield output.samples;
        else settle?.resolve(toReport(output.report));
      }
    } catch (thrown) {
      settle?.reject(thrown);
      throw thrown;
    } finally {
      settle?.reject(new StreamrackError("session-cancelled", "the audio was not read to its end"));
    }
  }
  return { report, [Symbol.asyncIterator]: blocks };
}
