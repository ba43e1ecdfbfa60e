/**
 * Decodes Ogg Vorbis by libvorbis.
 *
 * @module
 */

import { SAMPLE_RATE_MAX_HZ } from "../../core/data/validate.ts";
import { callDecoder, type DamageLog, type Decoding, unreadable } from "../codec/decoding.ts";
import type { OggStream } from "./ogg_stream.ts";

/** @throws {StreamrackError} `invalid-media` for a header that cannot be read. */
export async function openVorbis(stream: OggStream, damage: DamageLog): Promise<Decoding> {
  const form = parseIdentification(stream);
  const { channels } = form;
  const { OggVorbisDecoder } = await import("@wasm-audio-decoders/ogg-vorbis");
  const decoder = new OggVorbisDecoder();
  await decoder.ready;
  const silence = () => Array.from({ length: channels }, () => new Float32Array(0));

  async function* decodeStream(part: OggStream) {
    const decode = async (bytes: Uint8Array) => {
      const { channelData, errors } = await callDecoder(() => decoder.decode(bytes));
      for (const { message } of errors) damage.add("data", `cannot be decoded (${message})`);
      return channelData.length === channels ? channelData : silence();
    };
    yield await decode(part.first.bytes);
    let isWhole = part.first.isLast;
    for await (const { page, isGap } of part.pages()) {
      if (isGap) damage.add(`page ${page.sequence}`, "has no page before it");
      isWhole = page.isLast;
      yield await decode(page.bytes);
    }
    const { channelData } = await callDecoder(() => decoder.flush());
    yield channelData.length === channels ? channelData : silence();
    if (!isWhole) damage.cutShort("no page that is marked as the last", "one");
  }

  return {
    format: { encoding: "f32", ...form },
    totalFrames: undefined,
    async *pieces() {
      for (let part: OggStream | undefined = stream; part !== undefined; part = await part.next()) {
        const { sampleRate } = parseIdentification(part);
        if (parseIdentification(part).channels !== channels || sampleRate !== form.sampleRate) {
          damage.add("data", "goes on with a stream of another form");
          return;
        }
        yield* decodeStream(part);
      }
    },
    free: () => void decoder.ready.then(() => decoder.free()).catch(() => {}),
  };
}

/** The identification header: Vorbis I, section 4.2.2. */
function parseIdentification({ name, first: { body } }: OggStream): { sampleRate: number; channels: number } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const isWhole = body.length >= 30;
  const channels = isWhole ? view.getUint8(11) : 0;
  const sampleRate = isWhole ? view.getUint32(12, true) : 0;
  const isUsable = channels > 0 && sampleRate > 0 && sampleRate <= SAMPLE_RATE_MAX_HZ;
  if (isUsable && view.getUint32(7, true) === 0) return { sampleRate, channels };
  throw unreadable(name, "an Ogg Vorbis file", {
    path: "identification",
    message: "is no header that can be read",
    received: `${body.length} bytes, ${channels} channels at ${sampleRate} Hz`,
    expected: "30 bytes, at least 1 channel",
  });
}
