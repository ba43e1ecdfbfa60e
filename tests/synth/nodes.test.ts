/** The synth as nodes of a manifest, as any application may use them. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AudioData, createRuntime, type Manifest, RuntimeData, type SessionOutput } from "../../mod.ts";
import { preset as presetNode } from "../../plugins/synth/nodes/preset.ts";
import { itemContext } from "../_support/item_context.ts";
import { collect } from "../_support/runtime.ts";
import { peakOf } from "./_kit.ts";

async function outputsOf(manifest: Manifest, ...inputs: RuntimeData[]): Promise<SessionOutput[]> {
  const runtime = await createRuntime();
  try {
    const session = await runtime.open(manifest);
    const outputs = collect(session);
    for (const input of inputs) await session.send(input);
    await session.finish();
    return await outputs;
  } finally {
    await runtime.close();
  }
}

function one(node_type: string, params: Manifest["nodes"][number]["params"] = {}): Manifest {
  return { version: "v1", nodes: [{ id: "synth", node_type, params }] };
}

const audioOf = (outputs: readonly SessionOutput[]) =>
  outputs.map(({ data }) => data).filter((data): data is AudioData => data.type === "audio");
const reportsOf = (outputs: readonly SessionOutput[]) =>
  outputs.map(({ data }) => data).filter(RuntimeData.isJson).map(({ value }) => value as Record<string, unknown>);

describe("nodes of the synth", () => {
  it("synth.generate answers a text by blocks of audio, then a report", async () => {
    const outputs = await outputsOf(one("synth.generate"), RuntimeData.text("punchy kick"));
    const blocks = audioOf(outputs);
    const [report] = reportsOf(outputs);
    assert.equal(report?.["blocks"], blocks.length);
    assert.ok(blocks.length > 1);
    const { sampleRate, channels, metadata } = blocks[0] as AudioData;
    assert.deepEqual([sampleRate, channels, metadata?.["presetId"]], [44_100, 2, "punchy-kick"]);
    assert.deepEqual(
      blocks.map(({ timestampUs }) => Math.round((timestampUs ?? 0) * 44_100 / 1e6)),
      blocks.map((_, i) => i * 16_384),
    );
  });

  it("synth.preset plays the preset that a text names, through the nodes behind it", async () => {
    const manifest: Manifest = {
      version: "v1",
      nodes: [
        { id: "synth", node_type: "synth.preset" },
        { id: "gain", node_type: "audio.gain", params: { gainDb: -20 } },
      ],
      connections: [{ from: "synth", to: "gain" }],
    };
    const plain = audioOf(await outputsOf(one("synth.preset"), RuntimeData.text("cowbell")));
    const quiet = audioOf(await outputsOf(manifest, RuntimeData.text("cowbell")));
    const peak = (blocks: readonly AudioData[]) =>
      Math.max(...blocks.map(({ samples }) => peakOf(samples as Float32Array)));
    assert.ok(Math.abs(peak(quiet) / peak(plain) - 0.1) < 1e-3);
  });

  it("synth.graph takes commands in order, and renders as many blocks as it is told", async () => {
    const params = { sound: "kalimba-dream", channels: 1, blockFrames: 64 };
    const outputs = await outputsOf(
      one("synth.graph", params),
      RuntimeData.json({ op: "render", blocks: 10 }),
      RuntimeData.json({ op: "note-on", note: 69 }),
      RuntimeData.json({ op: "render", blocks: 20 }),
      RuntimeData.json({ op: "status" }),
    );
    const blocks = audioOf(outputs).map(({ samples }) => samples as Float32Array);
    assert.deepEqual(blocks.map(({ length }) => length), Array(30).fill(64));
    assert.equal(Math.max(...blocks.slice(0, 10).map(peakOf)), 0);
    assert.ok(Math.max(...blocks.slice(10).map(peakOf)) > 0.01);
    assert.equal(reportsOf(outputs)[0]?.["kind"], "status");
  });

  it("give audio that is moved: the samples are all of their buffer, and nobody has it else", async () => {
    const node = await presetNode.create({ params: { errors: "throw", measure: false } } as never);
    const request = RuntimeData.json({ preset: "cowbell", durationS: 1, blockFrames: 10_000 });
    const seen = new Set<ArrayBufferLike>();
    for await (
      const output of node.process(
        request as never,
        itemContext({ source: "host", signal: new AbortController().signal } as never),
      ) as AsyncIterable<{ out?: AudioData }>
    ) {
      if (output.out === undefined) continue;
      const { samples } = output.out;
      assert.equal(samples.byteLength, samples.buffer.byteLength);
      assert.deepEqual(RuntimeData.transferables(output.out), [samples.buffer]);
      assert.ok(!seen.has(samples.buffer));
      seen.add(samples.buffer);
      structuredClone(samples, { transfer: [samples.buffer as ArrayBuffer] }); // the next blocks do not need it
      assert.equal(samples.length, 0);
    }
    assert.equal(seen.size, 5);
  });
});
