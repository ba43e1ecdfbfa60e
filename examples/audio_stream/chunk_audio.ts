// Cuts audio into chunks for streaming, each with its exact time.

import { AudioStream, RuntimeData } from "@streamrack/core";
import { rechunk } from "@streamrack/core/audio";

async function chunkAudioForStreaming(samples: Float32Array, chunkSeconds = 0.5): Promise<AudioStream[]> {
  const audio = RuntimeData.audio({ samples, sampleRate: 44_100, timestampUs: 0 });
  const chunks: AudioStream[] = [];
  for await (const chunk of rechunk([audio], { durationMs: chunkSeconds * 1000 })) {
    chunks.push(AudioStream.fromAudio({ ...chunk, metadata: { chunkIndex: chunks.length } }));
  }
  return chunks;
}

const chunks = await chunkAudioForStreaming(new Float32Array(100_000));
for (const { timestamp: [start, end], metadata } of chunks.slice(-2)) {
  console.log(`chunk ${metadata["chunkIndex"]}: ${start.toFixed(3)} to ${end.toFixed(3)} s`);
}
// prints: chunk 3: 1.500 to 2.000 s
// prints: chunk 4: 2.000 to 2.268 s
