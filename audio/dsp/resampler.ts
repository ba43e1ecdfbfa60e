/**
 * A streaming sample-rate converter over libsamplerate, with the exact length
 * that the ratio calls for.
 *
 * @module
 */

import type libsamplerate from "@alexanderolsen/libsamplerate-js";
import { StreamrackError } from "../../core/plugin.ts";
import { joinFloats } from "./join_floats.ts";

/** How well the converter filters, and how much time it takes. */
export type ResampleQuality = "fast" | "medium" | "best";

const CONVERTERS = {
  fast: "SRC_SINC_FASTEST",
  medium: "SRC_SINC_MEDIUM_QUALITY",
  best: "SRC_SINC_BEST_QUALITY",
} as const;

/** The most channels that libsamplerate's filters take. */
const CHANNELS_MAX = 128;
/** The largest change of rate, up or down, that libsamplerate makes. */
const RATIO_MAX = 256;
/** The largest rate that the package's own check lets through. Only the ratio counts, so rates are reduced first. */
const RATE_MAX = 192_000;
/** Samples per call, in or out. The buffers inside hold a million; more would take a faulty path of the package. */
const SAMPLES_PER_CALL = 65_536;
/** Silence pushed at once to bring the tail out. */
const TAIL_FRAMES = 256;

type Converter = Awaited<ReturnType<typeof libsamplerate.create>>;

/** What a {@linkcode Resampler} converts. */
export interface ResamplerOptions {
  /** Whole hertz. */
  readonly fromRateHz: number;
  /** Whole hertz. */
  readonly toRateHz: number;
  /** 1 to 128. */
  readonly channels: number;
  readonly quality: ResampleQuality;
}

/**
 * Converts one stretch of interleaved floats at a time. libsamplerate starts
 * without delay and keeps the tail of its filter inside, so the end is brought
 * out with silence and cut at `round(frames · out / in)`.
 */
export class Resampler {
  readonly options: ResamplerOptions;
  readonly #converter: Converter;
  readonly #ratio: number;
  readonly #framesPerCall: number;
  #framesIn = 0;
  #framesOut = 0;

  private constructor(options: ResamplerOptions, converter: Converter) {
    this.options = options;
    this.#converter = converter;
    this.#ratio = options.toRateHz / options.fromRateHz;
    this.#framesPerCall = Math.max(1, Math.floor(SAMPLES_PER_CALL / (options.channels * Math.max(1, this.#ratio))));
  }

  /**
   * Makes a converter; it holds memory until {@linkcode destroy}.
   *
   * @throws {StreamrackError} `invalid-data` for rates or channels that libsamplerate cannot convert.
   */
  static async create(options: ResamplerOptions): Promise<Resampler> {
    const { fromRateHz, toRateHz, channels, quality } = options;
    check(Number.isInteger(fromRateHz), "sampleRate", fromRateHz, "a whole number of hertz");
    check(channels <= CHANNELS_MAX, "channels", channels, `at most ${CHANNELS_MAX}`);
    const divisor = greatestCommonDivisor(fromRateHz, toRateHz);
    const [from, to] = [fromRateHz / divisor, toRateHz / divisor];
    const isConvertible = Math.max(from, to) <= RATE_MAX && Math.max(from / to, to / from) <= RATIO_MAX;
    const expected =
      `a rate within a factor of ${RATIO_MAX} of ${toRateHz} Hz, and not prime to it above ${RATE_MAX} Hz`;
    check(isConvertible, "sampleRate", fromRateHz, expected);

    // Four megabytes: loaded when there is something to convert.
    const { ConverterType, create } = (await import("@alexanderolsen/libsamplerate-js")).default;
    const converter = await create(channels, from, to, { converterType: ConverterType[CONVERTERS[quality]] });
    // The package drops the result of its initialisation; a failure shows as an error number in place of a count.
    const probe = { frames: 0 };
    converter.full(new Float32Array(0), null, probe);
    if (probe.frames !== 0) {
      converter.destroy();
      check(false, "channels", channels, `fewer channels: the filter for ${fromRateHz} Hz is too long for its memory`);
    }
    return new Resampler(options, converter);
  }

  /** Frames given out since the start or the last reset. */
  get framesOut(): number {
    return this.#framesOut;
  }

  /** Converts the next samples: as many as are ready, which may be none. */
  push(samples: Float32Array): Float32Array {
    this.#framesIn += samples.length / this.options.channels;
    return this.#take(this.#convert(samples));
  }

  /** The rest, so that the frames given out are `round(frames in · out / in)`. */
  finish(): Float32Array {
    const { channels } = this.options;
    const missing = Math.round(this.#framesIn * this.#ratio) - this.#framesOut;
    const silence = new Float32Array(TAIL_FRAMES * channels);
    const parts: Float32Array[] = [];
    let length = 0;
    while (length < missing * channels) {
      const part = this.#convert(silence);
      parts.push(part);
      length += part.length;
    }
    return this.#take(joinFloats(parts).subarray(0, missing * channels));
  }

  /** Forgets the past, to begin another stretch. */
  reset(): void {
    // Assigning a property is the package's way to make its state anew.
    this.#converter.nChannels = this.options.channels;
    this.#framesIn = 0;
    this.#framesOut = 0;
  }

  /** Gives the memory back. */
  destroy(): void {
    this.#converter.destroy();
  }

  #take(samples: Float32Array): Float32Array {
    this.#framesOut += samples.length / this.options.channels;
    return samples;
  }

  #convert(samples: Float32Array): Float32Array {
    const step = this.#framesPerCall * this.options.channels;
    if (samples.length <= step) return samples.length === 0 ? samples : this.#converter.full(samples);
    const parts: Float32Array[] = [];
    for (let i = 0; i < samples.length; i += step) parts.push(this.#converter.full(samples.subarray(i, i + step)));
    return joinFloats(parts);
  }
}

function check(holds: boolean, path: string, received: number, expected: string): void {
  if (holds) return;
  throw new StreamrackError("invalid-data", "this audio cannot be resampled", {
    problems: [{ path, message: "is out of reach", received: `${received}`, expected }],
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
