import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GraphCache } from "../../plugins/synth/graph/cache.ts";
import { graphToMermaid, graphToSvg } from "../../plugins/synth/graph/export.ts";
import { contentHash } from "../../plugins/synth/graph/hash.ts";
import { layoutGraph } from "../../plugins/synth/graph/layout.ts";
import { planGraph } from "../../plugins/synth/graph/plan.ts";
import { PRESETS } from "../../plugins/synth/generated/presets.ts";
import { normalisePreset } from "../../plugins/synth/preset/normalise.ts";
import { presetGraph } from "../../plugins/synth/preset/to_graph.ts";
import { rejectionOf, thrownBy } from "../_support/errors.ts";
import { graphOf, hashOf, noteEvents, peakOf, render } from "./_kit.ts";

const osc = { id: "osc", type: "oscillator", numbers: { frequencyHz: 500, level: 0.2 } } as const;

function problemsOf(graph: unknown): string {
  return thrownBy(() => planGraph(graph)).problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
}

describe("planGraph", () => {
  it("orders nodes, and gives played ones voices", () => {
    const plan = planGraph(graphOf(
      { id: "osc", type: "oscillator" },
      { id: "env", type: "envelope" },
      { id: "vca", type: "gain", inputs: [{ from: "osc" }], modulations: [{ param: "gain", from: "env", depth: 1 }] },
    ));
    const names = (order: readonly number[]) => order.map((index) => plan.nodes[index]?.id);
    assert.deepEqual(names(plan.voiceOrder), ["env", "osc", "vca"]);
    assert.deepEqual(names(plan.mixOrder), ["voices"]);
  });

  it("refuses what cannot be played, with every problem and its path", () => {
    const of = (...nodes: unknown[]) => ({ version: 1, nodes, output: (nodes.at(-1) as { id: string }).id });
    assert.match(problemsOf(of(osc, { ...osc })), /nodes\[1\]\.id: is there twice/);
    assert.match(
      problemsOf(of({ id: "g", type: "gain", inputs: [{ from: "none" }] })),
      /inputs\[0\]\.from: names no node/,
    );
    assert.match(problemsOf(of({ id: "g", type: "gain" })), /has nothing to work on/);
    assert.match(problemsOf(of({ id: "e", type: "theremin" })), /nodes\[0\]\.type/);
    assert.match(problemsOf(of({ ...osc, numbers: { level: NaN } })), /nodes\[0\]\.numbers\.level/);
    assert.match(problemsOf(of({ ...osc, numbers: { level: Infinity } })), /nodes\[0\]\.numbers\.level/);
    assert.match(problemsOf(of({ ...osc, numbers: { volume: 1 } })), /volume/);
    const unknown = thrownBy(() => planGraph(of(osc, { id: "p", type: "pan", numbers: { pan: 1 } }))).problems[0];
    assert.deepEqual([unknown?.path, unknown?.expected], ["graph.nodes[1].numbers.pan", "position"]);
    assert.match(problemsOf(of(osc, { id: "n", type: "noise", inputs: [{ from: "osc" }] })), /takes no input/);
    assert.match(problemsOf({ version: 1, nodes: [osc], output: "other" }), /graph\.output: names no node/);
    for (const wrong of [null, 5, "graph", [], {}, { version: 2, nodes: [], output: "x" }]) {
      thrownBy(() => planGraph(wrong));
    }
  });

  it("refuses a cycle without a delay, and names it", () => {
    const cycle = graphOf(
      osc,
      { id: "a", type: "mixer", inputs: [{ from: "osc" }, { from: "b" }] },
      { id: "b", type: "gain", inputs: [{ from: "a" }] },
    );
    assert.match(problemsOf(cycle), /a cycle without a delay: .*(a|b).*→/);
    const byModulation = graphOf(
      osc,
      { id: "d", type: "delay", inputs: [{ from: "osc" }], modulations: [{ param: "timeS", from: "g", depth: 0.1 }] },
      { id: "g", type: "gain", inputs: [{ from: "d" }] },
    );
    assert.match(problemsOf(byModulation), /a cycle without a delay/);
  });

  it("plays a cycle through a delay: echoes at its time, each lower by its gain", () => {
    const click = graphOf(
      { id: "osc", type: "oscillator", choices: { shape: "sine" } },
      {
        id: "env",
        type: "envelope",
        numbers: { attackS: 0, decayS: 0.002, sustain: 0, releaseS: 0.001, velocityAmount: 0 },
      },
      {
        id: "vca",
        type: "gain",
        numbers: { gain: 0 },
        inputs: [{ from: "osc" }],
        modulations: [{ param: "gain", from: "env", depth: 0.5 }],
      },
      { id: "voices", type: "voices", inputs: [{ from: "vca" }] },
      { id: "echo", type: "delay", numbers: { timeS: 0.1 }, inputs: [{ from: "sum" }] },
      { id: "sum", type: "mixer", inputs: [{ from: "voices" }, { from: "echo", gain: 0.5 }] },
    );
    const samples = render(click, { frames: 22_050, events: noteEvents(93, 0, 500) });
    const first = samples.slice(0, 200);
    for (const [turn, gain] of [[1, 0.5], [2, 0.25], [3, 0.125]] as const) {
      const echo = samples.slice(turn * 4410, turn * 4410 + 200);
      echo.forEach((sample, i) => assert.ok(Math.abs(sample - gain * first[i]!) < 1e-5, `turn ${turn}, frame ${i}`));
    }
    assert.ok(peakOf(samples.slice(1000, 4000)) < 1e-6);
  });
});

