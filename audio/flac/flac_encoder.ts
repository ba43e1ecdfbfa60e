/**
 * Encodes FLAC by libFLAC.
 *
 * @module
 */

import { convertFormat } from "../../core/data/audio.ts";
import { type AudioEncoder, cannotHold, checkChannels, type EncoderForm, joinBytes } from "../codec/encoding.ts";
import { STREAMINFO_BYTES } from "./stream_info.ts";

const CHANNELS_MAX = 8;
/** What 20 bits hold, less what the format does not allow. */
const SAMPLE_RATE_MAX_HZ = 655_350;
const COMPRESSION = 5;
const FRAMES_PER_CALL = 4096;
/** Where the block begins in a file: behind "fLaC" and the head of the block. */
const STREAMINFO_AT = 8;

/** Frames, sizes and checksum: what the encoder knows at the end. */
interface EncoderMetadata {
  readonly min_framesize: number;
  readonly max_framesize: number;
  readonly total_samples: number;
  readonly md5sum: string;
}

/**
 * Makes an encoder with 16 or 24 bits. Where the beginning can be written
 * anew, the file says its length and its checksum; elsewhere "unknown".
 */
export async function flacEncoder(form: EncoderForm): Promise<AudioEncoder> {
  const { sampleRate, channels, encoding, canRewind } = form;
  checkChannels("FLAC", channels, CHANNELS_MAX);
  const isRate = Number.isInteger(sampleRate) && sampleRate <= SAMPLE_RATE_MAX_HZ;
  if (!isRate || encoding !== "s16" && encoding !== "s24") {
    throw cannotHold("FLAC", {
      path: isRate ? "encoding" : "audio.sampleRate",
      message: "is out of reach",
      received: isRate ? encoding : `${sampleRate} Hz`,
      expected: isRate ? "s16 or s24" : `whole hertz, at most ${SAMPLE_RATE_MAX_HZ}`,
    });
  }
  const bits = encoding === "s16" ? 16 : 24;
  const Flac = (await import("libflacjs/dist/libflac.js")).default;
  if (!Flac.isReady()) await new Promise<void>((resolve) => Flac.on("ready", () => resolve()));
  const encoder = Flac.create_libflac_encoder(sampleRate, channels, bits, COMPRESSION, 0, false, 0);
  if (encoder === 0) throw new Error("libFLAC could not make an encoder");

  const parts: Uint8Array[] = [];
  const takeParts = () => joinBytes(parts.splice(0));
  let start: Uint8Array | undefined;
  let final: EncoderMetadata | undefined;
  const status = Flac.init_encoder_stream(
    encoder,
    (bytes: Uint8Array) => {
      const copy = Uint8Array.from(bytes);
      // The first bytes are kept: they are written anew.
      if (start === undefined || start.length < STREAMINFO_AT + STREAMINFO_BYTES) {
        start = joinBytes([...start ? [start] : [], copy]);
      }
      parts.push(copy);
    },
    (metadata) => final = metadata as unknown as EncoderMetadata,
  );
  if (status !== 0) throw new Error(`libFLAC could not begin: status ${status}`);
  let isFree = false;

  return {
    encode(audio) {
      const { samples } = convertFormat(audio, bits === 16 ? "i16" : "i32");
      const shift = bits === 16 ? 0 : 8;
      const step = FRAMES_PER_CALL * channels;
      for (let at = 0; at < samples.length; at += step) {
        const integers = Int32Array.from(samples.subarray(at, at + step), shift === 0 ? (s) => s : to24);
        if (!Flac.FLAC__stream_encoder_process_interleaved(encoder, integers, integers.length / channels)) {
          throw new Error("libFLAC could not encode");
        }
      }
      return takeParts();
    },
    finish() {
      Flac.FLAC__stream_encoder_finish(encoder);
      const rest = takeParts();
      if (!canRewind || start === undefined || final === undefined) return { rest };
      return { rest, start: completed(start.slice(0, STREAMINFO_AT + STREAMINFO_BYTES), final) };
    },
    free() {
      if (!isFree) Flac.FLAC__stream_encoder_delete(encoder);
      isFree = true;
    },
  };
}

/** Rounds to 24 bits; the top of the range would wrap, so it is held. */
function to24(sample: number): number {
  return Math.min(0x7f_ffff, Math.floor((sample + 0x80) / 0x100));
}

/** The beginning of the file, with sizes of frames, length and checksum filled in. */
function completed(
  start: Uint8Array,
  { min_framesize, max_framesize, total_samples, md5sum }: EncoderMetadata,
): Uint8Array {
  const view = new DataView(start.buffer, STREAMINFO_AT);
  const setUint24 = (at: number, value: number) => {
    view.setUint8(at, value >> 16);
    view.setUint16(at + 1, value & 0xffff);
  };
  setUint24(4, min_framesize);
  setUint24(7, max_framesize);
  view.setUint8(13, view.getUint8(13) & 0xf0 | Math.floor(total_samples / 2 ** 32) & 15);
  view.setUint32(14, total_samples % 2 ** 32);
  for (let i = 0; i < 16; i++) view.setUint8(18 + i, Number.parseInt(md5sum.slice(2 * i, 2 * i + 2), 16));
  return start;
}
