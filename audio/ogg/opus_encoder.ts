/**
 * Encodes Ogg Opus (RFC 7845) by libopus.
 *
 * @module
 */

import { convertFormat } from "../../core/data/audio.ts";
import { type AudioEncoder, checkChannels, type EncoderForm, joinBytes } from "../codec/encoding.ts";
import { newSerial, PageWriter, piecesOf } from "./page_writer.ts";

/** The rates that libopus takes, in hertz. */
export const OPUS_SAMPLE_RATES: readonly number[] = [8000, 12_000, 16_000, 24_000, 48_000];

/** All positions in the file count at this rate. */
const GRANULE_RATE = 48_000;
const PACKET_MS = 20;
/** Packets on a page: a second. */
const PACKETS_PER_PAGE = 50;
const DEFAULT_KBPS_PER_CHANNEL = 64;
const SET_BITRATE = 4002;
const GET_LOOKAHEAD = 4027;

/** The part of the package that is used; its own declarations do not cover its WebAssembly build. */
interface OpusModule {
  readonly Encoder: new (options: { channels: number; sample_rate: number; application: "audio" }) => {
    /** Sets, or without a value gets. */
    ctl(command: number, value?: number): number;
    /** Encodes the samples of one packet. */
    encode(samples: Int16Array): Uint8Array;
    /** Frees. */
    drop(): void;
  };
}

/** Makes an encoder for one of {@linkcode OPUS_SAMPLE_RATES}. */
export async function opusEncoder(form: EncoderForm): Promise<AudioEncoder> {
  const { sampleRate, channels } = form;
  checkChannels("Opus", channels, 2);
  const { Encoder }: OpusModule = await import("@evan/opus/wasm/index.mjs");
  const encoder = new Encoder({ channels, sample_rate: sampleRate, application: "audio" });
  encoder.ctl(SET_BITRATE, Math.round(bitrateBps(form)));
  const factor = GRANULE_RATE / sampleRate;
  const lookahead = encoder.ctl(GET_LOOKAHEAD);
  const preSkip = lookahead * factor;

  const pages = new PageWriter(newSerial());
  const packetFrames = sampleRate * PACKET_MS / 1000;
  const packet = new Int16Array(packetFrames * channels);
  let filled = 0;
  let framesIn = 0;
  let packetsOut = 0;
  const waiting: Uint8Array[] = [];
  const parts: Uint8Array[] = [
    pages.page([opusHead(form, preSkip)], { granule: 0, isFirst: true }),
    pages.page([opusTags()], { granule: 0 }),
  ];
  const takeParts = () => joinBytes(parts.splice(0));

  const endPacket = () => {
    waiting.push(encoder.encode(packet).slice());
    filled = 0;
  };
  // At least one packet waits for the end, since the last page has to be marked.
  const emitPages = () => {
    while (waiting.length > PACKETS_PER_PAGE) {
      const taken = takePage();
      packetsOut += taken.length;
      parts.push(pages.page(taken, { granule: packetsOut * packetFrames * factor }));
    }
  };
  const takePage = () => {
    let count = 0;
    for (let pieces = 0; count < Math.min(PACKETS_PER_PAGE, waiting.length); count++) {
      pieces += piecesOf(waiting[count] as Uint8Array);
      if (pieces > 255) break;
    }
    return waiting.splice(0, count);
  };
  let isFree = false;

  return {
    encode(audio) {
      const { samples } = convertFormat(audio, "i16");
      framesIn += samples.length / channels;
      for (let read = 0; read < samples.length;) {
        const taken = samples.subarray(read, read + packet.length - filled);
        packet.set(taken, filled);
        filled += taken.length;
        read += taken.length;
        if (filled === packet.length) endPacket();
      }
      emitPages();
      return takeParts();
    },
    finish() {
      // The encoder is behind by its look-ahead: so much silence brings the end out.
      const endFrames = framesIn + lookahead;
      while ((packetsOut + waiting.length) * packetFrames < endFrames) {
        packet.fill(0, filled);
        endPacket();
      }
      while (waiting.length > 0 || framesIn === 0) {
        const taken = takePage();
        packetsOut += taken.length;
        const isLast = waiting.length === 0;
        const granule = isLast ? endFrames * factor : packetsOut * packetFrames * factor;
        parts.push(pages.page(taken, { granule, isLast }));
        if (isLast) break;
      }
      return { rest: takeParts() };
    },
    free() {
      if (!isFree) encoder.drop();
      isFree = true;
    },
  };
}

function bitrateBps({ bitrateKbps, channels }: EncoderForm): number {
  return 1000 * Math.min(Math.max(bitrateKbps ?? DEFAULT_KBPS_PER_CHANNEL * channels, 6), 255 * channels);
}

/** RFC 7845, section 5.1. */
function opusHead({ channels, sampleRate }: EncoderForm, preSkip: number): Uint8Array {
  const head = new Uint8Array(19);
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode("OpusHead"));
  view.setUint8(8, 1);
  view.setUint8(9, channels);
  view.setUint16(10, preSkip, true);
  view.setUint32(12, sampleRate, true);
  return head;
}

/** RFC 7845, section 5.2: who has written it, and no comment. */
function opusTags(): Uint8Array {
  const vendor = new TextEncoder().encode("libopus, Streamrack");
  const tags = new Uint8Array(8 + 4 + vendor.length + 4);
  tags.set(new TextEncoder().encode("OpusTags"));
  new DataView(tags.buffer).setUint32(8, vendor.length, true);
  tags.set(vendor, 12);
  return tags;
}
