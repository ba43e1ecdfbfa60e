/** The demo's recording, for tests that need somebody to speak. */

import { readFile } from "node:fs/promises";

/** Sample rate of {@linkcode readSpeech}. */
export const SPEECH_RATE_HZ = 16_000;

/** The recording at 16 kHz, mono. Linear interpolation will do: it was made from 16 kHz. */
export async function readSpeech(): Promise<Int16Array<ArrayBuffer>> {
  const wav = new Uint8Array(await readFile(new URL("../../examples/demo/speech.wav", import.meta.url)));
  const source = new Int16Array(wav.buffer, 44);
  return Int16Array.from({ length: Math.floor(source.length * SPEECH_RATE_HZ / 44_100) }, (_, i) => {
    const at = i * 44_100 / SPEECH_RATE_HZ;
    const [left = 0, right = 0] = source.subarray(Math.floor(at));
    return Math.round(left + (right - left) * (at % 1));
  });
}
