/**
 * Takes audio apart into its channels.
 *
 * @module
 */

import { type AudioData, RuntimeData, toPlanar } from "../../core/plugin.ts";

/** Each channel of a chunk as mono audio, with its timestamp and metadata. */
export function splitChannels(audio: AudioData): AudioData[] {
  const { sampleRate, timestampUs, metadata } = audio;
  return toPlanar(audio).map((samples) => {
    return RuntimeData.audio({ samples: samples as Float32Array, sampleRate, timestampUs, metadata });
  });
}
