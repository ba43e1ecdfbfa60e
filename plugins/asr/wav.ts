/**
 * Samples as a WAV file, for what takes files.
 *
 * @module
 */

import { writeWavHeader } from "../../audio/pcm/write_wav_header.ts";

/** A whole WAV file: mono, 16 bits. */
export function toWav(samples: Int16Array, sampleRate: number): Uint8Array<ArrayBuffer> {
  const header = writeWavHeader({ encoding: "s16", sampleRate, channels: 1 }, { dataBytes: samples.byteLength });
  const wav = new Uint8Array(header.length + samples.byteLength);
  wav.set(header);
  wav.set(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), header.length);
  return wav;
}
