/**
 * Encodes Ogg Vorbis by libvorbis.
 *
 * @module
 */

import { toPlanar } from "../../core/plugin.ts";
import { convertFormat } from "../../core/data/audio.ts";
import { type AudioEncoder, cannotHold, checkChannels, type EncoderForm, joinBytes } from "../codec/encoding.ts";
import { newSerial } from "./page_writer.ts";

/** The rates that libvorbis has settings for, in hertz. */
const SAMPLE_RATES_HZ = [8000, 192_000] as const;
const FRAMES_PER_CALL = 16_384;
/** Nominal rates of the qualities -1 to 10, in kbit/s, of stereo at 44.1 kHz. */
const NOMINAL_KBPS = [45, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 500] as const;
const DEFAULT_QUALITY = 5;

/** Makes an encoder. */
export async function vorbisEncoder(form: EncoderForm): Promise<AudioEncoder> {
  const { sampleRate, channels } = form;
  checkChannels("Ogg Vorbis", channels, 2);
  const [min, max] = SAMPLE_RATES_HZ;
  if (!Number.isInteger(sampleRate) || sampleRate < min || sampleRate > max) {
    const [received, expected] = [`${sampleRate} Hz`, `whole hertz, ${min} to ${max}`];
    throw cannotHold("Ogg Vorbis", { path: "audio.sampleRate", message: "is out of reach", received, expected });
  }
  const { createOggEncoder } = await import("wasm-media-encoders");
  const vorbis = await createOggEncoder();
  vorbis.configure({
    sampleRate,
    channels: channels as 1 | 2,
    vbrQuality: quality(form),
    oggSerialNo: newSerial() | 0,
  });
  return {
    encode(audio) {
      const planes = toPlanar(convertFormat(audio, "f32"));
      const parts: Uint8Array[] = [];
      for (let at = 0; at < (planes[0]?.length ?? 0); at += FRAMES_PER_CALL) {
        // The bytes lie in the encoder's own memory, and are gone with its next call.
        parts.push(
          vorbis.encode(planes.map((plane) => plane.subarray(at, at + FRAMES_PER_CALL)) as [Float32Array]).slice(),
        );
      }
      return joinBytes(parts);
    },
    finish: () => ({ rest: vorbis.finalize().slice() }),
    free: () => {},
  };
}

/** The quality whose nominal rate comes nearest. */
function quality({ bitrateKbps, channels }: EncoderForm): number {
  if (bitrateKbps === undefined) return DEFAULT_QUALITY;
  const ofStereo = bitrateKbps * 2 / channels;
  const at = NOMINAL_KBPS.findIndex((kbps) => kbps >= ofStereo);
  if (at <= 0) return at === 0 ? -1 : 10;
  const [below, above] = [NOMINAL_KBPS[at - 1] as number, NOMINAL_KBPS[at] as number];
  return at - 2 + (ofStereo - below) / (above - below);
}
