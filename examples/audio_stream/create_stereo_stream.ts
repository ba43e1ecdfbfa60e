// Puts a left and a right channel together.

import { type AudioStream, interleave } from "@streamrack/core";
import { ProcessingContext } from "@streamrack/core/audio";

async function createStereoStream(left: Float32Array, right: Float32Array, sampleRate = 44_100): Promise<AudioStream> {
  const context = new ProcessingContext();
  return await context.audioStreamFromSamples(interleave([left, right]), {
    sampleRate,
    channels: 2,
    metadata: { type: "stereo" },
  });
}

const stereo = await createStereoStream(Float32Array.of(0.5, 0.25), Float32Array.of(-0.5, -0.25));
console.log(stereo.channels, stereo.toSamples("int16").join(" ")); // prints: 2 16384 -16384 8192 -8192
