/**
 * ProcessingContext: the conversions between AudioStream, samples and
 * AudioSegment, and the channels of an application, in one place.
 *
 * @module
 */

import {
  AudioStream,
  ChannelManager,
  type Channels,
  convertFormat,
  type SamplesOptions,
  type SampleTypes,
} from "../core/plugin.ts";
import { AudioSegment } from "./segment/audio_segment.ts";

/** What a {@linkcode ProcessingContext} works with. */
export interface ProcessingContextOptions {
  /** Default: a manager of its own. In a worker it may be what `connectChannels` gives. */
  readonly channelManager?: Channels | undefined;
}

/**
 * What code that works with audio needs at hand.
 *
 * @example
 * ```ts
 * import { ProcessingContext } from "@streamrack/core/audio";
 * import assert from "node:assert/strict";
 *
 * const context = new ProcessingContext();
 * const tone = Float32Array.from({ length: 8000 }, (_, i) => 0.5 * Math.sin(2 * Math.PI * 440 * i / 8000));
 * const stream = await context.audioStreamFromSamples(tone, { sampleRate: 8000, metadata: { note: "A4" } });
 *
 * const louder = (await context.audioStreamToSamples(stream, "float32")).map((sample) => sample * 1.5);
 * const segment = await context.audioStreamToSegment(
 *   await context.audioStreamFromSamples(louder, { sampleRate: stream.sampleRate, timestamp: stream.timestamp }),
 * );
 * assert.equal(segment.durationSeconds, stream.durationSeconds());
 * ```
 */
export class ProcessingContext {
  /** Named channels between the parts of the application. */
  readonly channelManager: Channels;

  constructor(options: ProcessingContextOptions = {}) {
    this.channelManager = options.channelManager ?? new ChannelManager();
  }

  /**
   * Makes an AudioStream of samples. An Int16Array is used as it is; a
   * Float32Array or Float64Array with full scale ±1 becomes int16, or stays
   * float with `format: "pcm_f32le"`.
   *
   * @throws {StreamrackError} `invalid-data` for samples of another class, and for fields that do not fit.
   */
  // deno-lint-ignore require-await -- one form for all conversions: what is refused rejects
  async audioStreamFromSamples(
    samples: SampleTypes[keyof SampleTypes],
    options: SamplesOptions,
  ): Promise<AudioStream> {
    return AudioStream.fromSamples(samples, options);
  }

  /**
   * The samples of an AudioStream: `"int16"` from -32768 to 32767, `"float32"`
   * or `"float64"` with full scale ±1. They may share its memory.
   *
   * @throws {StreamrackError} `invalid-data` for another element type, or for what is no AudioStream.
   */
  // deno-lint-ignore require-await -- as above
  async audioStreamToSamples<T extends keyof SampleTypes>(stream: AudioStream, type: T): Promise<SampleTypes[T]> {
    return AudioStream.from(stream).toSamples(type);
  }

  /** Makes an AudioStream of a segment: int16, or float with `format: "pcm_f32le"`. */
  // deno-lint-ignore require-await -- as above
  async audioStreamFromSegment(
    segment: AudioSegment,
    options: Pick<SamplesOptions, "timestamp" | "metadata" | "format"> = {},
  ): Promise<AudioStream> {
    const { sampleRate, channels } = segment;
    const { samples } = segment.toAudio(options.format === "pcm_f32le" ? "f32" : "i16") as {
      readonly samples: Int16Array | Float32Array;
    };
    return AudioStream.fromSamples(samples, { ...options, sampleRate, channels });
  }

  /** Makes a segment of an AudioStream. */
  // deno-lint-ignore require-await -- as above
  async audioStreamToSegment(stream: AudioStream): Promise<AudioSegment> {
    const audio = AudioStream.from(stream).toAudio();
    const { samples, sampleRate, channels } = convertFormat(audio, "f32");
    // A segment never changes, and the stream is not its own.
    const own = samples === audio.samples ? samples.slice() : samples;
    return new AudioSegment({ samples: own, sampleRate, channels, sampleFormat: audio.format });
  }
}
