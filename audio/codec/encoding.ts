/**
 * What the writers of all formats have in common.
 *
 * @module
 */

import { type AudioData, type Problem, StreamrackError } from "../../core/plugin.ts";
import type { OutputEncoding } from "../pcm/encodings.ts";

/** The form of audio that an encoder is made for. */
export interface EncoderForm {
  readonly sampleRate: number;
  readonly channels: number;
  /** How samples are written, in formats that have a choice. */
  readonly encoding: OutputEncoding;
  /** In kbit/s, for formats that lose something. */
  readonly bitrateKbps: number | undefined;
  /** Whether the beginning can be written anew at the end. */
  readonly canRewind: boolean;
}

/** Turns audio of one form into the bytes of one format. */
export interface AudioEncoder {
  /** What is ready of the file, given the next of the audio. */
  encode(audio: AudioData): Uint8Array;
  /** The rest of the file, and what its beginning should have been, if that is known only now. Called once, last. */
  finish(): { readonly rest: Uint8Array; readonly start?: Uint8Array | undefined };
  /** Gives memory back. Safe to repeat. */
  free(): void;
}

/** The error of audio that a format cannot hold. */
export function cannotHold(format: string, ...problems: Problem[]): StreamrackError {
  return new StreamrackError("invalid-data", `${format} cannot hold this audio`, {
    problems,
    remedy: "Put audio.channels or audio.resample in front, or write another format.",
  });
}

/** Throws unless a format has so many channels. */
export function checkChannels(format: string, channels: number, max: number): void {
  if (channels <= max) return;
  const problem = { path: "audio.channels", message: "are too many", received: `${channels}`, expected: `1 to ${max}` };
  throw cannotHold(format, problem);
}

/** One array of all the bytes. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
