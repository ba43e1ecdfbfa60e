import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { createRuntime, type Manifest, type Plugin, RuntimeData, StreamingNodeRegistry } from "../../mod.ts";
import audio from "../../plugins/audio/mod.ts";
import vad from "../../plugins/vad/mod.ts";
import { runNode } from "../../testing/mod.ts";
import type { AnyNodeDefinition } from "../../core/plugin.ts";

/** A voice-like test signal, made of integers only, so that it is the same to the last bit everywhere. */
function signal(): RuntimeData[] {
  const sampleRate = 44_100;
  let noise = 12_345;
  const samples = Int16Array.from({ length: sampleRate * 2 }, (_, i) => {
    noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
    const pulse = i % 353 < 40 ? 9000 - 400 * (i % 353) : 0; // 125 Hz
    const loudness = Math.floor(i / 11_025) % 3 === 2 ? 0 : 1;
    return loudness * (pulse + ((noise >>> 16) % 1500) - 750);
  });
  const chunks: RuntimeData[] = [];
  for (let start = 0; start < samples.length; start += 4_001) {
    chunks.push(RuntimeData.audio({ samples: samples.slice(start, start + 4_001), sampleRate }));
  }
  return chunks;
}

const manifest: Manifest = {
  version: "v1",
  nodes: [
    { id: "resample", node_type: "audio.resample", params: { sampleRateHz: 16_000 } },
    { id: "normalize", node_type: "audio.normalize" },
    { id: "vad", node_type: "vad.silero" },
    { id: "rechunk", node_type: "audio.rechunk", params: { durationMs: 100 } },
  ],
  connections: [
    { from: "resample", to: "normalize" },
    { from: "normalize", to: "vad" },
    { from: "vad", to: "rechunk" },
  ],
};

/**
 * SHA-256 over every sample of the output. The same figure stands for all
 * runtimes: a change of it on one of them is a change that users will hear.
 */
const EXPECTED_HASH = "1f409bc07d09732906288460f19c4e6931b58fe5f0ff73ed89b0308c795e39f5";

function hash(outputs: readonly RuntimeData[]): string {
  const digest = createHash("sha256");
  for (const output of outputs) {
    const { samples, sampleRate } = RuntimeData.asAudio(output);
    digest.update(`${sampleRate}:`).update(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength));
  }
  return digest.digest("hex");
}

function nodeOf(plugin: Plugin, type: string): AnyNodeDefinition {
  const node = plugin.nodes.find((candidate) => candidate.type === type);
  assert.ok(node);
  return node;
}

describe("the same manifest", () => {
  it("gives the same bits on every runtime, and the same as its nodes called directly", async () => {
    const runtime = await createRuntime();
    try {
      const { outputs } = await runtime.execute(manifest, { resample: signal() });
      const inWorkers = outputs["rechunk"] ?? [];

      let direct: readonly RuntimeData[] = signal();
      for (const { node_type, params } of manifest.nodes) {
        const plugin = node_type.startsWith("vad.") ? vad : audio;
        direct = (await runNode(nodeOf(plugin, node_type), direct, params === undefined ? {} : { params })).output;
      }
      assert.equal(inWorkers.length, 20);
      assert.deepEqual(inWorkers, direct);
      assert.equal(hash(inWorkers), EXPECTED_HASH);
    } finally {
      await runtime.close();
    }
  });

  it("gives the same bits where its plugins have processes of their own", async () => {
    const plugins = ["audio", "vad"].map((name) => {
      return { tier: "process" as const, plugin: new URL(`../../plugins/${name}/mod.ts`, import.meta.url) };
    });
    await using runtime = await createRuntime({ registry: new StreamingNodeRegistry(), plugins });
    const { outputs } = await runtime.execute(manifest, { resample: signal() });
    assert.equal(hash(outputs["rechunk"]!), EXPECTED_HASH);
  });
});
