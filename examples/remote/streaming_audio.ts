/** Streams a sine wave through a service, ten chunks of 100 ms, and measures how long each takes. */

import { type Manifest, RuntimeData } from "@streamrack/core";
import { RemotePipelineClient } from "@streamrack/core/remote";
import { readFile } from "node:fs/promises";
import process from "node:process";

const SAMPLE_RATE_HZ = 16_000;
const CHUNKS = 10;
const FRAMES = SAMPLE_RATE_HZ / 10;

const [address = "127.0.0.1:50051"] = process.argv.slice(2);
const { STREAMRACK_TOKEN: token, STREAMRACK_CA: roots } = process.env;
const tls = roots !== undefined && { ca: await readFile(roots) };
const client = new RemotePipelineClient(address, { token, tls });
const manifest: Manifest = {
  version: "v1",
  nodes: [{ id: "quieter", node_type: "audio.gain", params: { gainDb: -6 } }],
};
const sentMs: number[] = [];

/** 440 Hz. The client asks for the next chunk when there is room for it. */
async function* sine() {
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const samples = Float32Array.from({ length: FRAMES }, (_, i) => {
      return Math.sin(2 * Math.PI * 440 * (chunk * FRAMES + i) / SAMPLE_RATE_HZ);
    });
    sentMs.push(performance.now());
    yield RuntimeData.audio({ samples, sampleRate: SAMPLE_RATE_HZ });
  }
}

try {
  const latenciesMs: number[] = [];
  for await (const { sequence, outputs } of client.streamPipeline(manifest, sine(), { expectedChunkSize: FRAMES })) {
    const latencyMs = performance.now() - (sentMs[sequence] as number);
    latenciesMs.push(latencyMs);
    const { samples } = RuntimeData.asAudio(outputs["quieter"] as RuntimeData);
    console.log(`chunk ${sequence}: ${samples.length} samples, ${latencyMs.toFixed(2)} ms`);
  }
  const meanMs = latenciesMs.reduce((sum, ms) => sum + ms, 0) / latenciesMs.length;
  console.log(`${latenciesMs.length} chunks, ${meanMs.toFixed(2)} ms on average`);
} finally {
  await client.disconnect();
}
