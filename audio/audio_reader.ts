/**
 * Audio that is read once, from the front, whatever it is encoded in.
 *
 * @module
 */

import type { AudioData, StreamrackError } from "../core/plugin.ts";
import type { PcmFormat } from "./pcm/encodings.ts";

/** What an open file or stream of audio is read through. */
export interface AudioReader {
  readonly format: PcmFormat;
  /** Length in frames, where it is known beforehand. */
  readonly totalFrames: number | undefined;
  /**
   * What was found wrong so far; `undefined` while nothing was. Complete when
   * the chunks have ended.
   */
  readonly damage: StreamrackError | undefined;
  /**
   * What the samples cannot hold of a file that is whole, in a few words:
   * integers of more than 24 bits in FLAC, floats of 64 bits in WAV.
   * `undefined`: they hold everything.
   */
  readonly loss: string | undefined;
  /**
   * The audio in chunks of so many frames; the last may be shorter. Bytes are
   * read only as chunks are asked for. May be called once.
   *
   * A file that is cut short or damaged gives the part that can be decoded;
   * then, unless it was opened with `onDamage: "keep"`, the loop throws
   * {@linkcode AudioReader.damage}.
   */
  chunks(chunkFrames: number): AsyncGenerator<AudioData, void, void>;
  /** Ends the use of the source. Safe to repeat. */
  close(): Promise<void>;
}
