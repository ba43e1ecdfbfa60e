/**
 * Reads the header of a WAV file: RIFF, RF64 and BW64; plain and extensible formats.
 *
 * @module
 */

import type { Problem } from "../../core/plugin.ts";
import { type ByteSource, skip } from "../io/byte_source.ts";
import { CHANNELS_MAX, type Encoding, type PcmFormat, SAMPLE_RATE_MAX_HZ, sampleBytes } from "./encodings.ts";
import { headerCutShort, latin1, notWav, unreadableWav } from "./media_error.ts";

/** What the header says. */
export interface WavHeader extends PcmFormat {
  /** Bytes of samples that follow; `undefined`: to the end of the source. */
  readonly dataBytes: number | undefined;
  /** Position of the first sample in the source. */
  readonly dataStart: number;
}

/** The format tags that are written, too. */
export const TAG_PCM = 1;
export const TAG_FLOAT = 3;
const TAG_ALAW = 6;
const TAG_MULAW = 7;
const TAG_EXTENSIBLE = 0xfffe;

/** Size that stands for "see ds64" in RF64, and for "unknown" in a pipe. */
export const SIZE_UNKNOWN = 0xffff_ffff;

const CODINGS: { readonly [tag: number]: { readonly [bits: number]: Encoding } } = {
  [TAG_PCM]: { 8: "u8", 16: "s16", 24: "s24", 32: "s32" },
  [TAG_FLOAT]: { 32: "f32", 64: "f64" },
  [TAG_ALAW]: { 8: "alaw" },
  [TAG_MULAW]: { 8: "mulaw" },
};

/**
 * Reads a source up to its first sample.
 *
 * @throws {StreamrackError} `invalid-media` if it is no WAV that can be read, `truncated-media` if it ends too early.
 */
export async function readWavHeader(source: ByteSource): Promise<WavHeader> {
  const start = await readUpTo(source, 12);
  const magic = latin1(start, 0, 4);
  const isLarge = magic === "RF64" || magic === "BW64";
  if (!isLarge && magic !== "RIFF" || start.byteLength === 12 && latin1(start, 8, 12) !== "WAVE") {
    throw notWav(source.name, start);
  }
  if (start.byteLength < 12) throw headerCutShort(source.name, `the 12 bytes of its first header`, start.byteLength);

  let position = 12;
  let riffBytes = start.getUint32(4, true);
  let largeDataBytes: number | undefined;
  let format: PcmFormat | undefined;
  for (;;) {
    const head = await readUpTo(source, 8);
    if (head.byteLength < 8) {
      throw headerCutShort(
        source.name,
        format === undefined ? `the chunk "fmt "` : `the chunk "data"`,
        head.byteLength,
      );
    }
    position += 8;
    const id = latin1(head, 0, 4);
    const size = head.getUint32(4, true);
    if (id === "data") {
      if (format === undefined) {
        throw unreadableWav(source.name, {
          path: "data",
          message: "comes before the format of the audio is known",
          expected: 'the chunk "fmt " first',
        });
      }
      const declared = isLarge && size === SIZE_UNKNOWN && largeDataBytes !== undefined ? largeDataBytes : size;
      const isOpenEnded = largeDataBytes === undefined
        ? isPlaceholder(size, riffBytes, position)
        : !Number.isSafeInteger(declared);
      return { ...format, dataBytes: isOpenEnded ? undefined : declared, dataStart: position };
    }
    const wanted = id === "fmt " ? FMT_BYTES_MAX : id === "ds64" ? DS64_BYTES : 0;
    const body = await readUpTo(source, Math.min(size, wanted));
    if (id === "fmt ") {
      if (body.byteLength < Math.min(size, wanted)) {
        throw headerCutShort(source.name, `the chunk "fmt "`, body.byteLength);
      }
      format = parseFormat(source, body);
    } else if (id === "ds64" && isLarge && body.byteLength === DS64_BYTES) {
      riffBytes = Number(body.getBigUint64(0, true));
      largeDataBytes = Number(body.getBigUint64(8, true));
    }
    // Chunks begin at even positions.
    const rest = size + (size & 1) - body.byteLength;
    await skip(source, rest);
    position += body.byteLength + rest;
  }
}

