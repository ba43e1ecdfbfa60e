/**
 * What is wrong with a media file, in words that tell its owner what to do.
 *
 * @module
 */

import { type ErrorReason, type Problem, StreamrackError } from "../../core/plugin.ts";

const CONVERT = "Convert it, for example: ffmpeg -i INPUT -c:a pcm_s16le OUTPUT.wav";
const COPY_AGAIN = "Copy or record it again; it was probably interrupted.";

/** A WAV file in a form that cannot be read. */
export function unreadableWav(name: string, ...problems: Problem[]): StreamrackError {
  return mediaError("invalid-media", `"${name}" is a WAV file that cannot be read`, problems, CONVERT);
}

/** A file that ends before its first sample. */
export function headerCutShort(name: string, expected: string, receivedBytes: number): StreamrackError {
  const received = `${receivedBytes} bytes`;
  const problem = { path: "header", message: "is cut short", received, expected };
  return mediaError("truncated-media", `"${name}" ends within its header`, [problem], COPY_AGAIN);
}

/** A file or stream that has fewer samples than it says, or stops within one. */
export function samplesCutShort(name: string, received: string, expected: string): StreamrackError {
  const problem = { path: "data", message: "is cut short", received, expected };
  return mediaError("truncated-media", `"${name}" ends too early`, [problem], COPY_AGAIN);
}

/** A file that is something else. */
export function notWav(name: string, start: DataView): StreamrackError {
  return notOf(name, start, { kind: "a WAV file", expected: '"RIFF", a size, then "WAVE"', remedy: CONVERT });
}

/** A file that begins as none of the formats that are read. */
export function notAudio(name: string, start: Uint8Array): StreamrackError {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const kind = "audio of a format that is read";
  return notOf(name, view, { kind, expected: "WAV, MP3, FLAC, Ogg Vorbis or Ogg Opus", remedy: CONVERT });
}

function notOf(
  name: string,
  start: DataView,
  { kind, expected, remedy }: { readonly kind: string; readonly expected: string; readonly remedy: string },
): StreamrackError {
  if (start.byteLength === 0) {
    const problem = { path: "header", message: "is missing", received: "0 bytes", expected: kind };
    const check = "Check the program that should have written it.";
    return mediaError("invalid-media", `"${name}" is empty`, [problem], check);
  }
  const guess = guessMedia(start);
  const problem = {
    path: "header",
    message: guess === undefined ? "begins as nothing that is known" : `looks like ${guess}`,
    received: JSON.stringify(latin1(start, 0, 4)),
    expected,
  };
  return mediaError("invalid-media", `"${name}" is not ${kind}`, [problem], remedy);
}

function mediaError(
  reason: Extract<ErrorReason, "invalid-media" | "truncated-media">,
  detail: string,
  problems: readonly Problem[],
  remedy: string,
): StreamrackError {
  return new StreamrackError(reason, detail, { problems, remedy });
}

function guessMedia(start: DataView): string | undefined {
  const first = latin1(start, 0, 4);
  if (first === "RIFX") return "a big-endian WAV";
  if (first === "RIFF") return "another kind of RIFF file, such as AVI or WebP";
  if (first.startsWith("ID3") || start.byteLength >= 2 && (start.getUint16(0) & 0xffe0) === 0xffe0) return "MP3";
  if (first === "OggS") return "Ogg";
  if (first === "fLaC") return "FLAC";
  if (first === "FORM") return "AIFF";
  if (first === "caff") return "Core Audio Format";
  if (first === "\x1aE\xdf\xa3") return "Matroska or WebM";
  if (latin1(start, 4, 8) === "ftyp") return "MP4 or M4A";
  return /^[\t\n\r\x20-\x7e]+$/.test(first) ? "text" : undefined;
}

/** The bytes of a range, each as the character of that code. */
export function latin1(view: DataView, start: number, end: number): string {
  let text = "";
  for (let at = start; at < Math.min(end, view.byteLength); at++) text += String.fromCharCode(view.getUint8(at));
  return text;
}
