/**
 * Images in the form in which services take them.
 *
 * @module
 */

import { encode } from "fast-png";
import { type ImageInput, runnerError } from "../../runners/mod.ts";

/** How files of each format begin. */
const FORMATS: readonly (readonly [mimeType: string, matches: (bytes: Uint8Array) => boolean])[] = [
  ["image/png", (bytes) => startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ["image/jpeg", (bytes) => startsWith(bytes, [0xff, 0xd8, 0xff])],
  ["image/gif", (bytes) => startsWith(bytes, [0x47, 0x49, 0x46, 0x38])],
  ["image/webp", (bytes) => startsWith(bytes, ascii("RIFF")) && startsWith(bytes.subarray(8), ascii("WEBP"))],
];
/** Bytes per pixel of the frames that can be sent. */
const CHANNELS: { readonly [pixelFormat: string]: 1 | 3 | 4 } = { gray8: 1, rgb24: 3, rgba32: 4 };
const IMAGE_MAX_BYTES = 20 << 20;

/**
 * A `data:` URL of an image. Bytes go as they are, a frame as PNG.
 *
 * @throws {StreamrackError} `invalid-data` (E400) for what is no image.
 */
export function toDataUrl(image: ImageInput): string {
  const { mimeType, bytes } = image.type === "video" ? encodeFrame(image) : identify(image.bytes);
  if (bytes.byteLength <= IMAGE_MAX_BYTES) return `data:${mimeType};base64,${toBase64(bytes)}`;
  throw notAnImage("is too large", `${bytes.byteLength} bytes`, `at most ${IMAGE_MAX_BYTES} bytes`);
}

function identify(bytes: Uint8Array): { readonly mimeType: string; readonly bytes: Uint8Array } {
  // What the bytes say counts: a media type that came along may be wrong.
  const format = FORMATS.find(([, matches]) => matches(bytes));
  if (format !== undefined) return { mimeType: format[0], bytes };
  const head = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw notAnImage("is no image", head === "" ? "no bytes" : `bytes that begin ${head}`, "PNG, JPEG, GIF or WebP");
}

function encodeFrame(frame: ImageInput & { readonly type: "video" }) {
  const { width, height, pixels, pixelFormat } = frame;
  const channels = CHANNELS[pixelFormat];
  if (channels === undefined) {
    throw notAnImage("has a pixel format that cannot be sent", pixelFormat, Object.keys(CHANNELS).join(", "));
  }
  if (pixels.length !== width * height * channels) {
    throw notAnImage("has another size than it says", `${pixels.length} bytes`, `${width * height * channels} bytes`);
  }
  return { mimeType: "image/png", bytes: encode({ width, height, data: pixels, channels, depth: 8 }) };
}

function notAnImage(message: string, received: string, expected: string): Error {
  const problems = [{ path: "inputs.image", message, received, expected }];
  return runnerError("E400", "the image cannot be used", { problems });
}

function startsWith(bytes: Uint8Array, head: readonly number[]): boolean {
  return head.every((byte, i) => bytes[i] === byte);
}

function ascii(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  // In parts: a call takes no more arguments than the stack has room for.
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}