const FMT_BYTES_MIN = 14;
const FMT_BYTES_MAX = 40;
const DS64_BYTES = 16;

/**
 * Whether the size of the data is what programs write that cannot seek back:
 * ffmpeg all ones (less the header), SoX and ALSA a little less than 2 GiB,
 * others 0. An honest 0 is told by the RIFF size: it reaches past the data's head.
 */
function isPlaceholder(dataBytes: number, riffBytes: number, dataStart: number): boolean {
  if (dataBytes === 0) return riffBytes === 0 || riffBytes === SIZE_UNKNOWN || riffBytes + 8 <= dataStart;
  return dataBytes >= 0xffff_ff00 || dataBytes >= 0x7fff_e000 && dataBytes <= 0x8000_0000;
}

function parseFormat(source: ByteSource, body: DataView): PcmFormat {
  const size = body.byteLength;
  if (size < FMT_BYTES_MIN) {
    throw unreadableWav(source.name, {
      path: "fmt.size",
      message: "is too small for a description of the format",
      received: `${size} bytes`,
      expected: "16, 18 or 40 bytes",
    });
  }
  let tag = body.getUint16(0, true);
  const channels = body.getUint16(2, true);
  const sampleRate = body.getUint32(4, true);
  const blockAlign = body.getUint16(12, true);
  const bits = size >= 16 ? body.getUint16(14, true) : 8;
  // The extensible form keeps the real tag in the first two bytes of its sub-format.
  if (tag === TAG_EXTENSIBLE && size >= 26) tag = body.getUint16(24, true);

  const problems: Problem[] = [];
  const expect = (holds: boolean, path: string, message: string, received: string, expected: string) => {
    if (!holds) problems.push({ path, message, received, expected });
  };
  expect(
    channels >= 1 && channels <= CHANNELS_MAX,
    "fmt.channels",
    "is not a number of channels",
    `${channels}`,
    `1 to ${CHANNELS_MAX}`,
  );
  expect(
    sampleRate >= 1 && sampleRate <= SAMPLE_RATE_MAX_HZ,
    "fmt.sampleRate",
    "is not a sample rate",
    `${sampleRate} Hz`,
    `1 to ${SAMPLE_RATE_MAX_HZ} Hz`,
  );
  const depths = CODINGS[tag];
  // Depths between whole bytes, such as 12 or 20, are stored left-aligned in the next wider one.
  const encoding = depths?.[Math.ceil(bits / 8) * 8];
  if (depths === undefined) {
    const expected = "1 (PCM), 3 (float), 6 (A-law) or 7 (µ-law)";
    expect(false, "fmt.formatTag", "is an encoding that cannot be read", `${tag}`, expected);
  } else if (encoding === undefined) {
    const expected = Object.keys(depths).join(", ");
    expect(false, "fmt.bitsPerSample", "is not a depth of this encoding", `${bits}`, expected);
  } else if (channels > 0) {
    const bytes = sampleBytes(encoding) * channels;
    const expected = `${bytes} bytes for ${channels} × ${bits} bits`;
    expect(blockAlign === bytes, "fmt.blockAlign", "does not fit channels and bits", `${blockAlign} bytes`, expected);
  }
  if (encoding === undefined || problems.length > 0) throw unreadableWav(source.name, ...problems);
  return { encoding, channels, sampleRate };
}

async function readUpTo(source: ByteSource, bytes: number): Promise<DataView> {
  const target = new Uint8Array(bytes);
  const read = await source.read(target);
  return new DataView(target.buffer, 0, read);
}
