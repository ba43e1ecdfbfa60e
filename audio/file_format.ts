/**
 * The formats of audio files, told by name and by content.
 *
 * @module
 */

import { isOgg } from "./ogg/read_pages.ts";
import { parseFrameHeader } from "./mp3/frame_header.ts";

/** Formats that are read and written: `"ogg"` is Ogg Vorbis when it is written, Vorbis or Opus when it is read. */
export const FILE_FORMATS = ["wav", "mp3", "flac", "ogg", "opus"] as const;

/** A format of audio files. */
export type FileFormat = typeof FILE_FORMATS[number];

/** Each extension, with its dot, and what it stands for. */
export const AUDIO_EXTENSIONS: { readonly [extension: string]: FileFormat } = {
  ".wav": "wav",
  ".wave": "wav",
  ".mp3": "mp3",
  ".flac": "flac",
  ".ogg": "ogg",
  ".oga": "ogg",
  ".opus": "opus",
};

/** The format that a name stands for; `undefined` for another extension. */
export function formatOfName(name: string): FileFormat | undefined {
  const extension = /\.[^./\\]*$/.exec(name)?.[0].toLowerCase() ?? "";
  return Object.hasOwn(AUDIO_EXTENSIONS, extension) ? AUDIO_EXTENSIONS[extension] : undefined;
}

/** How many bytes {@linkcode formatOfContent} looks at. */
export const SNIFFED_BYTES = 12;

/** The format that a file begins as; `undefined` if it begins as none. */
export function formatOfContent(start: Uint8Array): Exclude<FileFormat, "opus"> | undefined {
  const text = String.fromCharCode(...start.subarray(0, SNIFFED_BYTES));
  if (/^(?:RIFF|RF64|BW64)/.test(text) && (text.length < 12 || text.endsWith("WAVE"))) return "wav";
  if (isOgg(start)) return "ogg";
  if (text.startsWith("fLaC")) return "flac";
  return text.startsWith("ID3") || parseFrameHeader(start) !== undefined ? "mp3" : undefined;
}
