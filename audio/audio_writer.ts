/**
 * Writes audio as it comes, in any format.
 *
 * @module
 */

import { type AudioData, StreamrackError } from "../core/plugin.ts";
import type { AudioEncoder, EncoderForm } from "./codec/encoding.ts";
import { Resampler } from "./dsp/resampler.ts";
import { finiteFloats } from "./dsp/samples.ts";
import type { FileFormat } from "./file_format.ts";
import type { ByteSink } from "./io/byte_sink.ts";
import { naturalEncoding, type OutputEncoding, type PcmFormat } from "./pcm/encodings.ts";
import { rawEncoder, wavEncoder } from "./pcm/pcm_encoder.ts";

/** How audio is written. */
export interface AudioWriterOptions {
  /** Default: `"wav"`; `"raw"` is samples without a header. */
  readonly format?: FileFormat | "raw" | undefined;
  /**
   * How samples are written in WAV and raw (s16, s24, s32, f32) and in FLAC
   * (s16, s24). Default: the one that keeps the first chunk as it is; in FLAC
   * s24 for all but i16.
   */
  readonly encoding?: OutputEncoding | undefined;
  /**
   * Bit rate of MP3, Ogg Vorbis and Opus, in kbit/s, taken to the nearest that
   * the format has. Default, for each channel: 96, 80, 64.
   */
  readonly bitrateKbps?: number | undefined;
}

/** Rate and channels of a file that no audio came for. */
const SILENT_FORMAT = { sampleRate: 48_000, channels: 1 } as const;

/**
 * Writes audio to a sink. Rate and channels are those of the first chunk; MP3
 * and Opus, which have a few rates only, are converted to the next higher.
 *
 * In a file, sizes, lengths and checksums that are known only at the end are
 * filled in; in a pipe they stay "unknown".
 */
export class AudioWriter {
  readonly #sink: ByteSink;
  readonly #options: AudioWriterOptions;
  readonly #fileFormat: FileFormat | "raw";
  #format: (PcmFormat & { readonly encoding: OutputEncoding }) | undefined;
  #encoder: AudioEncoder | undefined;
  #resampler: Resampler | undefined;
  #frames = 0;

  constructor(sink: ByteSink, options: AudioWriterOptions = {}) {
    const { bitrateKbps } = options;
    if (bitrateKbps !== undefined && !(bitrateKbps > 0 && bitrateKbps < Infinity)) {
      throw new StreamrackError("invalid-options", "audio cannot be written so", {
        problems: [{
          path: "bitrateKbps",
          message: "is out of range",
          received: `${bitrateKbps}`,
          expected: "more than 0 kbit/s",
        }],
      });
    }
    this.#sink = sink;
    this.#options = options;
    this.#fileFormat = options.format ?? "wav";
  }

  /** Frames written so far, as they came. */
  get frames(): number {
    return this.#frames;
  }

  /** Format of the audio as it came, once some has. */
  get format(): PcmFormat | undefined {
    return this.#format;
  }

  /**
   * Writes one chunk.
   *
   * @throws {StreamrackError} `invalid-data` if it has another rate or number of channels than the first, or those that
   * the format cannot hold.
   */
  async write(audio: AudioData): Promise<void> {
    if (this.#format === undefined) await this.#begin(audio, audio.format);
    this.#checkUnchanged(audio);
    const fitting = this.#resampler === undefined
      ? audio
      : { ...audio, format: "f32", samples: this.#resampler.push(finiteFloats(audio)) } as AudioData;
    await this.#put((this.#encoder as AudioEncoder).encode(fitting));
    this.#frames += audio.samples.length / audio.channels;
  }

  /**
   * Completes the output and commits it. A file that no audio came for is valid and empty.
   *
   * @param ifEmpty Rate and channels of such a file.
   */
  async finish(ifEmpty: Pick<PcmFormat, "sampleRate" | "channels"> = SILENT_FORMAT): Promise<void> {
    if (this.#format === undefined) await this.#begin(ifEmpty, "i16");
    const { sampleRate, channels } = this.#format as PcmFormat;
    const encoder = this.#encoder as AudioEncoder;
    if (this.#resampler !== undefined) {
      const samples = this.#resampler.finish();
      await this.#put(encoder.encode({ type: "audio", format: "f32", samples, sampleRate, channels }));
    }
    const { rest, start } = encoder.finish();
    await this.#put(rest);
    if (start !== undefined) await this.#sink.writeStart?.(start);
    this.#free();
    await this.#sink.commit();
  }

  /** Leaves nothing behind. */
  discard(): Promise<void> {
    this.#free();
    return this.#sink.discard();
  }

  async #begin(audio: Pick<AudioData, "sampleRate" | "channels">, format: AudioData["format"]): Promise<void> {
    const { sampleRate, channels } = audio;
    const isFlac = this.#fileFormat === "flac";
    const encoding = this.#options.encoding ?? (isFlac && format !== "i16" ? "s24" : naturalEncoding(format));
    const target = await targetRate(this.#fileFormat, sampleRate);
    const encoder = await ENCODERS[this.#fileFormat]({
      sampleRate: target,
      channels,
      encoding,
      bitrateKbps: this.#options.bitrateKbps,
      canRewind: this.#sink.writeStart !== undefined,
    });
    this.#encoder = encoder;
    if (target !== sampleRate) {
      this.#resampler = await Resampler.create({
        fromRateHz: sampleRate,
        toRateHz: target,
        channels,
        quality: "medium",
      });
    }
    this.#format = { encoding, sampleRate, channels };
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#sink.write(bytes);
  }

  #free(): void {
    this.#encoder?.free();
    this.#resampler?.destroy();
    this.#resampler = undefined;
  }

  #checkUnchanged(audio: AudioData): void {
    const format = this.#format as PcmFormat;
    const problems = (["sampleRate", "channels"] as const)
      .filter((key) => audio[key] !== format[key])
      .map((key) => ({
        path: `audio.${key}`,
        message: "changed in mid-stream",
        received: `${audio[key]} after ${this.frames} frames`,
        expected: `${format[key]}, as at the start`,
      }));
    if (problems.length > 0) {
      throw new StreamrackError("invalid-data", `"${this.#sink.name}" cannot hold audio of two forms`, {
        problems,
        remedy: "Put a node before this output that converts everything to one rate and number of channels.",
      });
    }
  }
}

type MakeEncoder = (form: EncoderForm) => AudioEncoder | Promise<AudioEncoder>;

/** Encoders are loaded when there is something to encode. */
const ENCODERS: { readonly [F in FileFormat | "raw"]: MakeEncoder } = {
  raw: rawEncoder,
  wav: wavEncoder,
  mp3: async (form) => (await import("./mp3/mp3_encoder.ts")).mp3Encoder(form),
  flac: async (form) => (await import("./flac/flac_encoder.ts")).flacEncoder(form),
  ogg: async (form) => (await import("./ogg/vorbis_encoder.ts")).vorbisEncoder(form),
  opus: async (form) => (await import("./ogg/opus_encoder.ts")).opusEncoder(form),
};

/** The rate at which a format holds audio of a rate. */
async function targetRate(format: FileFormat | "raw", sampleRate: number): Promise<number> {
  if (format !== "mp3" && format !== "opus") return sampleRate;
  const rates = format === "mp3"
    ? (await import("./mp3/frame_header.ts")).MP3_SAMPLE_RATES
    : (await import("./ogg/opus_encoder.ts")).OPUS_SAMPLE_RATES;
  return Math.min(48_000, ...rates.filter((rate) => rate >= sampleRate));
}