describe("what notes do", () => {
  const poly = (polyphony: number, mode = "poly") =>
    graphOf(
      { id: "osc", type: "oscillator", choices: { shape: "sine" } },
      { id: "env", type: "envelope", numbers: { attackS: 0.01, sustain: 1, releaseS: 0.05 } },
      {
        id: "vca",
        type: "gain",
        numbers: { gain: 0 },
        inputs: [{ from: "osc" }],
        modulations: [{ param: "gain", from: "env", depth: 0.1 }],
      },
      { id: "voices", type: "voices", choices: { mode } as never, numbers: { polyphony }, inputs: [{ from: "vca" }] },
    );

  it("steals the oldest note without a click", () => {
    const events = [60, 64, 67, 71].flatMap((note, i) => noteEvents(note, i * 4410, 40_000));
    const samples = render(poly(2), { frames: 22_050, events });
    // A sine of 0.1 at 500 Hz moves by 0.007 in a frame; a click would be a step of the whole.
    const step = samples.slice(1).reduce((most, sample, i) => Math.max(most, Math.abs(sample - samples[i]!)), 0);
    assert.ok(step < 0.03, `${step}`);
    assert.ok(peakOf(samples) < 0.32);
  });

  it("hears everything that leads to the voices, each with its gain", () => {
    const sine = (id: string, semitones: number) =>
      ({ id, type: "oscillator", choices: { shape: "sine" }, numbers: { semitones, level: 0.2 } }) as const;
    const inputs = [{ from: "a" }, { from: "b", gain: 0.5 }];
    const direct = graphOf(sine("a", 0), sine("b", 7), { id: "voices", type: "voices", inputs });
    const mixed = graphOf(
      sine("a", 0),
      sine("b", 7),
      { id: "sum", type: "mixer", inputs },
      { id: "voices", type: "voices", inputs: [{ from: "sum" }] },
    );
    const events = [...noteEvents(60), ...noteEvents(64, 100)];
    const samples = render(direct, { frames: 2048, events });
    assert.ok(peakOf(samples) > 0.3);
    assert.equal(hashOf(samples), hashOf(render(mixed, { frames: 2048, events })));
  });

  it("survives thousands of notes at once", () => {
    const events = Array.from({ length: 3000 }, (_, i) => noteEvents(i % 128, i)).flat();
    const samples = render(poly(4), { frames: 8192, events });
    assert.ok(samples.every(Number.isFinite) && peakOf(samples) <= 1);
  });
});

