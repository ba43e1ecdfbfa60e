// Reads a file, works on its samples, and writes it in another format.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AudioSegment, ProcessingContext } from "@streamrack/core/audio";

async function convertBetweenFormats(input: string, output: string): Promise<void> {
  const context = new ProcessingContext();
  const segment = await AudioSegment.fromFile(input);
  const stream = await context.audioStreamFromSegment(segment);

  const samples = await context.audioStreamToSamples(stream, "float32");
  const processed = samples.map((sample) => sample * 0.8); // a little less
  const newStream = await context.audioStreamFromSamples(processed, {
    sampleRate: stream.sampleRate,
    channels: stream.channels,
  });

  const result = await context.audioStreamToSegment(newStream);
  await result.fadeIn(50).fadeOut(50).export(output);
}

const folder = await mkdtemp(join(tmpdir(), "streamrack-example-"));
try {
  const [input, output] = [join(folder, "input.mp3"), join(folder, "output.flac")];
  const tone = Float32Array.from({ length: 44_100 }, (_, i) => 0.5 * Math.sin(2 * Math.PI * 440 * i / 44_100));
  await new AudioSegment({ samples: tone, sampleRate: 44_100 }).export(input, { bitrateKbps: 192 });

  await convertBetweenFormats(input, output);
  const written = await AudioSegment.fromFile(output);
  console.log(`${written.durationSeconds} s, ${written.channels} channel, 16 bits: ${written.sampleFormat === "i16"}`); // prints: 1 s, 1 channel, 16 bits: true
  console.log((written.peakDb ?? 0) < (AudioSegment.fromSamples(tone, { sampleRate: 44_100 }).peakDb ?? 0)); // prints: true
} finally {
  await rm(folder, { recursive: true });
}
