/** Each source of sound and of movement does what its name says. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DspGraph } from "../../plugins/synth/graph/schema.ts";
import {
  assertNear,
  dbOf,
  frequencyNear,
  graphOf,
  levelAt,
  noteEvents,
  played,
  powerSpectrum,
  RATE,
  render,
  side,
} from "./_kit.ts";

describe("an oscillator", () => {
  it("takes its inputs as FM: side bands after the functions of Bessel", () => {
    const graph = graphOf(
      { id: "mod", type: "oscillator", choices: { shape: "sine" }, numbers: { frequencyHz: 300 } },
      {
        id: "osc",
        type: "oscillator",
        choices: { shape: "sine" },
        numbers: { frequencyHz: 3000, fmIndex: 1.5, level: 0.5 },
        inputs: [{ from: "mod" }],
      },
      { id: "voices", type: "voices", inputs: [{ from: "osc" }] },
    );
    const samples = played(graph, 40_000).subarray(2000);
    // J0 to J3 of 1.5
    [0.5118, 0.5579, 0.2321, 0.061].forEach((bessel, n) => {
      assertNear(dbOf(levelAt(samples, 3000 + 300 * n)), dbOf(0.5 * bessel), 0.2, `side band ${n}`);
      assertNear(dbOf(levelAt(samples, 3000 - 300 * n)), dbOf(0.5 * bessel), 0.2, `side band -${n}`);
    });
  });

  it("has parts in unison, out of tune and apart as it is told", () => {
    const graph = (width: number) =>
      graphOf(
        {
          id: "osc",
          type: "oscillator",
          choices: { shape: "sine" },
          numbers: { frequencyHz: 1000, unison: 3, spreadCents: 50, width, level: 0.3 },
        },
        { id: "voices", type: "voices", inputs: [{ from: "osc" }] },
      );
    const mono = played(graph(0), 40_000).subarray(2000);
    for (const cents of [-50, 0, 50]) {
      assertNear(levelAt(mono, 1000 * 2 ** (cents / 1200)), 0.3 / Math.sqrt(3), 0.01, `${cents} cents`);
    }
    assert.ok(levelAt(mono, 1000 * 2 ** (25 / 1200)) < 0.01, "nothing in between");
    const stereo = played(graph(1), 40_000, 2);
    const sharp = 1000 * 2 ** (50 / 1200);
    const ratio = levelAt(side(stereo, 0).subarray(2000), sharp) / levelAt(side(stereo, 1).subarray(2000), sharp);
    assert.ok(ratio > 100 || ratio < 0.01, `a part at one side: ${ratio}`);
  });

  it("has the spectrum of its shape", () => {
    const wanted = { saw: [1, 1 / 2, 1 / 3, 1 / 4], square: [1, 0, 1 / 3, 0], triangle: [1, 0, 1 / 9, 0] } as const;
    for (const [shape, harmonics] of Object.entries(wanted)) {
      const graph = graphOf(
        { id: "osc", type: "oscillator", choices: { shape }, numbers: { frequencyHz: 500, level: 0.3 } },
        { id: "voices", type: "voices", inputs: [{ from: "osc" }] },
      );
      const samples = played(graph, 40_000).subarray(2000);
      const first = levelAt(samples, 500);
      harmonics.forEach((level, i) =>
        assertNear(levelAt(samples, 500 * (i + 1)) / first, level, 0.003, `${shape} ${i + 1}`)
      );
    }
  });
});

describe("noise", () => {
  for (const [colour, wanted] of [["white", 0], ["pink", -3.01], ["brown", -6.02]] as const) {
    it(`falls by ${-wanted} dB per octave: ${colour}`, () => {
      const graph = graphOf({ id: "noise", type: "noise", choices: { colour }, numbers: { level: 0.05 } });
      const power = powerSpectrum(render(graph, { frames: 200_000 }), 4096);
      const octave = (hz: number) => {
        const bins = power.subarray(Math.round(hz * 4096 / RATE), Math.round(2 * hz * 4096 / RATE));
        return 10 * Math.log10(bins.reduce((sum, value) => sum + value, 0) / bins.length);
      };
      for (const hz of [250, 500, 1000]) assertNear(octave(2 * hz) - octave(hz), wanted, 1, `${hz} Hz`);
      assertNear((octave(4000) - octave(250)) / 4, wanted, 0.3, "over four octaves");
    });
  }
});

describe("an LFO", () => {
  const shapes = {
    sine: (turns: number) => Math.sin(2 * Math.PI * turns),
    triangle: (turns: number) => turns < 0.25 ? 4 * turns : turns < 0.75 ? 2 - 4 * turns : 4 * turns - 4,
    saw: (turns: number) => 2 * turns - 1,
    square: (turns: number) => turns < 0.5 ? 1 : -1,
  } as const;
  for (const [shape, at] of Object.entries(shapes)) {
    it(`swings at its rate, from -1 to 1: ${shape}`, () => {
      const graph = graphOf(
        { id: "lfo", type: "lfo", choices: { shape }, numbers: { rateHz: 3 } },
        { id: "sum", type: "mixer", inputs: [{ from: "lfo", gain: 0.5 }] },
      );
      const samples = render(graph, { frames: RATE });
      for (let frame = 0; frame < RATE; frame += 211) {
        const turns = 3 * (frame + 1) / RATE % 1;
        // A jump is drawn out over a quantum.
        if (["saw", "square"].includes(shape) && [0, 0.5, 1].some((jump) => Math.abs(turns - jump) < 0.01)) continue;
        assertNear(samples[frame] as number, 0.5 * at(turns), 0.01, `${shape} at ${turns}`);
      }
    });
  }

  it("holds random values, each for a cycle", () => {
    const graph = graphOf(
      { id: "lfo", type: "lfo", choices: { shape: "random" }, numbers: { rateHz: 10 } },
      { id: "sum", type: "mixer", inputs: [{ from: "lfo", gain: 0.5 }] },
    );
    const samples = render(graph, { frames: RATE });
    const values = Array.from({ length: 10 }, (_, i) => samples[Math.round((i + 0.5) * RATE / 10)]);
    assert.equal(new Set(values).size, 10);
    for (let i = 0; i < 10; i++) assert.equal(samples[Math.round((i + 0.8) * RATE / 10)], values[i]);
  });
});

describe("voices", () => {
  const sine = (mode: string, numbers: { readonly [name: string]: number }): DspGraph =>
    graphOf(
      { id: "osc", type: "oscillator", choices: { shape: "sine" }, numbers: { level: 0.2 } },
      { id: "env", type: "envelope", numbers: { attackS: 0.005, sustain: 1, releaseS: 0.01, velocityAmount: 0 } },
      {
        id: "vca",
        type: "gain",
        numbers: { gain: 0 },
        inputs: [{ from: "osc" }],
        modulations: [{ param: "gain", from: "env", depth: 1 }],
      },
      { id: "voices", type: "voices", choices: { mode } as never, numbers, inputs: [{ from: "vca" }] },
    );

  it("make room: the oldest note is gone, and the newest are heard", () => {
    const hz = (note: number) => 440 * 2 ** ((note - 69) / 12);
    const notes = [60, 64, 67, 71];
    const events = notes.flatMap((note, i) => noteEvents(note, i * 2000));
    const samples = render(sine("poly", { polyphony: 2 }), { frames: 50_000, events }).subarray(10_000);
    assert.deepEqual(notes.map((note) => levelAt(samples, hz(note)) > 0.1), [false, false, true, true]);
  });

  it("glide from one note to the next in mono", () => {
    const events = [...noteEvents(57), ...noteEvents(69, 10_000)];
    const samples = render(sine("mono", { glideS: 0.1 }), { frames: 60_000, events });
    assertNear(frequencyNear(samples.subarray(0, 10_000), 220), 220, 0.2, "before");
    assertNear(frequencyNear(samples.subarray(20_000), 440), 440, 0.2, "after");
    const zero = (from: number, to: number) =>
      samples.subarray(from, to).filter((sample, i, all) => i > 0 && sample >= 0 && (all[i - 1] as number) < 0).length;
    assertNear(zero(10_000, 14_410) / 0.1, 330, 30, "on the way");
    assert.ok(levelAt(samples.subarray(20_000), 220) < 0.01, "one voice only");
  });
});
