/**
 * Adds streams of audio up, or makes them the channels of one.
 *
 * @module
 */

import { type AudioData, frameCount, type NodeSource, StreamrackError } from "../../core/plugin.ts";
import { gainOf } from "./decibels.ts";
import { Mixer, type MixerOptions } from "./mixer.ts";
import { resample } from "./resample.ts";
import type { ResampleQuality } from "./resampler.ts";

/** How streams are mixed. */
export interface MixOptions {
  /** Gain of each stream in decibels, in their order. What is missing has 0 dB. */
  readonly gainsDb?: readonly number[] | undefined;
  /**
   * `"timestamps"` places streams by their timestamps, `"start"` lets all start together. Default: `"timestamps"`.
   */
  readonly sync?: "timestamps" | "start" | undefined;
  /** Converts every stream to this rate first, in whole hertz. Default: all must have one rate. */
  readonly sampleRateHz?: number | undefined;
  /** How well the rate is converted. Default: `"medium"`. */
  readonly quality?: ResampleQuality | undefined;
}

/** A stream of audio, or the chunks of one. */
export type MixSource = AsyncIterable<AudioData> | Iterable<AudioData>;

/**
 * Adds streams up, as f32; sums may pass full scale. One that has ended is
 * silent. Each is read as far as the mix has come, so none is held in memory.
 *
 * @throws {StreamrackError} `invalid-data` if rates (without `sampleRateHz`) or channels differ, or streams stand apart
 * by more than 30 s.
 *
 * @example
 * ```ts
 * import { mix } from "@streamrack/core/audio";
 * import { RuntimeData } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * const one = RuntimeData.audio({ samples: Float32Array.of(0.25, 0.25), sampleRate: 8000 });
 * const other = RuntimeData.audio({ samples: Float32Array.of(0.5), sampleRate: 8000 });
 * const [first, second] = await Array.fromAsync(mix([[one], [other]]));
 * assert.deepEqual([...first!.samples, ...(second?.samples ?? [])], [0.75, 0.25]);
 * ```
 */
export function mix(streams: readonly MixSource[], options: MixOptions = {}): AsyncGenerator<AudioData, void, void> {
  return combine(streams, options, "sum");
}

/**
 * Makes mono streams the channels of one stream, in their order, as f32.
 *
 * @throws {StreamrackError} `invalid-data` if one is not mono, or rates differ (without `sampleRateHz`).
 */
export function joinChannels(
  streams: readonly MixSource[],
  options: Omit<MixOptions, "gainsDb"> = {},
): AsyncGenerator<AudioData, void, void> {
  return combine(streams, options, "channels");
}

/** What is read of one stream. */
interface Lane {
  readonly source: NodeSource & { ended: boolean };
  readonly iterator: AsyncIterator<AudioData>;
  /** How far it has come, in seconds; before its first chunk it comes first. */
  positionSeconds: number;
}

async function* combine(
  streams: readonly MixSource[],
  { gainsDb = [], sync = "timestamps", sampleRateHz, quality }: MixOptions,
  layout: NonNullable<MixerOptions["layout"]>,
): AsyncGenerator<AudioData, void, void> {
  const bad = gainsDb.findIndex((gain) => !Number.isFinite(gain));
  if (bad !== -1) {
    const problem = {
      path: `gainsDb[${bad}]`,
      message: "is no gain",
      received: `${gainsDb[bad]}`,
      expected: "a number",
    };
    throw new StreamrackError("invalid-options", "these streams cannot be mixed", { problems: [problem] });
  }
  const lanes = streams.map((stream, index): Lane => {
    const chunks = sampleRateHz === undefined ? toAsync(stream) : resample(stream, { sampleRateHz, quality });
    return {
      source: { port: "in", from: `stream ${index}`, ended: false },
      iterator: chunks[Symbol.asyncIterator](),
      positionSeconds: -Infinity,
    };
  });
  const sources = lanes.map(({ source }) => source);
  const gains = new Map<NodeSource, number>(sources.map((source, index) => [source, gainOf(gainsDb[index] ?? 0)]));
  const mixer = new Mixer({ sources, sync, layout, gainFor: (source) => gains.get(source) as number });
  try {
    for (;;) {
      const lane = furthestBehind(lanes);
      if (lane === undefined) break;
      const { done, value } = await lane.iterator.next();
      if (done === true) {
        lane.source.ended = true;
        continue;
      }
      const startSeconds = sync === "start" || value.timestampUs === undefined
        ? Math.max(0, lane.positionSeconds)
        : value.timestampUs / 1e6;
      lane.positionSeconds = startSeconds + frameCount(value) / value.sampleRate;
      yield* mixer.push(value, lane.source);
    }
    yield* mixer.finish();
  } finally {
    await Promise.all(lanes.map(({ source, iterator }) => source.ended ? undefined : iterator.return?.()));
  }
}

function furthestBehind(lanes: readonly Lane[]): Lane | undefined {
  return lanes.filter(({ source }) => !source.ended)
    .reduce<Lane | undefined>(
      (best, lane) => best && best.positionSeconds <= lane.positionSeconds ? best : lane,
      undefined,
    );
}

async function* toAsync(stream: MixSource): AsyncGenerator<AudioData, void, void> {
  yield* stream;
}
