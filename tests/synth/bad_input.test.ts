/** Whatever is asked for: an error, or a sound that stays below the ceiling, and never a burst. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TruePeakMeter } from "../../audio/dsp/true_peak.ts";
import { Renderer, type RendererEvent } from "../../plugins/synth/engine/renderer.ts";
import { NODE_TYPE_SPECS, type NodeTypeName } from "../../plugins/synth/graph/node_types.ts";
import { planGraph } from "../../plugins/synth/graph/plan.ts";
import type { AnyGraphNode, DspGraph } from "../../plugins/synth/graph/schema.ts";
import { normalisePreset } from "../../plugins/synth/preset/normalise.ts";
import { QUANTITY_UNITS } from "../../plugins/synth/preset/quantity_kinds.ts";
import { ROLES } from "../../plugins/synth/preset/roles.ts";
import type { SectionSpec } from "../../plugins/synth/preset/section_spec.ts";
import { SECTION_NAMES, SECTION_SPECS } from "../../plugins/synth/preset/sections.ts";
import { presetGraph } from "../../plugins/synth/preset/to_graph.ts";
import { createSynth, type GenerateRequest, type Synth } from "../../synth/mod.ts";
import { StreamrackError } from "../../mod.ts";
import { Random } from "../_support/random.ts";
import { graphOf, noteEvents, peakOf, RATE, render } from "./_kit.ts";

/** True peak over both channels, in dBTP. */
function truePeakDb(samples: Float32Array, channels: 1 | 2): number {
  let peak = 0;
  for (let c = 0; c < channels; c++) {
    const side = samples.filter((_, i) => i % channels === c);
    const peaks = new Float64Array(side.length);
    new TruePeakMeter().measure(side, peaks);
    peak = peaks.reduce((most, one) => Math.max(most, one), peak);
  }
  return 20 * Math.log10(peak);
}

function assertNoBurst(samples: Float32Array, channels: 1 | 2, what: string): void {
  assert.ok(samples.every(Number.isFinite), `${what}: no numbers`);
  const db = truePeakDb(samples, channels);
  assert.ok(db <= -1, `${what}: ${db.toFixed(2)} dBTP`);
}

describe("a request that is odd", () => {
  const requests: readonly (readonly [name: string, request: object])[] = [
    ["an empty prompt", { prompt: "" }],
    ["an empty prompt with a role", { prompt: "", role: "bass" }],
    ["a prompt of 100 kB", { prompt: "loud pad ".repeat(11_112) }],
    ["a prompt of 10 MB", { prompt: "x".repeat(1e7) }],
    ["a prompt of no letters", { prompt: "\u0000\uD800 🎉 \u202E", role: "lead" }],
    ["all perceptual words at once", { prompt: "hard aggressive resonant bright brilliant wet lead" }],
    ["no prompt", {}],
    ["a prompt that is a number", { prompt: 5 }],
    ["an unknown role", { prompt: "pad", role: "king" }],
    ["an unknown key", { prompt: "pad", key: "H" }],
    ["an unknown scale", { prompt: "pad", scale: "sad" }],
    ["a role of every object", { prompt: "pad", role: "__proto__" }],
    ...[0, -1, 1e9, NaN, Infinity, 20, 400].map((tempo) => [`tempo ${tempo}`, { prompt: "pluck", tempo }] as const),
    ...[0, -1, NaN, 0.01, 36_000].map((durationS) => [`duration ${durationS}`, { prompt: "pad", durationS }] as const),
    ...[0, 7999, 192_001, NaN, 8000].map((sampleRate) =>
      [`rate ${sampleRate}`, { prompt: "bright lead", sampleRate }] as const
    ),
    ...[0, 3, -1].map((channels) => [`${channels} channels`, { prompt: "pad", channels }] as const),
    ["the smallest budgets", { prompt: "pad", maxCpu: 0.001, maxLatencyMs: 3 }],
    ["no budget", { prompt: "pad", maxCpu: 0 }],
  ];

  it("is refused by its path, or gives a sound below the ceiling", async () => {
    const synth = await createSynth();
    try {
      const outcomes: Record<string, string> = {};
      for (const [name, request] of requests) {
        const given = { durationS: 0.3, ...request } as GenerateRequest;
        outcomes[name] = await outcomeOf(synth, given, name);
      }
      assert.deepEqual(Object.entries(outcomes).filter(([, outcome]) => outcome === "sound").map(([name]) => name), [
        "an empty prompt with a role",
        "a prompt of 100 kB",
        "a prompt of no letters",
        "all perceptual words at once",
        "tempo 20",
        "tempo 400",
        "duration 0.01",
        "rate 8000",
        "the smallest budgets",
      ]);
      for (const outcome of Object.values(outcomes)) assert.match(outcome, /^(sound|request\.\w+)$/);
    } finally {
      await synth.close();
    }
  });

  async function outcomeOf(synth: Synth, request: GenerateRequest, name: string): Promise<string> {
    try {
      const { samples, channels } = await synth.generateAudio(request);
      assertNoBurst(samples, channels as 1 | 2, name);
      return "sound";
    } catch (thrown) {
      if (!StreamrackError.is(thrown) || thrown.code !== "invalid-argument") throw thrown;
      return thrown.problems[0]?.path ?? "no path";
    }
  }
});

