/**
 * Converts streams of audio to another sample rate.
 *
 * @module
 */

import { type AudioData, RuntimeData } from "../../core/plugin.ts";
import { type ResampleQuality, Resampler } from "./resampler.ts";
import { finiteFloats } from "./samples.ts";
import { perStretch, type Stretches } from "./stretch.ts";

/** How the rate is converted. */
export interface ResampleOptions {
  /** Sample rate of the result, in whole hertz. */
  readonly sampleRateHz: number;
  /**
   * How well it filters: `"medium"` is flat over the lower 87 % of the band, `"best"` over 93 %, and slower by four;
   * `"fast"` loses treble. Default: `"medium"`.
   */
  readonly quality?: ResampleQuality | undefined;
}

/** {@linkcode resample} as the parts of a node; disposing of it gives memory back. */
export interface Resampling extends Stretches<AudioData> {
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Converts audio to one sample rate with the band-limited filters of
 * libsamplerate. The result is f32, `round(frames · out / in)` frames long,
 * aligned with the source, and the same however that is cut into chunks. Audio
 * that has the rate already passes untouched.
 *
 * A change of rate, channels or format, or a gap in the timestamps, ends one
 * stretch and begins the next. NaN and infinities count as 0.
 *
 * @throws {StreamrackError} `invalid-data` for rates or channels that cannot be converted.
 */
export async function* resample(
  source: AsyncIterable<AudioData> | Iterable<AudioData>,
  options: ResampleOptions,
): AsyncGenerator<AudioData, void, void> {
  const parts = resampling(options);
  try {
    yield* parts.all(source);
  } finally {
    await parts[Symbol.asyncDispose]();
  }
}

/** The same as the parts of a node. */
export function resampling({ sampleRateHz, quality = "medium" }: ResampleOptions): Resampling {
  // Kept from one stretch to the next, also over a reset: each converter has a heap of its own, costly to make.
  let kept: Resampler | undefined;

  async function resamplerFor({ sampleRate, channels }: AudioData): Promise<Resampler> {
    if (kept?.options.fromRateHz === sampleRate && kept.options.channels === channels) {
      kept.reset();
      return kept;
    }
    kept?.destroy();
    kept = undefined;
    return kept = await Resampler.create({ fromRateHz: sampleRate, toRateHz: sampleRateHz, channels, quality });
  }

  return {
    ...perStretch<AudioData>({
      gaps: "split",
      async start(stretch, first) {
        if (stretch.sampleRate === sampleRateHz) return { push: (audio) => [audio], finish: () => [] };
        const resampler = await resamplerFor(first);
        const emit = (convert: () => Float32Array, metadata?: AudioData["metadata"]): AudioData[] => {
          const timestampUs = stretch.timestampUs(resampler.framesOut, sampleRateHz);
          const samples = convert();
          if (samples.length === 0) return [];
          const { channels } = stretch;
          return [RuntimeData.audio({ samples, sampleRate: sampleRateHz, channels, timestampUs, metadata })];
        };
        let metadata = first.metadata;
        return {
          push(audio) {
            metadata = audio.metadata;
            return emit(() => resampler.push(finiteFloats(audio)), metadata);
          },
          finish: () => emit(() => resampler.finish(), metadata),
        };
      },
    }),
    [Symbol.asyncDispose]() {
      kept?.destroy();
      kept = undefined;
      return Promise.resolve();
    },
  };
}
