/**
 * Encodes MP3 by LAME.
 *
 * @module
 */

import { toPlanar } from "../../core/plugin.ts";
import { convertFormat } from "../../core/data/audio.ts";
import { type AudioEncoder, checkChannels, type EncoderForm, joinBytes } from "../codec/encoding.ts";
import { FrameWalker } from "./frame_walker.ts";
import { mp3BitratesKbps } from "./frame_header.ts";
import { makeInfoFrame } from "./info_tag.ts";

/** Samples that LAME puts before the audio. */
const ENCODER_DELAY = 576;
/** The rate of a channel for which music is hard to tell from the original. */
const DEFAULT_KBPS_PER_CHANNEL = 96;
const SAMPLES_PER_CALL = 16_384;

/**
 * Makes an encoder for one of the rates of MP3. The first frame is an Info
 * tag, which lets decoders cut the length to that of the original; to a pipe
 * it only says what to leave out at the beginning.
 */
export async function mp3Encoder(form: EncoderForm): Promise<AudioEncoder> {
  const { sampleRate, channels, canRewind } = form;
  checkChannels("MP3", channels, 2);
  const { createMp3Encoder } = await import("wasm-media-encoders");
  const lame = await createMp3Encoder();
  const bitrate = nearest(mp3BitratesKbps(sampleRate), form.bitrateKbps ?? DEFAULT_KBPS_PER_CHANNEL * channels);
  lame.configure({
    sampleRate,
    channels: channels as 1 | 2,
    bitrate: bitrate as 128,
    outputSampleRate: sampleRate as 44100,
  });
  const walker = new FrameWalker();
  let framesIn = 0;
  let head: Uint8Array | undefined = makeInfoFrame(form, { delay: ENCODER_DELAY, padding: 0 });
  const takeHead = () => {
    const taken = head === undefined ? [] : [head];
    head = undefined;
    return taken;
  };
  // The bytes lie in the encoder's own memory, and are gone with its next call.
  const keep = (bytes: Uint8Array) => {
    const copy = bytes.slice();
    walker.push(copy);
    return copy;
  };
  return {
    encode(audio) {
      const planes = toPlanar(convertFormat(audio, "f32"));
      const length = planes[0]?.length ?? 0;
      framesIn += length;
      const parts = takeHead();
      for (let at = 0; at < length; at += SAMPLES_PER_CALL) {
        parts.push(
          keep(lame.encode(planes.map((plane) => plane.subarray(at, at + SAMPLES_PER_CALL)) as [Float32Array])),
        );
      }
      return joinBytes(parts);
    },
    finish() {
      const rest = joinBytes([...takeHead(), keep(lame.finalize())]);
      if (!canRewind) return { rest };
      const padding = Math.max(0, walker.samples - ENCODER_DELAY - framesIn);
      const tag = { frames: walker.frames, delay: ENCODER_DELAY, padding: Math.min(4095, padding) };
      return { rest, start: makeInfoFrame(form, tag) };
    },
    free: () => {},
  };
}

function nearest(choices: readonly number[], wanted: number): number {
  return choices.reduce((best, each) => Math.abs(each - wanted) < Math.abs(best - wanted) ? each : best);
}
