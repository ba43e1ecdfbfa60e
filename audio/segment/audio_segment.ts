/**
 * AudioSegment: a piece of audio in memory, to be cut, joined, mixed, and
 * written in any format.
 *
 * @module
 */

import {
  type AudioData,
  type AudioFormat,
  convertFormat,
  RuntimeData,
  type StreamrackError,
} from "../../core/plugin.ts";
import { CHANNELS_MAX, SAMPLE_RATE_MAX_HZ } from "../../core/data/validate.ts";
import type { AudioWriterOptions } from "../audio_writer.ts";
import { amplitudeDb, gainOf, powerDb } from "../dsp/decibels.ts";
import { speakerMatrix } from "../dsp/mixing_matrix.ts";
import type { ResampleQuality } from "../dsp/resampler.ts";
import { finiteFloats } from "../dsp/samples.ts";
import { audioToBytes, writeAudio } from "../encode_audio.ts";
import { type AudioInput, openAudio } from "../open_audio.ts";
import { badArgument, checkDecibels, checkSameForm, checkSpan, frameAt } from "./arguments.ts";
import { loadAudio } from "./load.ts";
import type { FadeOptions, OverlayOptions, ReadSegmentOptions, SegmentInit } from "./options.ts";
import { joined, overlaid, peakOf, powerOf, ramped, remixed, resampled, scaled } from "./shape.ts";

const MAX_BYTES = 2 * 1024 ** 3;
/** What a node or an encoder is given at once. */
const CHUNK_FRAMES = 65_536;

/**
 * A piece of audio in memory. It never changes: each method gives a new one,
 * and slices share the memory of the whole. Samples are floats inside, which
 * holds integers of up to 24 bits without loss; nothing clips before it is
 * written.
 *
 * For audio that is too long for memory there are `openAudio` and
 * `writeAudio`.
 *
 * @example
 * ```ts
 * import { AudioSegment } from "@streamrack/core/audio";
 * import assert from "node:assert/strict";
 *
 * const tone = AudioSegment.fromSamples(
 *   Int16Array.from({ length: 44_100 }, (_, i) => 10_000 * Math.sin(2 * Math.PI * 440 * i / 44_100)),
 *   { sampleRate: 44_100 },
 * );
 * const jingle = tone.slice(0, 250).fadeOut(100).concat(tone.gain(-6), { crossfadeMs: 50 }).toStereo();
 * assert.equal(jingle.durationMs, 1200);
 *
 * const bytes = await jingle.toBytes({ format: "flac" });
 * const read = await AudioSegment.fromBytes(bytes);
 * assert.equal(read.frames, jingle.frames);
 * ```
 */
export class AudioSegment {
  /** Interleaved floats with full scale ±1: to be read only. */
  readonly samples: Float32Array;
  /** In hertz. */
  readonly sampleRate: number;
  /** 1 to 255. */
  readonly channels: number;
  /** The format in which it is written and given to nodes where nothing else is said. */
  readonly sampleFormat: AudioFormat;
  /** What was found wrong with the file that it was read of, with `onDamage: "keep"`. */
  readonly damage: StreamrackError | undefined;
  /** What floats cannot hold of the file that it was read of, in a few words: integers of more than 24 bits. */
  readonly loss: string | undefined;

  /** @throws {StreamrackError} `invalid-data` if samples, rate and channels do not fit. */
  constructor(init: SegmentInit) {
    const { samples, sampleRate, channels = 1, sampleFormat = "f32" } = init;
    RuntimeData.audio({ samples, sampleRate, channels }); // throws what is to be thrown
    this.samples = samples;
    this.sampleRate = sampleRate;
    this.channels = channels;
    this.sampleFormat = sampleFormat;
    this.damage = init.damage;
    this.loss = init.loss;
  }

  /** Reads a file: WAV, MP3, FLAC, Ogg Vorbis or Ogg Opus. See `openAudio` for what it throws. */
  static fromFile(path: string | URL, options: ReadSegmentOptions = {}): Promise<AudioSegment> {
    return read(path, options);
  }

  /** Reads the bytes of a file; see {@linkcode AudioSegment.fromFile}. */
  static fromBytes(bytes: Uint8Array, options: ReadSegmentOptions = {}): Promise<AudioSegment> {
    return read(bytes, options);
  }

  /** Reads a stream of the bytes of a file, such as the body of a response; see {@linkcode AudioSegment.fromFile}. */
  static fromStream(stream: AsyncIterable<Uint8Array>, options: ReadSegmentOptions = {}): Promise<AudioSegment> {
    return read(stream, options);
  }

