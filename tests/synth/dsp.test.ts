import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  cosTurns,
  dbOfGain,
  exp,
  exp2,
  gainOfDb,
  hzOfNote,
  log,
  sinTurns,
  tanTurns,
} from "../../plugins/synth/dsp/exact_math.ts";
import { Renderer } from "../../plugins/synth/engine/renderer.ts";
import { PRESETS } from "../../plugins/synth/generated/presets.ts";
import { planGraph } from "../../plugins/synth/graph/plan.ts";
import { normalisePreset } from "../../plugins/synth/preset/normalise.ts";
import { presetGraph } from "../../plugins/synth/preset/to_graph.ts";
import { TruePeakMeter } from "../../audio/dsp/true_peak.ts";
import { frequencyNear, graphOf, hashOf, noteEvents, peakOf, RATE, render, spectrum } from "./_kit.ts";

const held = {
  id: "env",
  type: "envelope",
  numbers: { attackS: 0, decayS: 0, sustain: 1, releaseS: 0.01, velocityAmount: 0 },
} as const;

function tone(shape: string, numbers = {}) {
  return graphOf(
    { id: "osc", type: "oscillator", choices: { shape }, numbers },
    held,
    {
      id: "vca",
      type: "gain",
      numbers: { gain: 0 },
      inputs: [{ from: "osc" }],
      modulations: [{ param: "gain", from: "env", depth: 0.5 }],
    },
    { id: "voices", type: "voices", inputs: [{ from: "vca" }] },
  );
}

describe("functions that are the same everywhere", () => {
  it("agree with those of the engine", () => {
    for (let x = -3; x < 3; x += 0.0137) {
      assert.ok(Math.abs(sinTurns(x) - Math.sin(2 * Math.PI * x)) < 1e-12, `sin ${x}`);
      assert.ok(Math.abs(cosTurns(x) - Math.cos(2 * Math.PI * x)) < 1e-12, `cos ${x}`);
      assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) < 1e-13, `exp ${x}`);
    }
    for (const x of [1e-300, 1e-9, 0.3, 1, 1.41, 2, 3e5, 1e300]) {
      assert.ok(Math.abs(log(x) - Math.log(x)) < 1e-12 * Math.max(1, Math.abs(Math.log(x))), `log ${x}`);
    }
    for (const x of [0.01, 0.1, 0.2, 0.24]) assert.ok(Math.abs(tanTurns(x) / Math.tan(2 * Math.PI * x) - 1) < 1e-10);
    assert.equal(exp2(10), 1024);
    assert.equal(exp2(-2000), 0);
    assert.equal(hzOfNote(69), 440);
    assert.ok(Math.abs(dbOfGain(gainOfDb(-37.5)) + 37.5) < 1e-10);
  });
});

describe("oscillators", () => {
  it("are within a cent of the note, for every shape, note and rate", () => {
    for (const shape of ["sine", "triangle", "saw", "square"]) {
      for (const [note, sampleRate] of [[33, 44_100], [69, 44_100], [69, 48_000], [100, 44_100], [57, 8000]] as const) {
        const samples = render(tone(shape), { frames: 24_576, events: noteEvents(note), sampleRate });
        const wanted = hzOfNote(note);
        const cents = 1200 * Math.log2(frequencyNear(samples.subarray(2048), wanted, sampleRate) / wanted);
        assert.ok(Math.abs(cents) < 1, `${shape} ${note} at ${sampleRate}: ${cents} cents`);
      }
    }
  });

  for (const shape of ["saw", "square", "triangle"]) {
    it(`have no aliasing above -60 dB: a ${shape} of 5 kHz`, () => {
      const samples = render(tone(shape, { frequencyHz: 5000 }), { frames: 36_000, events: noteEvents(60) });
      const magnitudes = spectrum(samples.subarray(2048));
      const fundamental = Math.max(...magnitudes);
      const binOf = (hz: number) => hz * 32_768 / RATE;
      let worst = 0;
      magnitudes.forEach((magnitude, bin) => {
        if (bin < 8 || [1, 2, 3, 4].some((n) => Math.abs(bin - binOf(5000 * n)) < 8)) return;
        worst = Math.max(worst, magnitude);
      });
      const db = 20 * Math.log10(worst / fundamental);
      assert.ok(db < -60, `${db.toFixed(1)} dB`);
    });
  }

  it("are the same however much is asked for at a time, and with their seed", () => {
    const graph = tone("saw", { unison: 4, width: 1 });
    const events = [...noteEvents(60, 100, 5000), ...noteEvents(64, 777, 3333)];
    const whole = render(graph, { frames: 8192, events, channels: 2 });
    for (const blockFrames of [64, 100, 512, 1000]) {
      assert.equal(hashOf(render(graph, { frames: 8192, events, channels: 2, blockFrames })), hashOf(whole));
    }
    assert.notEqual(hashOf(render(graph, { frames: 8192, events, channels: 2, seed: 2 })), hashOf(whole));
  });
});

