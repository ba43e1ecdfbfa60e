import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRuntime, type Manifest, RuntimeData } from "../../mod.ts";
import audio from "../../plugins/audio/mod.ts";
import { runNode } from "../../testing/mod.ts";

const nodeOf = (type: string) => audio.nodes.find((node) => node.type === type) as typeof audio.nodes[number];
const chunk = (samples: number[], channels = 1, timestampUs?: number, sampleRate = 1000) =>
  RuntimeData.audio({ samples: Float32Array.from(samples), sampleRate, channels, timestampUs });

describe("audio.deinterleave", () => {
  it("gives each channel at its own port, with stamps and metadata", async () => {
    const stereo = RuntimeData.audio({
      samples: Int16Array.of(1, -1, 2, -2),
      sampleRate: 8000,
      channels: 2,
      timestampUs: 5,
      metadata: { k: 1 },
    });
    const { outputs } = await runNode(nodeOf("audio.deinterleave"), [stereo]);
    const mono = (samples: Int16Array) =>
      RuntimeData.audio({ samples, sampleRate: 8000, timestampUs: 5, metadata: { k: 1 } });
    assert.deepEqual(outputs["ch1"], [mono(Int16Array.of(1, 2))]);
    assert.deepEqual(outputs["ch2"], [mono(Int16Array.of(-1, -2))]);
    assert.deepEqual(outputs["ch3"] ?? [], []);
  });

  it("refuses more channels than it has ports", async () => {
    const run = runNode(nodeOf("audio.deinterleave"), [chunk(new Array(9).fill(0), 9)]);
    await assert.rejects(run, { reason: "invalid-data", message: /1 to 8/ });
  });
});

describe("audio.interleave", () => {
  const manifest: Manifest = {
    version: "v1",
    nodes: [
      { id: "apart", node_type: "audio.deinterleave" },
      { id: "left", node_type: "audio.gain", params: { gainDb: 0 } },
      { id: "right", node_type: "audio.gain", params: { gainDb: -6.020599913 } },
      { id: "together", node_type: "audio.interleave" },
    ],
    connections: [
      { from: "apart", from_port: "ch1", to: "left" },
      { from: "apart", from_port: "ch2", to: "right" },
      { from: "right", to: "together" },
      { from: "left", to: "together" },
    ],
  };

  it("makes channels of its sources, in the order of the manifest, whatever comes between", async () => {
    const runtime = await createRuntime();
    try {
      const input = [0, 1, 2].map((i) => chunk([1, 2, 1, 2], 2, i * 2000));
      const { outputs } = await runtime.execute(manifest, { apart: input });
      const chunks = (outputs["together"] ?? []).map(RuntimeData.asAudio);
      const samples = chunks.flatMap((each) => [...each.samples]);
      assert.deepEqual(samples.map((sample) => Math.round(sample * 1e6) / 1e6), new Array(12).fill(1));
      assert.ok(chunks.every(({ channels }) => channels === 2));
    } finally {
      await runtime.close();
    }
  });

  it("refuses sources that are not mono", async () => {
    const run = runNode(nodeOf("audio.interleave"), [chunk([1, 1], 2)]);
    await assert.rejects(run, { reason: "invalid-data", message: /only mono/ });
  });
});

describe("audio.mix with a rate", () => {
  it("converts its sources, and loses no end of one that is shorter", async () => {
    const runtime = await createRuntime();
    try {
      const manifest: Manifest = {
        version: "v1",
        nodes: [
          { id: "a", node_type: "util.passthrough" },
          { id: "b", node_type: "util.passthrough" },
          { id: "mix", node_type: "audio.mix", params: { sampleRateHz: 8000 } },
        ],
        connections: [{ from: "a", to: "mix" }, { from: "b", to: "mix" }],
      };
      const a = Array.from({ length: 10 }, (_, i) => chunk(new Array(400).fill(0.25), 1, i * 100_000, 4000));
      const b = Array.from({ length: 5 }, (_, i) => chunk(new Array(1600).fill(0.5), 1, i * 100_000, 16_000));
      const { outputs } = await runtime.execute(manifest, { a, b });
      const samples = (outputs["mix"] ?? []).map(RuntimeData.asAudio).flatMap((each) => [...each.samples]);
      assert.equal(samples.length, 8000);
      const isNear = (from: number, to: number, value: number) =>
        samples.slice(from, to).every((sample) => Math.abs(sample - value) < 2e-3);
      assert.ok(isNear(200, 3800, 0.75), "both");
      assert.ok(isNear(4200, 7800, 0.25), "one");
      // The end of the short one is there, though its filter rings.
      assert.ok(samples.slice(3900, 4000).every((sample) => sample > 0.6), `${samples.slice(3900, 4000)}`);
    } finally {
      await runtime.close();
    }
  });
});