describe("the content of a graph", () => {
  it("has a hash that does not depend on the order of keys", async () => {
    assert.equal(await contentHash({ a: 1, b: [{ c: 2, d: 3 }] }), await contentHash({ b: [{ d: 3, c: 2 }], a: 1 }));
    assert.notEqual(await contentHash({ a: 1 }), await contentHash({ a: 2 }));
  });

  it("is compiled once, and the least recently used is forgotten", async () => {
    const cache = new GraphCache(2);
    const graphs = [1, 2, 3].map((hz) => graphOf({ ...osc, numbers: { frequencyHz: hz * 100 } }));
    const first = await cache.compile(graphs[0]!);
    await cache.compile(graphs[1]!);
    assert.equal((await cache.compile(structuredClone(graphs[0]!))).plan, first.plan);
    await cache.compile(graphs[2]!);
    assert.equal(cache.size, 2);
    assert.deepEqual([cache.hits, cache.misses], [1, 3]);
    assert.equal((await cache.compile(graphs[0]!)).plan, first.plan);
    const error = await rejectionOf(cache.compile({ version: 1, nodes: [], output: "x" }));
    assert.equal(error.reason, "invalid-data");
    assert.equal(cache.size, 2);
  });

  it("is drawn as Mermaid and SVG", () => {
    const { graph } = presetGraph(normalisePreset(PRESETS[0], { tempoBpm: 120 }), 44_100);
    const mermaid = graphToMermaid(graph);
    assert.match(mermaid, /^flowchart LR\n/);
    assert.match(mermaid, /-\. cutoffHz \.->/);
    const svg = graphToSvg({ ...graph, nodes: graph.nodes });
    assert.equal((svg.match(/<path d="M\d/g) ?? []).length > graph.nodes.length - 2, true);
    for (const { id } of graph.nodes) assert.ok(svg.includes(`>${id}<`), id);
    for (const text of [mermaid, svg]) assert.doesNotMatch(text, /unused|dasharray="4 3"/);
  });

  it("shows what is not heard as unused, in every picture and in the notes", () => {
    const graph = graphOf(
      { id: "idle", type: "lfo" },
      {
        id: "moved",
        type: "gain",
        inputs: [{ from: "osc" }],
        modulations: [{ param: "gain", from: "idle", depth: 1 }],
      },
      osc,
      { id: "out", type: "gain", inputs: [{ from: "osc" }] },
    );
    const unused = layoutGraph(graph).nodes.filter(({ isUnused }) => isUnused);
    assert.deepEqual(unused.map(({ id, title }) => [id, title]), [["idle", "unused lfo"], ["moved", "unused gain"]]);
    const mermaid = graphToMermaid(graph);
    assert.match(mermaid, /n0\(\["<b>idle<\/b>.*:::unused\n.*n1\["<b>moved.*:::unused\n/);
    assert.match(mermaid, /classDef unused /);
    assert.equal((graphToSvg(graph).match(/stroke-dasharray="4 3"/g) ?? []).length, 2);
    // It costs nothing: it is not even computed.
    assert.deepEqual(planGraph(graph).voiceOrder.length + planGraph(graph).mixOrder.length, 3);

    const preset = { version: 1, id: "mine", name: "Mine", role: "pad", description: "", tags: [], oscillators: [{}] };
    const lfos = [{ target: "pan" }, { target: "cutoff" }, { target: "fm" }, { target: "pitch" }];
    const built = presetGraph(normalisePreset({ ...preset, lfos }, { tempoBpm: 120 }), 44_100);
    assert.deepEqual(built.unused, ["lfo2", "lfo3"]); // there is no filter, and no FM
    for (const one of PRESETS) {
      assert.deepEqual(presetGraph(normalisePreset(one, { tempoBpm: 120 }), 44_100).unused, [], one.id);
    }
  });
});

describe("all presets", () => {
  it("are at least 48, over ten roles, and can be planned at any rate", () => {
    assert.ok(PRESETS.length >= 48);
    assert.equal(new Set(PRESETS.map(({ role }) => role)).size, 10);
    assert.equal(new Set(PRESETS.map(({ id }) => id)).size, PRESETS.length);
    for (const preset of PRESETS) {
      for (const rate of [8000, 44_100, 192_000]) {
        planGraph(presetGraph(normalisePreset(preset, { tempoBpm: 120 }), rate).graph);
      }
    }
  });

  it("give sound, without a burst, at the lowest rate", () => {
    for (const preset of PRESETS) {
      const { graph } = presetGraph(normalisePreset(preset, { tempoBpm: 120 }), 8000);
      const samples = render(graph, { frames: 4000, channels: 2, sampleRate: 8000, events: noteEvents(48) });
      assert.ok(peakOf(samples) > 1e-5 || preset.id === "white-riser", `${preset.id}: ${peakOf(samples)}`);
      assert.ok(peakOf(samples) < 1, preset.id);
      assert.equal(
        hashOf(samples),
        hashOf(
          render(graph, { frames: 4000, channels: 2, sampleRate: 8000, events: noteEvents(48), blockFrames: 500 }),
        ),
      );
    }
  });
});