describe("rendering", () => {
  it("makes no buffers once it runs", () => {
    const { graph } = presetGraph(
      normalisePreset(PRESETS.find(({ id }) => id === "warm-analog-pad"), { tempoBpm: 120 }),
      RATE,
    );
    const renderer = new Renderer(planGraph(graph), { sampleRate: RATE, channels: 2, seed: 1 });
    const block = new Float32Array(2 * 128);
    for (const event of [57, 60, 64].flatMap((note) => noteEvents(note))) renderer.schedule(event);
    const made: string[] = [];
    const originals = { Float64Array, Float32Array, ArrayBuffer };
    // Every buffer that somebody makes by name in this thread, seen from outside.
    for (const name of ["Float64Array", "Float32Array", "ArrayBuffer"] as const) {
      globalThis[name] = new Proxy(originals[name], {
        construct: (target, args, newTarget) => {
          made.push(name);
          return Reflect.construct(target, args, newTarget);
        },
      }) as never;
    }
    try {
      for (let i = 0; i < 500; i++) renderer.render(block);
      renderer.schedule({ kind: "note-on", frame: renderer.frame, note: 50, velocity: 1 });
      for (let i = 0; i < 500; i++) renderer.render(block);
    } finally {
      Object.assign(globalThis, originals);
    }
    assert.deepEqual(made, []);
    assert.ok(peakOf(block) > 0.01);
  });
});

describe("envelopes", () => {
  it("keep their times to the frame, and notes begin at theirs", () => {
    const graph = graphOf(
      { id: "dc", type: "noise", numbers: { level: 0 } },
      {
        id: "env",
        type: "envelope",
        numbers: { attackS: 0.1, holdS: 0.05, decayS: 0.2, sustain: 0.5, releaseS: 0.3, velocityAmount: 0 },
      },
      { id: "sum", type: "mixer", inputs: [{ from: "dc" }, { from: "env", gain: 0.5 }] },
      { id: "voices", type: "voices", inputs: [{ from: "sum" }] },
    );
    const start = 1001;
    const off = start + 22_050;
    const samples = render(graph, { frames: 48_000, events: noteEvents(60, start, off) });
    const at = (frame: number) => samples[frame] as number;
    assert.equal(at(start - 1), 0);
    assert.ok(at(start) > 0, "the first frame of the note sounds");
    assert.ok(Math.abs(at(start + 4409) - 0.5) < 1e-6, "the attack ends after 100 ms");
    assert.ok(at(start + 4408) < 0.5);
    assert.ok(Math.abs(at(start + 4410 + 2205 - 1) - 0.5) < 1e-6, "the hold ends after 50 ms");
    assert.ok(at(start + 4410 + 2206) < 0.5);
    assert.ok(Math.abs(at(start + 4410 + 2205 + 8820) - 0.25) < 1e-6, "the decay ends after 200 ms");
    assert.ok(Math.abs(at(off - 1) - 0.25) < 1e-6);
    assert.ok(at(off) < 0.25, "the release begins with the frame of the event");
    assert.ok(at(off + 13_229 - 2) > 0, "the release lasts");
    assert.ok(at(off + 13_230 + 64) === 0, "300 ms, and one quantum at most");
  });
});

describe("the limiter at the end", () => {
  it("keeps true peaks below -1 dBTP, however loud the graph is", () => {
    for (const gain of [1, 4, 16, 500]) {
      const samples = render(tone("saw"), { frames: 22_050, events: noteEvents(76), gain });
      const peaks = new Float64Array(samples.length);
      new TruePeakMeter().measure(samples, peaks);
      assert.ok(20 * Math.log10(Math.max(...peaks)) <= -1, `gain ${gain}: ${20 * Math.log10(Math.max(...peaks))} dBTP`);
    }
  });
});
