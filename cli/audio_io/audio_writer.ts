/**
 * Writes audio as it comes: WAV, or raw samples.
 *
 * @module
 */

import { type AudioData, StreamrackError } from "../../core/plugin.ts";
import type { ByteSink } from "./byte_sink.ts";
import { encode, frameBytes, naturalEncoding, type OutputEncoding, type PcmFormat } from "./encodings.ts";
import { writeWavHeader } from "./write_wav_header.ts";

/** What {@linkcode AudioWriter} may be told. */
export interface AudioWriterOptions {
  /** Default: the one that keeps the first chunk as it is. */
  readonly encoding?: OutputEncoding | undefined;
  /** Default: `"wav"`. */
  readonly container?: "wav" | "raw" | undefined;
}

interface WrittenFormat extends PcmFormat {
  readonly encoding: OutputEncoding;
}

/** Rate and channels of a WAV that no audio came for. */
const SILENT_FORMAT = { sampleRate: 48_000, channels: 1 } as const;

/**
 * Writes audio to a sink. Rate and channels are those of the first chunk. To
 * a file the sizes are filled in at the end, as RF64 if it has grown beyond
 * 4 GiB; to a pipe they stay "unknown".
 */
export class AudioWriter {
  readonly #sink: ByteSink;
  readonly #encoding: OutputEncoding | undefined;
  readonly #isWav: boolean;
  #format: WrittenFormat | undefined;
  #dataBytes = 0;

  constructor(sink: ByteSink, options: AudioWriterOptions = {}) {
    this.#sink = sink;
    this.#encoding = options.encoding;
    this.#isWav = (options.container ?? "wav") === "wav";
  }

  /** Frames written so far. */
  get frames(): number {
    return this.#format === undefined ? 0 : this.#dataBytes / frameBytes(this.#format);
  }

  /** Format of the audio, once some has come. */
  get format(): PcmFormat | undefined {
    return this.#format;
  }

  /**
   * Writes one chunk.
   *
   * @throws {StreamrackError} `invalid-data` if it has another rate or number of channels than the first.
   */
  async write(audio: AudioData): Promise<void> {
    const format = this.#format ?? await this.#begin(audio, this.#encoding ?? naturalEncoding(audio.format));
    this.#checkUnchanged(format, audio);
    const bytes = encode(audio, format.encoding);
    await this.#sink.write(bytes);
    this.#dataBytes += bytes.length;
  }

  /**
   * Completes the output and commits it. A WAV that no audio came for is valid and empty.
   *
   * @param ifEmpty Rate and channels of such a WAV.
   */
  async finish(ifEmpty: Pick<PcmFormat, "sampleRate" | "channels"> = SILENT_FORMAT): Promise<void> {
    if (this.#isWav) {
      const format = this.#format ?? await this.#begin(ifEmpty, this.#encoding ?? "s16");
      if (this.#sink.writeStart !== undefined) {
        if (this.#dataBytes % 2 === 1) await this.#sink.write(new Uint8Array(1));
        await this.#sink.writeStart(writeWavHeader(format, { dataBytes: this.#dataBytes, canGrowLarge: true }));
      }
    }
    await this.#sink.commit();
  }

  /** Leaves nothing behind. */
  discard(): Promise<void> {
    return this.#sink.discard();
  }

  async #begin(audio: Pick<AudioData, "sampleRate" | "channels">, encoding: OutputEncoding): Promise<WrittenFormat> {
    const format = { encoding, channels: audio.channels, sampleRate: audio.sampleRate };
    this.#format = format;
    if (this.#isWav) {
      await this.#sink.write(writeWavHeader(format, { canGrowLarge: this.#sink.writeStart !== undefined }));
    }
    return format;
  }

  #checkUnchanged(format: WrittenFormat, audio: AudioData): void {
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