describe("a graph that runs away", () => {
  const osc = { id: "osc", type: "oscillator", numbers: { level: 4, frequencyHz: 1000 } } as const;
  const loud = { id: "loud", type: "gain", numbers: { gain: 16 }, inputs: [{ from: "osc" }] } as const;

  it("is silenced, and never beyond the ceiling on the way there", () => {
    for (const gain of [1.01, 2, 16, -16]) {
      // Each turn of the loop is louder: it ends beyond all numbers.
      const graph = graphOf(
        osc,
        loud,
        { id: "voices", type: "voices", inputs: [{ from: "loud" }] },
        { id: "loop", type: "delay", numbers: { timeS: 0.01 }, inputs: [{ from: "sum" }] },
        { id: "sum", type: "mixer", inputs: [{ from: "voices" }, { from: "loop", gain }] },
      );
      const renderer = new Renderer(planGraph(graph), { sampleRate: RATE, channels: 1, seed: 1 });
      for (const event of noteEvents(60)) renderer.schedule(event);
      const samples = new Float32Array(10 * RATE);
      renderer.render(samples);
      assertNoBurst(samples, 1, `gain ${gain}`);
      assert.ok(peakOf(samples) > 0.5, "it was heard");
      if (Math.abs(gain) < 2) continue;
      assert.ok(renderer.silencedSamples > 0);
      assert.equal(peakOf(samples.subarray(9 * RATE)), 0, "it has ended in silence");
    }
  });

  it("goes on after what was no number", () => {
    const graph = graphOf(osc, { id: "voices", type: "voices", inputs: [{ from: "osc" }] });
    const renderer = new Renderer(planGraph(graph), { sampleRate: RATE, channels: 2, seed: 1, gain: NaN });
    for (const event of noteEvents(60)) renderer.schedule(event);
    const samples = new Float32Array(2 * 1000);
    renderer.render(samples);
    assert.equal(peakOf(samples), 0);
    assert.ok(renderer.silencedSamples >= 2 * 1000);
  });
});

describe("extremes", () => {
  /** A number of a range: often its ends. */
  const extreme = (random: Random, min: number, max: number) => {
    const kind = random.integer(0, 3);
    return kind === 0 ? min : kind === 1 ? max : min + (max - min) * random.unit();
  };

  it("of everything that a preset can say stay below the ceiling", () => {
    const random = new Random(20_260_901);
    for (let round = 0; round < 150; round++) {
      const preset: Record<string, unknown> = {
        version: 1,
        id: "odd",
        name: "Odd",
        role: random.pick(ROLES),
        description: "",
        tags: [],
        oscillators: [{}],
      };
      for (const name of SECTION_NAMES) {
        if (random.integer(0, 1) === 0) continue;
        const spec: SectionSpec = SECTION_SPECS[name];
        const section = () => ({
          ...Object.fromEntries(Object.entries(spec.words).map(([word, choices]) => [word, random.pick(choices)])),
          // A third more than its range on both sides, which is clamped.
          ...Object.fromEntries(
            Object.entries(spec.fields).map(([field, { kind, min, max }]) => {
              assert.ok(QUANTITY_UNITS[kind] !== undefined);
              const room = (max - min) / 3;
              return [field, extreme(random, min - room, max + room)];
            }),
          ),
        });
        preset[name] = spec.most === undefined
          ? section()
          : Array.from({ length: random.integer(1, spec.most) }, section);
      }
      const sampleRate = random.pick([8000, 44_100, 192_000]);
      const { graph } = presetGraph(normalisePreset(preset, { tempoBpm: 120 }), sampleRate);
      const events = [0, 60, 127].flatMap((note) => noteEvents(note, 0, 3000));
      const samples = render(graph, { frames: 6000, channels: 2, sampleRate, events });
      assertNoBurst(samples, 2, `round ${round}: ${JSON.stringify(preset)}`);
    }
  });

  it("of every number of every node, and changes from one to the other while it sounds, stay below the ceiling", () => {
    const random = new Random(7);
    for (const type of Object.keys(NODE_TYPE_SPECS) as NodeTypeName[]) {
      const { kind, choices, numbers } = NODE_TYPE_SPECS[type];
      for (let round = 0; round < 6; round++) {
        const node: AnyGraphNode = {
          id: "node",
          type,
          choices: Object.fromEntries(Object.entries(choices).map(([name, { words }]) => [name, random.pick(words)])),
          numbers: Object.fromEntries(
            Object.entries(numbers).map(([name, { min, max }]) => [name, extreme(random, min, max)]),
          ),
          ...kind === "effect" || kind === "voices" ? { inputs: [{ from: "osc", gain: 16 }] } : {},
        };
        const last = kind === "voices" ? "node" : "voices";
        const graph = {
          version: 1,
          nodes: [
            { id: "osc", type: "oscillator" },
            node,
            ...kind === "voices" ? [] : [{ id: "voices", type: "voices", inputs: [{ from: "node", gain: 16 }] }],
            { id: "filter", type: "filter", numbers: { q: 40, cutoffHz: 500 }, inputs: [{ from: last }] },
          ],
          output: "filter",
        } as unknown as DspGraph;
        const renderer = new Renderer(planGraph(graph), { sampleRate: RATE, channels: 2, seed: 1 });
        for (const event of [40, 64, 88].flatMap((note) => noteEvents(note))) renderer.schedule(event);
        const names = Object.keys(numbers).filter((name) => renderer.param("node", name) !== undefined);
        for (let at = 0; at < 6000 && names.length > 0; at += 700) {
          const name = random.pick(names);
          const param = renderer.param("node", name) as Extract<RendererEvent, { kind: "set" }>["param"];
          renderer.schedule({ kind: "set", frame: at, param, value: random.pick([-1e308, 1e308, 0, 1]) });
        }
        const samples = new Float32Array(2 * 8000);
        renderer.render(samples);
        assertNoBurst(samples, 2, `${type}: ${JSON.stringify(node)}`);
      }
    }
  });
});
