/** What is changed while it sounds is changed without a click: no step between two samples that the sound does not explain. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Renderer, type RendererEvent } from "../../plugins/synth/engine/renderer.ts";
import { NODE_TYPE_SPECS, type NodeTypeName } from "../../plugins/synth/graph/node_types.ts";
import { planGraph } from "../../plugins/synth/graph/plan.ts";
import type { AnyGraphNode, DspGraph } from "../../plugins/synth/graph/schema.ts";
import { noteEvents, peakOf, RATE } from "./_kit.ts";

/** A change somewhere within a quantum, long after what is heard has settled. */
const CHANGE_FRAME = 30_000 + 20;
/** Share of the level that a step may have beyond the steepest one before and after: a jump has all of it. */
const STEP_SHARE = 0.2;

/** The largest difference between two neighbours. */
function steepest(samples: Float32Array): number {
  return samples.reduce((most, sample, i) => i === 0 ? 0 : Math.max(most, Math.abs(sample - samples[i - 1]!)), 0);
}

/** What is heard on the left around a change; frame 0 of the result is a tenth of a second before it. */
function around(renderer: Renderer, change: (renderer: Renderer) => void): Float32Array {
  change(renderer);
  renderer.render(new Float32Array(2 * (CHANGE_FRAME + renderer.latencyFrames - RATE / 10)));
  const samples = new Float32Array(2 * Math.round(0.4 * RATE));
  renderer.render(samples);
  return samples.filter((_, i) => i % 2 === 0);
}

function assertNoClick(samples: Float32Array, what: string): void {
  const at = RATE / 10;
  const before = samples.subarray(0, at - 10);
  const during = samples.subarray(at - 10, at + 3000);
  const after = samples.subarray(at + 6000);
  const level = Math.max(peakOf(before), peakOf(during));
  const more = steepest(during) - Math.max(steepest(before), steepest(after));
  assert.ok(
    more <= STEP_SHARE * level + 1e-3,
    `${what}: a step of ${more.toFixed(4)} at a level of ${level.toFixed(3)}`,
  );
}

/** A graph around a node, through which a quiet sine goes or which gives one. */
function graphAround(node: AnyGraphNode): DspGraph {
  const { kind } = NODE_TYPE_SPECS[node.type];
  const osc = { id: "osc", type: "oscillator", choices: { shape: "sine" }, numbers: { level: 0.1 } };
  const nodes: object[] = [osc];
  let last = "node";
  if (kind === "effect") nodes.push({ ...node, inputs: [{ from: "osc" }] });
  else if (kind === "source") nodes.push({ ...node, inputs: [{ from: "osc", gain: 10 }] });
  else {
    const modulations = [{ param: "gain", from: "node", depth: 0.5 }];
    nodes.push(node, { id: "vca", type: "gain", numbers: { gain: 0.5 }, inputs: [{ from: "osc" }], modulations });
    last = "vca";
  }
  nodes.push({ id: "voices", type: "voices", inputs: [{ from: last }] });
  return { version: 1, nodes: nodes as unknown as DspGraph["nodes"], output: "voices" };
}

function rendererOf(graph: DspGraph): Renderer {
  const renderer = new Renderer(planGraph(graph), { sampleRate: RATE, channels: 2, seed: 1 });
  for (const event of noteEvents(45)) renderer.schedule(event);
  return renderer;
}

describe("a number that is set while it sounds", () => {
  // Noise is all steps, and voices are steps of pitch by their nature.
  const types = (Object.keys(NODE_TYPE_SPECS) as NodeTypeName[]).filter((type) =>
    type !== "noise" && type !== "voices"
  );
  for (const type of types) {
    it(`makes no click: ${type}`, () => {
      const { numbers, choices } = NODE_TYPE_SPECS[type];
      const modes = type === "filter" ? choices["mode"]?.words ?? [] : [undefined];
      for (const mode of modes) {
        for (const [name, { min, max, fallback, isFixed }] of Object.entries(numbers)) {
          if (isFixed === true) continue;
          // A filter that sweeps from end to end in 10 ms rings: frequencies within what is heard.
          const [low, high] = name.endsWith("Hz") && max > 200 ? [100, 8000] : [min, max];
          for (const [from, to] of [[low, high], [high, low], [fallback, high], [fallback, low]] as const) {
            const node: AnyGraphNode = {
              id: "node",
              type,
              choices: {
                ...mode === undefined ? {} : { mode },
                ...type === "oscillator" || type === "lfo" ? { shape: "sine" } : {},
              },
              numbers: {
                ...type === "oscillator" ? { level: 0.1 } : {},
                ...type === "filter" ? { gainDb: 6 } : {},
                [name]: from,
              },
            };
            const renderer = rendererOf(graphAround(node));
            const param = renderer.param("node", name) as Extract<RendererEvent, { kind: "set" }>["param"];
            const samples = around(renderer, () => {
              renderer.schedule({ kind: "set", frame: CHANGE_FRAME, param, value: to });
            });
            assertNoClick(samples, `${mode ?? type}.${name} from ${from} to ${to}`);
          }
        }
      }
    });
  }
});

describe("what else changes while it sounds", () => {
  const pad = (numbers: object): DspGraph =>
    graphAround({ id: "node", type: "oscillator", choices: { shape: "sine" }, numbers: { level: 0.1, ...numbers } });

  it("is faded: parts in unison that are left out to keep up, and that come back", () => {
    for (const steps of [[8, 1], [8, 3], [1, 8]] as const) {
      const renderer = rendererOf(pad({ unison: 8, spreadCents: 5 }));
      renderer.limit({ voiceShare: 1, maxUnison: steps[0] });
      renderer.render(new Float32Array(2 * CHANGE_FRAME));
      const before = new Float32Array(2 * 8192);
      renderer.render(before);
      renderer.limit({ voiceShare: 1, maxUnison: steps[1] });
      const during = new Float32Array(2 * 8192);
      renderer.render(during);
      const left = (samples: Float32Array) => samples.filter((_, i) => i % 2 === 0);
      const more = steepest(left(during)) - steepest(left(before));
      assert.ok(more < STEP_SHARE * peakOf(before), `${steps}: ${more} at ${peakOf(before)}`);
    }
  });

  it("is faded: a voice whose envelopes have ended though it can still be heard", () => {
    for (const releaseS of [0.05, 0.0511, 0.0523, 0.0537]) {
      const graph = graphAround({ id: "node", type: "envelope", numbers: { sustain: 1, releaseS } });
      const samples = around(rendererOf(graph), (renderer) => {
        renderer.schedule({ kind: "note-off", frame: CHANGE_FRAME, note: 45 });
      });
      assertNoClick(samples, "a note that ends");
      assert.ok(peakOf(samples.subarray(-1000)) < 1e-6, "it has ended");
    }
  });
});
