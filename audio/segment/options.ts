/**
 * What the methods of an AudioSegment take.
 *
 * @module
 */

import type { AudioFormat, StreamrackError } from "../../core/plugin.ts";
import type { OpenAudioOptions } from "../open_audio.ts";

/** How a file is read into an AudioSegment. */
export interface ReadSegmentOptions extends OpenAudioOptions {
  /** Most bytes of samples (4 for each) that it may decode to. Default: 2 GiB, 93 minutes of stereo at 48 kHz. */
  readonly maxBytes?: number | undefined;
}

/** How segments lie on each other. */
export interface OverlayOptions {
  /** Where the other begins, in milliseconds from the start; within the segment. Default: 0. */
  readonly positionMs?: number | undefined;
  /** Gain of the other, in decibels. Default: 0. */
  readonly gainDb?: number | undefined;
  /** Whether the other is repeated to the end. Default: `false`. */
  readonly loop?: boolean | undefined;
}

/** How the level changes. */
export interface FadeOptions {
  /** Gain before it, in decibels; -120 is silence. Default: 0. */
  readonly fromDb?: number | undefined;
  /** Gain behind it, in decibels; -120 is silence. Default: 0. */
  readonly toDb?: number | undefined;
  /** Where it begins, in milliseconds. Default: 0. */
  readonly startMs?: number | undefined;
  /** Where it ends, in milliseconds. Default: the end of the segment. */
  readonly endMs?: number | undefined;
}

/** What an AudioSegment is made of. */
export interface SegmentInit {
  /** Interleaved floats with full scale ±1. Used as they are, and not to be changed any more. */
  readonly samples: Float32Array;
  /** In hertz. */
  readonly sampleRate: number;
  /** 1 to 255. Default: 1. */
  readonly channels?: number | undefined;
  /** The format in which it is written and given to nodes where nothing else is said. Default: `"f32"`. */
  readonly sampleFormat?: AudioFormat | undefined;
  /** What was found wrong with the file that they were read of. */
  readonly damage?: StreamrackError | undefined;
  /** What floats cannot hold of that file. */
  readonly loss?: string | undefined;
}
