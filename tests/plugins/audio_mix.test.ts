import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AudioData, type RuntimeData, StreamrackError } from "../../core/plugin.ts";
import { runNode } from "../../testing/mod.ts";
import { cut, FORMATS, joined, nodeType, signal, sine } from "./_audio_kit.ts";

type Sources = { readonly [from: string]: readonly AudioData[] };

async function mix(sources: Sources, params = {}): Promise<readonly AudioData[]> {
  const list = Object.entries(sources).map(([from, data]) => ({ from, data }));
  const { output } = await runNode(nodeType("audio.mix"), { sources: list }, { params });
  return output as readonly (RuntimeData & AudioData)[];
}

const ramp = (scale: number) => (frame: number) => frame * scale;

describe("audio.mix", () => {
  it("adds sources up, however each is cut, in every format", async () => {
    for (const format of FORMATS) {
      for (const channels of [1, 2, 6]) {
        const a = signal({ frames: 5000, channels, format, at: ramp(1 / 2 ** 14), timestampUs: 0 });
        const b = signal({ frames: 3000, channels, format, at: ramp(-1 / 2 ** 15), timestampUs: 0 });
        const expected = Array.from({ length: 5000 * channels }, (_, i) => {
          const frame = Math.floor(i / channels);
          return frame / 2 ** 14 - (frame < 3000 ? frame / 2 ** 15 : 0);
        });
        for (const [framesA, framesB] of [[64, 64], [7, 4410], [5000, 480]] as const) {
          const output = await mix({ a: cut(a, framesA), b: cut(b, framesB) });
          assert.deepEqual(joined(output), expected);
          assert.ok(output.every((audio) => audio.format === "f32"));
        }
      }
    }
  });

  it("weighs sources by the id of their node", async () => {
    const one = [signal({ frames: 10, at: () => 0.5 })];
    const output = await mix({ a: one, b: one }, { gainsDb: { b: 20 * Math.log10(0.5) } });
    assert.deepEqual(joined(output), Array.from({ length: 10 }, () => 0.75));
    await assert.rejects(
      mix({ a: one }, { gainsDb: { c: 0 } }),
      /names no source of this node; received "c"; expected "a"/,
    );
  });

  it("places sources by their timestamps", async () => {
    const a = signal({ frames: 8, sampleRate: 1000, at: () => 0.5, timestampUs: 10_000 });
    const b = signal({ frames: 8, sampleRate: 1000, at: () => 0.25, timestampUs: 13_000 });
    for (const sources of [{ a: cut(a, 3), b: cut(b, 2) }, { b: [b], a: [a] }]) {
      const output = await mix(sources);
      assert.deepEqual(joined(output), [.5, .5, .5, .75, .75, .75, .75, .75, .25, .25, .25]);
      assert.equal(output[0]?.timestampUs, 10_000);
    }
    assert.deepEqual(joined(await mix({ a: [a], b: [b] }, { sync: "start" })), Array.from({ length: 8 }, () => 0.75));
  });

  it("keeps a gap that all sources have, and fills one that a single source has", async () => {
    const piece = (timestampUs: number, at: number) =>
      signal({ frames: 500, sampleRate: 1000, timestampUs, at: () => at });
    const gapped = [piece(0, 0.5), piece(2_000_000, 0.5)];
    const alone = await mix({ a: gapped });
    assert.deepEqual(alone.map(({ timestampUs, samples }) => [timestampUs, samples.length]), [[0, 500], [
      2_000_000,
      500,
    ]]);

    const steady = [piece(0, 0.25), piece(500_000, 0.25), piece(1_000_000, 0.25), piece(1_500_000, 0.25)];
    const both = joined(await mix({ a: gapped, b: steady }));
    assert.deepEqual([both.length, both[0], both[600], both[1900], both[2100]], [2500, 0.75, 0.25, 0.25, 0.5]);
  });

  it("passes one source through, with its timestamps", async () => {
    const source = signal({ frames: 3000, channels: 2, timestampUs: 777 });
    const output = await mix({ only: cut(source, 100) });
    assert.deepEqual(joined(output), [...source.samples]);
    assert.equal(output[0]?.timestampUs, 777);
  });

  it("refuses sources of different rate or channels, and says what to do", async () => {
    const a = [signal({ frames: 10 })];
    const b = [signal({ frames: 10, sampleRate: 16_000, channels: 2 })];
    await assert.rejects(mix({ a, b }), (error: unknown) => {
      assert.ok(error instanceof StreamrackError && error.cause instanceof StreamrackError);
      assert.equal(error.cause.reason, "invalid-data");
      assert.deepEqual(error.cause.problems.map(({ path }) => path), ["sampleRate", "channels"]);
      assert.match(error.cause.remedy ?? "", /audio\.resample or audio\.channels/);
      return true;
    });
  });

  it("refuses to hold more of one source than 30 s, while another is behind", async () => {
    const from = (timestampUs: number) => cut(signal({ frames: 4000, sampleRate: 100, timestampUs }), 100);
    const failure = mix({ live: from(1.7e15), file: from(0) });
    await assert.rejects(failure, /too far apart[\s\S]*set params\.sync to "start"/);
    assert.equal(joined(await mix({ live: from(1.7e15), file: from(0) }, { sync: "start" })).length, 4000);
  });

  it("keeps, clips or limits what passes full scale", async () => {
    const loud = [signal({ frames: 4000, at: sine(400, 8000, 0.8) })];
    const sources = { a: loud, b: loud };
    const sum = joined(await mix(sources));
    assert.ok(Math.max(...sum) > 1.59);
    const clipped = joined(await mix(sources, { overflow: "clip" }));
    assert.deepEqual(clipped, sum.map((sample) => Math.max(-1, Math.min(1, sample))));
    const limited = joined(await mix(sources, { overflow: "limit" }));
    assert.equal(limited.length, 4000);
    assert.ok(Math.max(...limited.map(Math.abs)) <= 1);
    limited.forEach((sample, i) => assert.ok(Math.abs(sample - (sum[i] as number) / 1.6) < 0.01));
    const soft = [signal({ frames: 1000, at: sine(400, 8000, 0.1) })];
    assert.deepEqual(joined(await mix({ a: soft }, { overflow: "limit" })), joined(soft));
  });

  it("mixes what it has in pieces of a second at most", async () => {
    const output = await mix({ a: [signal({ frames: 3500, sampleRate: 1000 })] });
    assert.deepEqual(output.map(({ samples }) => samples.length), [1000, 1000, 1000, 500]);
  });
});
