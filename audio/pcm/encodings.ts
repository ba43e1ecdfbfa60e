/**
 * The encodings of PCM samples in files and pipes, and how they map to the
 * three sample formats of a pipeline. Every mapping is lossless but for 64-bit
 * floats. All encodings are little-endian, as are the processors that Deno,
 * Bun and Node run on: where the widths agree, decoding is a change of view.
 *
 * @module
 */

import { type AudioData, type AudioFormat, convertFormat } from "../../core/plugin.ts";

export { CHANNELS_MAX, SAMPLE_RATE_MAX_HZ } from "../../core/data/validate.ts";

type Samples = Float32Array | Int16Array | Int32Array;

interface Codec {
  /** Bytes of one sample of one channel. */
  readonly bytes: number;
  /** The format of a pipeline that holds it. */
  readonly format: AudioFormat;
  /** Turns a buffer that holds whole samples into samples; may reuse the buffer. */
  decode(buffer: ArrayBuffer): Samples;
}

/** How samples are encoded in a file or pipe: unsigned and signed integers, floats, and the laws of ITU-T G.711. */
export type Encoding = "u8" | "alaw" | "mulaw" | "s16" | "s24" | "s32" | "f32" | "f64";

const CODECS: { readonly [E in Encoding]: Codec } = {
  u8: { bytes: 1, format: "i16", decode: (buffer) => widen(buffer, (byte) => (byte - 128) << 8) },
  alaw: { bytes: 1, format: "i16", decode: (buffer) => widen(buffer, alawToLinear) },
  mulaw: { bytes: 1, format: "i16", decode: (buffer) => widen(buffer, mulawToLinear) },
  s16: { bytes: 2, format: "i16", decode: (buffer) => new Int16Array(buffer) },
  s24: { bytes: 3, format: "i32", decode: unpack24 },
  s32: { bytes: 4, format: "i32", decode: (buffer) => new Int32Array(buffer) },
  f32: { bytes: 4, format: "f32", decode: (buffer) => new Float32Array(buffer) },
  f64: { bytes: 8, format: "f32", decode: (buffer) => Float32Array.from(new Float64Array(buffer)) },
};

/** An encoding that is written. */
export type OutputEncoding = "s16" | "s24" | "s32" | "f32";

/** The encodings that are written. */
export const OUTPUT_ENCODINGS: readonly OutputEncoding[] = ["s16", "s24", "s32", "f32"];

/** What has to be known of PCM to read it. */
export interface PcmFormat {
  readonly encoding: Encoding;
  /** 1 to 255. */
  readonly channels: number;
  /** In hertz. */
  readonly sampleRate: number;
}

/** The format of a pipeline that holds what is encoded so. */
export function formatOf(encoding: Encoding): AudioFormat {
  return CODECS[encoding].format;
}

/** Bytes of one sample of one channel. */
export function sampleBytes(encoding: Encoding): number {
  return CODECS[encoding].bytes;
}

/** Bytes of one sample of every channel. */
export function frameBytes(format: Pick<PcmFormat, "encoding" | "channels">): number {
  return CODECS[format.encoding].bytes * format.channels;
}

/** Turns bytes into samples. The buffer is handed over: the samples may lie in it. */
export function decode(buffer: ArrayBuffer, encoding: Encoding): Samples {
  return CODECS[encoding].decode(buffer);
}

/** The encoding that keeps audio of a format as it is. */
export function naturalEncoding(format: AudioFormat): OutputEncoding {
  return ({ i16: "s16", i32: "s32", f32: "f32" } as const)[format];
}

/** Turns audio of any format into bytes. They may lie in the memory of the audio. */
export function encode(audio: AudioData, encoding: OutputEncoding): Uint8Array {
  const { samples } = convertFormat(audio, CODECS[encoding].format);
  if (encoding === "s24") return pack24(samples as Int32Array);
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

function widen(buffer: ArrayBuffer, toLinear: (byte: number) => number): Int16Array {
  return Int16Array.from(new Uint8Array(buffer), toLinear);
}

/** ITU-T G.711 A-law: even bits inverted; sign, 3 bits of exponent, 4 of mantissa; 13 bits, left-aligned. */
function alawToLinear(byte: number): number {
  const code = byte ^ 0x55;
  const exponent = (code >> 4) & 7;
  const mantissa = ((code & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (code & 0x80) === 0 ? -magnitude : magnitude;
}

/** ITU-T G.711 µ-law: all bits inverted, a bias of 33; 14 bits, left-aligned. */
function mulawToLinear(byte: number): number {
  const code = ~byte;
  const magnitude = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
  return (code & 0x80) === 0 ? magnitude : -magnitude;
}

function unpack24(buffer: ArrayBuffer): Int32Array {
  const bytes = new Uint8Array(buffer);
  const samples = new Int32Array(bytes.length / 3);
  for (let i = 0, at = 0; i < samples.length; i++, at += 3) {
    samples[i] = (bytes[at] as number) << 8 | (bytes[at + 1] as number) << 16 | (bytes[at + 2] as number) << 24;
  }
  return samples;
}

const MAX_24 = 0x7fffff;

function pack24(samples: Int32Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 3);
  for (let i = 0, at = 0; i < samples.length; i++) {
    // Half of the lost width rounds; the top of the range would wrap, so it is held.
    const sample = Math.min(MAX_24, Math.floor(((samples[i] as number) + 0x80) / 0x100));
    bytes[at++] = sample;
    bytes[at++] = sample >> 8;
    bytes[at++] = sample >> 16;
  }
  return bytes;
}
