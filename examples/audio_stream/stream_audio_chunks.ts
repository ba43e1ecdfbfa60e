// A producer and a consumer that know nothing of each other but the names of two channels.

import { AudioStream } from "@streamrack/core";
import { ProcessingContext } from "@streamrack/core/audio";

const { channelManager: manager } = new ProcessingContext();
const input = await manager.createChannel("audio_input", { kind: "audio_stream" });
const output = await manager.createChannel("audio_output", { kind: "audio_stream" });

async function producer(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    const samples = new Int16Array(800).fill(100 * i);
    // Waits while the consumer is behind.
    await manager.publish("audio_input", AudioStream.fromSamples(samples, { sampleRate: 8000, metadata: { i } }));
  }
  await input.close();
}

async function consumer(): Promise<void> {
  for await (const stream of manager.subscribe<AudioStream>("audio_input", "processor")) {
    const doubled = stream.toSamples("int16").map((sample) => sample * 2);
    await manager.publish(
      "audio_output",
      AudioStream.fromSamples(doubled, { sampleRate: 8000, metadata: stream.metadata }),
    );
  }
  await output.close();
}

async function listener(): Promise<void> {
  let seconds = 0;
  let last: AudioStream | undefined;
  for await (const stream of output.subscribe("listener")) {
    seconds += stream.durationSeconds();
    last = stream;
  }
  console.log(`${seconds.toFixed(1)} s, the last with samples of ${last?.toSamples("int16")[0]}`); // prints: 1.0 s, the last with samples of 1800
}

await Promise.all([producer(), consumer(), listener()]);
