// Turns a stream into floats, changes them, and makes a stream of them again.

import { AudioStream } from "@streamrack/core";
import { ProcessingContext } from "@streamrack/core/audio";

const context = new ProcessingContext();

async function applyVolumeEffect(stream: AudioStream, volumeFactor = 0.5): Promise<AudioStream> {
  const samples = await context.audioStreamToSamples(stream, "float32");
  const processed = samples.map((sample) => sample * volumeFactor);
  return await context.audioStreamFromSamples(processed, {
    sampleRate: stream.sampleRate,
    channels: stream.channels,
    timestamp: stream.timestamp,
    metadata: { ...stream.metadata, effect: `volume_${volumeFactor}` },
  });
}

const loud = AudioStream.fromSamples(Int16Array.of(20_000, -20_000, 100), { sampleRate: 8000, metadata: { take: 1 } });
const quiet = await applyVolumeEffect(loud, 0.25);
console.log((await context.audioStreamToSamples(quiet, "int16")).join(" ")); // prints: 5000 -5000 25
console.log(JSON.stringify(quiet.metadata)); // prints: {"take":1,"effect":"volume_0.25"}