  /** Makes a segment of interleaved samples, which are used as they are if they are floats. */
  static fromSamples(
    samples: Float32Array | Int16Array | Int32Array,
    options: Omit<SegmentInit, "samples">,
  ): AudioSegment {
    const { sampleRate, channels = 1 } = options;
    return AudioSegment.fromAudio(
      RuntimeData.audio(
        { samples, sampleRate, channels } as { samples: Float32Array; sampleRate: number; channels: number },
      ),
    );
  }

  /** Makes a segment of a chunk of audio, whose samples are used as they are if they are floats. */
  static fromAudio(audio: AudioData): AudioSegment {
    const { sampleRate, channels, format } = audio;
    return new AudioSegment({ samples: finiteFloats(audio), sampleRate, channels, sampleFormat: format });
  }

  /**
   * Makes silence.
   *
   * @param durationMs In milliseconds, at least 0.
   */
  static silent(
    durationMs: number,
    options: { readonly sampleRate: number; readonly channels?: number },
  ): AudioSegment {
    const { sampleRate, channels = 1 } = options;
    if (!(durationMs >= 0 && durationMs < Infinity)) throw badArgument("durationMs", durationMs, "at least 0");
    if (!(sampleRate > 0 && sampleRate <= SAMPLE_RATE_MAX_HZ)) {
      throw badArgument("sampleRate", sampleRate, `more than 0, at most ${SAMPLE_RATE_MAX_HZ} Hz`);
    }
    const samples = new Float32Array(Math.round(durationMs * sampleRate / 1000) * channels);
    return new AudioSegment({ samples, sampleRate, channels });
  }

  /** Length in frames: samples of one channel. */
  get frames(): number {
    return this.samples.length / this.channels;
  }

  /** Length in seconds. */
  get durationSeconds(): number {
    return this.frames / this.sampleRate;
  }

  /** Length in milliseconds. */
  get durationMs(): number {
    return this.durationSeconds * 1000;
  }

  /** Highest absolute sample, in decibels of full scale; `null` for silence. */
  get peakDb(): number | null {
    return amplitudeDb(peakOf(this));
  }

  /** Mean power (RMS), in decibels of full scale; `null` for silence. */
  get rmsDb(): number | null {
    return powerDb(powerOf(this));
  }

  /**
   * Louder or softer.
   *
   * @param gainDb In decibels.
   */
  gain(gainDb: number): AudioSegment {
    checkDecibels("gainDb", gainDb);
    return this.#with(scaled(this, gainOf(gainDb)));
  }

  /**
   * A part, by milliseconds, as `Array.slice` counts: from the end if
   * negative, and never beyond the ends.
   *
   * @param startMs Where it begins, in milliseconds. Default: 0.
   * @param endMs Where it ends, in milliseconds. Default: at the end.
   */
  slice(startMs = 0, endMs: number = Infinity): AudioSegment {
    const start = frameAt(this, startMs, "startMs");
    const end = frameAt(this, endMs, "endMs");
    return this.#with(this.samples.subarray(start * this.channels, Math.max(start, end) * this.channels));
  }

  /**
   * This segment and another behind it.
   *
   * @param options `crossfadeMs`: how long both overlap, in milliseconds; at most the shorter of both. Default: 0.
   * @throws {StreamrackError} `invalid-data` if rates or channels differ.
   */
  concat(other: AudioSegment, options: { readonly crossfadeMs?: number } = {}): AudioSegment {
    checkSameForm(this, other);
    const { crossfadeMs = 0 } = options;
    const crossfadeFrames = Math.round(crossfadeMs * this.sampleRate / 1000);
    const shorter = Math.min(this.frames, other.frames);
    if (!(crossfadeFrames >= 0 && crossfadeFrames <= shorter)) {
      throw badArgument("crossfadeMs", crossfadeMs, `0 to ${shorter / this.sampleRate * 1000}`);
    }
    return this.#with(joined(this, other, crossfadeFrames));
  }

  /**
   * This segment with another added to it. It stays as long as it is.
   *
   * @throws {StreamrackError} `invalid-data` if rates or channels differ.
   */
  overlay(other: AudioSegment, options: OverlayOptions = {}): AudioSegment {
    checkSameForm(this, other);
    const { positionMs = 0, gainDb = 0, loop = false } = options;
    if (!(positionMs >= 0 && positionMs <= this.durationMs)) {
      throw badArgument("positionMs", positionMs, `0 to ${this.durationMs}`);
    }
    checkDecibels("gainDb", gainDb);
    const frame = frameAt(this, positionMs, "positionMs");
    return this.#with(overlaid(this, other, { frame, gain: gainOf(gainDb), loop }));
  }

