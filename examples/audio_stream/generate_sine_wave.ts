// Makes an AudioStream of numbers: one second of 440 Hz.

import type { AudioStream } from "@streamrack/core";
import { ProcessingContext } from "@streamrack/core/audio";

async function generateSineWave(frequencyHz: number, durationSeconds: number): Promise<AudioStream> {
  const context = new ProcessingContext();
  const sampleRate = 44_100;
  const samples = Float32Array.from(
    { length: sampleRate * durationSeconds },
    (_, i) => 0.5 * Math.sin(2 * Math.PI * frequencyHz * i / sampleRate),
  );
  return await context.audioStreamFromSamples(samples, {
    sampleRate,
    channels: 1,
    timestamp: [0, durationSeconds],
    metadata: { frequencyHz, waveform: "sine" },
  });
}

const stream = await generateSineWave(440, 1);
console.log(`${stream.durationSeconds()} s of ${stream.format}, ${stream.data.length} bytes`); // prints: 1 s of pcm_s16le, 88200 bytes
console.log(stream.metadata["waveform"], stream.timestamp.join(" to ")); // prints: sine 0 to 1
