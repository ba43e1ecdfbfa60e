/**
 * Decodes Ogg Opus (RFC 7845) by libopus, at 48 kHz.
 *
 * @module
 */

import { callDecoder, type DamageLog, type Decoding, type Planes, unreadable } from "../codec/decoding.ts";
import type { OggStream } from "./ogg_stream.ts";
import { PacketReader } from "./read_pages.ts";

/** What the header of a stream says. */
interface OpusHead {
  readonly channels: number;
  /** Samples at the beginning that are not to be heard. */
  readonly preSkip: number;
  /** Factor for every sample. */
  readonly gain: number;
  readonly streamCount: number;
  readonly coupledStreamCount: number;
  readonly channelMappingTable: number[];
}

const SAMPLE_RATE = 48_000;

/** @throws {StreamrackError} `invalid-media` for a header that cannot be read. */
export async function openOpus(stream: OggStream, damage: DamageLog): Promise<Decoding> {
  const head = parseHead(stream);
  const { OpusDecoder } = await import("opus-decoder");

  const makeDecoder = async ({ channels, streamCount, coupledStreamCount, channelMappingTable }: OpusHead) => {
    const decoder = new OpusDecoder({
      sampleRate: SAMPLE_RATE,
      channels,
      streamCount,
      coupledStreamCount,
      channelMappingTable,
    });
    await decoder.ready;
    return decoder;
  };
  let decoder = await makeDecoder(head);

  async function* decodeStream(part: OggStream, { preSkip, gain, channels }: OpusHead): AsyncGenerator<Planes> {
    const packets = new PacketReader();
    let framesDone = 0; // given out, or left out at the beginning
    let headersLeft = 1; // the tags
    /** The granule of the first page of audio minus its samples: not 0 where a recording was cut out of a longer one. */
    let startGranule: number | undefined;
    for await (const { page, isGap } of part.pages()) {
      const found = packets.packets(page, isGap);
      if (isGap) damage.add(`page ${page.sequence}`, "has no page before it");
      while (headersLeft > 0 && found.length > 0) {
        found.shift();
        headersLeft -= 1;
      }
      const pieces: Planes[] = [];
      let pageFrames = 0;
      for (const { bytes } of found) {
        if (bytes.length === 0) continue;
        if (bytes.length > PACKET_MAX_BYTES * channels) {
          damage.add(`page ${page.sequence}`, "has a packet that is too long", { received: `${bytes.length} bytes` });
          continue;
        }
        const { channelData, samplesDecoded, errors } = callDecoder(() => decoder.decodeFrame(bytes));
        if (errors.length > 0) {
          damage.add(`page ${page.sequence}`, `has a packet that cannot be decoded (${errors[0]?.message})`);
        }
        if (samplesDecoded === 0) continue;
        pageFrames += samplesDecoded;
        pieces.push(channelData);
      }
      if (startGranule === undefined && page.granule >= 0 && pageFrames > 0) {
        // The first page may also be the last, and then be cut: it cannot begin before 0.
        startGranule = Math.max(0, page.granule - pageFrames);
      }
      // The last page may end before its last packet does; whatever an end says, no more than one page is cut.
      const end = page.isLast && page.granule >= 0 && startGranule !== undefined
        ? Math.max(page.granule - startGranule, framesDone)
        : Infinity;
      for (const piece of pieces) {
        const frames = piece[0]?.length ?? 0;
        const from = Math.max(0, Math.min(frames, preSkip - framesDone));
        const to = Math.max(from, Math.min(frames, end - framesDone));
        framesDone += frames;
        if (to > from) yield amplified(piece.slice(0, channels).map((plane) => plane.subarray(from, to)), gain);
      }
      if (page.isLast) return;
    }
    damage.cutShort("no page that is marked as the last", "one");
  }

  return {
    format: { encoding: "f32", sampleRate: SAMPLE_RATE, channels: head.channels },
    totalFrames: undefined,
    async *pieces() {
      let part: OggStream | undefined = stream;
      let partHead = head;
      while (part !== undefined) {
        yield* decodeStream(part, partHead);
        part = await part.next();
        if (part === undefined) return;
        partHead = parseHead(part);
        if (partHead.channels !== head.channels) {
          const [received, expected] = [`${partHead.channels} channels`, `${head.channels}`];
          damage.add("data", "goes on with a stream of another form", { received, expected });
          return;
        }
        decoder.free();
        decoder = await makeDecoder(partHead);
      }
    },
    free: () => decoder.free(),
  };
}

/** What the package's buffer holds of one packet, for each channel. */
const PACKET_MAX_BYTES = 3840;

function parseHead({ name, first: { body } }: OggStream): OpusHead {
  const fail = (path: string, message: string, received: string, expected: string) =>
    unreadable(name, "an Opus file", { path: `OpusHead.${path}`, message, received, expected });
  if (body.length < 19) throw fail("size", "is too small", `${body.length} bytes`, "19 bytes or more");
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (view.getUint8(8) > 15) throw fail("version", "is not known", `${view.getUint8(8)}`, "0 to 15");
  const channels = view.getUint8(9);
  const family = view.getUint8(18);
  const preSkip = view.getUint16(10, true);
  const gain = 10 ** (view.getInt16(16, true) / 256 / 20);
  if (family === 0) {
    if (channels !== 1 && channels !== 2) throw fail("channels", "is out of range", `${channels}`, "1 or 2");
    const channelMappingTable = channels === 1 ? [0] : [0, 1];
    return { channels, preSkip, gain, streamCount: 1, coupledStreamCount: channels - 1, channelMappingTable };
  }
  const streamCount = body[19] ?? 0;
  const coupledStreamCount = body[20] ?? 0;
  const channelMappingTable = [...body.subarray(21, 21 + channels)];
  const isWhole = channels > 0 && channelMappingTable.length === channels && streamCount > 0 &&
    coupledStreamCount <= streamCount && streamCount + coupledStreamCount <= 255 &&
    channelMappingTable.every((index) => index === 255 || index < streamCount + coupledStreamCount);
  if (!isWhole || family === 1 && channels > 8) {
    throw fail(
      "channelMapping",
      "is none that can be used",
      `${channels} channels of family ${family}`,
      "1 to 8 channels",
    );
  }
  return { channels, preSkip, gain, streamCount, coupledStreamCount, channelMappingTable };
}

function amplified(planes: Planes, gain: number): Planes {
  return gain === 1 ? planes : planes.map((plane) => plane.map((sample) => sample * gain));
}