  /** A change of the level: what is before has the first gain, what is behind the second. */
  fade(options: FadeOptions): AudioSegment {
    const { fromDb = 0, toDb = 0, startMs = 0, endMs = Infinity } = options;
    checkDecibels("fromDb", fromDb);
    checkDecibels("toDb", toDb);
    const startFrame = frameAt(this, startMs, "startMs");
    const endFrame = frameAt(this, endMs, "endMs");
    return this.#with(ramped(this, { fromDb, toDb, startFrame, endFrame }));
  }

  /**
   * Out of silence.
   *
   * @param durationMs How long it takes, in milliseconds; at most the whole segment.
   */
  fadeIn(durationMs: number): AudioSegment {
    return this.fade({ fromDb: -120, endMs: checkSpan(this, durationMs) });
  }

  /**
   * Into silence.
   *
   * @param durationMs How long it takes, in milliseconds; at most the whole segment.
   */
  fadeOut(durationMs: number): AudioSegment {
    return this.fade({ toDb: -120, startMs: this.durationMs - checkSpan(this, durationMs) });
  }

  /** All channels mixed to one. */
  toMono(): AudioSegment {
    return this.withChannels(1);
  }

  /** Two channels: mono in both, more of them mixed down. */
  toStereo(): AudioSegment {
    return this.withChannels(2);
  }

  /**
   * So many channels, mixed by where speakers stand, as the node
   * `audio.channels` does it.
   *
   * @param channels 1 to 255.
   */
  withChannels(channels: number): AudioSegment {
    if (channels === this.channels) return this;
    if (!(Number.isInteger(channels) && channels >= 1 && channels <= CHANNELS_MAX)) {
      throw badArgument("channels", channels, `1 to ${CHANNELS_MAX}`);
    }
    return this.#with(remixed(this, speakerMatrix(this.channels, channels)), { channels });
  }

  /**
   * Another sample rate, `round(frames · rate / rate before)` frames long.
   *
   * @param sampleRateHz In whole hertz.
   * @throws {StreamrackError} `invalid-data` for rates that cannot be converted.
   */
  async resample(
    sampleRateHz: number,
    options: { readonly quality?: ResampleQuality } = {},
  ): Promise<AudioSegment> {
    if (sampleRateHz === this.sampleRate) return this;
    if (!(Number.isInteger(sampleRateHz) && sampleRateHz > 0 && sampleRateHz <= SAMPLE_RATE_MAX_HZ)) {
      throw badArgument("sampleRateHz", sampleRateHz, `1 to ${SAMPLE_RATE_MAX_HZ} Hz`);
    }
    const { quality = "medium" } = options;
    const samples = await resampled(this, { fromRateHz: this.sampleRate, toRateHz: sampleRateHz, quality });
    return this.#with(samples, { sampleRate: sampleRateHz });
  }

  /**
   * The segment as nodes take it, in its sample format or another: samples of
   * its own, which may be sent away.
   */
  toAudio(format: AudioFormat = this.sampleFormat): AudioData {
    const { samples, sampleRate, channels } = this;
    const audio = RuntimeData.audio({ samples, sampleRate, channels });
    return format === "f32" ? RuntimeData.copy(audio) : convertFormat(audio, format);
  }

  /**
   * Writes a file; its extension tells the format, where the options do not.
   * It appears under its name when all has succeeded.
   *
   * @throws {StreamrackError} `invalid-options`, `invalid-data`, `file-not-found`.
   */
  export(path: string | URL, options: AudioWriterOptions = {}): Promise<void> {
    return writeAudio(path, this.#chunks(), options);
  }

  /** The bytes of a file. */
  toBytes(
    options: AudioWriterOptions & { readonly format: NonNullable<AudioWriterOptions["format"]> },
  ): Promise<Uint8Array> {
    return audioToBytes(this.#chunks(), options);
  }

  /** In chunks, so that what is converted and encoded on the way stays small. */
  *#chunks(): Generator<AudioData, void, void> {
    const { samples, sampleRate, channels } = this;
    const step = CHUNK_FRAMES * channels;
    // An empty segment gives an empty chunk, which has its rate and channels.
    for (let at = 0; at === 0 || at < samples.length; at += step) {
      const chunk = RuntimeData.audio({ samples: samples.subarray(at, at + step), sampleRate, channels });
      yield convertFormat(chunk, this.sampleFormat);
    }
  }

  #with(
    samples: Float32Array,
    changed: { readonly sampleRate?: number; readonly channels?: number } = {},
  ): AudioSegment {
    const { sampleRate, channels, sampleFormat } = this;
    return new AudioSegment({ sampleRate, channels, sampleFormat, ...changed, samples });
  }
}

async function read(
  input: AudioInput,
  { maxBytes = MAX_BYTES, ...options }: ReadSegmentOptions,
): Promise<AudioSegment> {
  return new AudioSegment(await loadAudio(await openAudio(input, options), maxBytes));
}
