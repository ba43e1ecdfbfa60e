/** Each unit of a graph does what its name says. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TruePeakMeter } from "../../audio/dsp/true_peak.ts";
import type { AnyGraphNode, DspGraph } from "../../plugins/synth/graph/schema.ts";
import { frequencyNear, graphOf, noteEvents, peakOf, powerSpectrum, RATE, render, spectrum } from "./_kit.ts";

const dbOf = (ratio: number) => 20 * Math.log10(ratio);

function assertNear(value: number, wanted: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(value - wanted) <= tolerance, `${what}: ${value}, not ${wanted}`);
}

/** A sine of a fixed frequency, played by one held note, and what comes after it. */
function sineThrough(hz: number, level: number, ...after: Omit<AnyGraphNode, "inputs">[]): DspGraph {
  const nodes: AnyGraphNode[] = [
    { id: "osc", type: "oscillator", choices: { shape: "sine" }, numbers: { frequencyHz: hz, level } },
    { id: "voices", type: "voices", inputs: [{ from: "osc" }] },
  ];
  for (const node of after) nodes.push({ ...node, inputs: [{ from: nodes.at(-1)?.id as string }] });
  return graphOf(...nodes);
}

const played = (graph: DspGraph, frames: number, channels: 1 | 2 = 1) =>
  render(graph, { frames, channels, events: noteEvents(69) });
const side = (samples: Float32Array, channel: 0 | 1) => samples.filter((_, i) => i % 2 === channel);
/** The magnitude at a frequency, where a sine of level 1 has 1. */
function levelAt(samples: Float32Array, hz: number, size = 32_768): number {
  const bin = Math.round(hz * size / RATE);
  const whole = spectrum(samples, size).subarray(bin - 4, bin + 5).reduce((sum, value) => sum + value ** 2, 0);
  const one = spectrum(Float32Array.from({ length: size }, (_, i) => Math.sin(2 * Math.PI * hz * i / RATE)), size)
    .subarray(bin - 4, bin + 5).reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(whole / one);
}

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

describe("what changes a sound", () => {
  it("pan: places it at equal power", () => {
    for (const position of [-1, -0.5, 0, 0.5, 1]) {
      const samples = played(sineThrough(1000, 0.2, { id: "pan", type: "pan", numbers: { position } }), 4000, 2);
      const [left, right] = [peakOf(side(samples, 0)), peakOf(side(samples, 1))];
      assertNear(left ** 2 + right ** 2, 2 * 0.2 ** 2, 1e-3, "power");
      assertNear(Math.atan2(right, left) / (Math.PI / 2), (position + 1) / 2, 5e-3, "place");
    }
  });

  it("distortion: hard clipping of a sine, with less aliasing than without its care", () => {
    const drive = 10;
    const hz = 3700;
    const samples = played(
      sineThrough(hz, 0.5, { id: "node", type: "distortion", choices: { curve: "hard" }, numbers: { drive } }),
      40_000,
    ).subarray(2000);
    const naive = Float32Array.from(
      { length: 38_000 },
      (_, i) => Math.max(-1, Math.min(1, drive * 0.5 * Math.sin(2 * Math.PI * hz * i / RATE))) / Math.sqrt(drive),
    );
    assertNear(dbOf(levelAt(samples, hz) / levelAt(naive, hz)), 0, 1, "the tone");
    const alias = 2 * RATE - 21 * hz; // the 21st harmonic, folded
    assert.ok(dbOf(levelAt(samples, alias) / levelAt(naive, alias)) < -10);
    for (const curve of ["soft", "hard", "fold"]) {
      const node = { id: "node", type: "distortion", choices: { curve }, numbers: { drive: 20 } } as const;
      assert.ok(peakOf(played(sineThrough(200, 4, node), 4000)) <= 1 / Math.sqrt(20) * 1.01, curve);
    }
  });

  it("delay: echoes that change sides in ping-pong, each lower by the feedback", () => {
    const click = graphOf(
      { id: "osc", type: "oscillator", choices: { shape: "sine" }, numbers: { frequencyHz: 2000, level: 0.4 } },
      { id: "env", type: "envelope", numbers: { attackS: 0, decayS: 0.005, sustain: 0, releaseS: 0.001 } },
      {
        id: "vca",
        type: "gain",
        numbers: { gain: 0 },
        inputs: [{ from: "osc" }],
        modulations: [{ param: "gain", from: "env", depth: 1 }],
      },
      { id: "voices", type: "voices", inputs: [{ from: "vca" }] },
      { id: "wide", type: "pan", inputs: [{ from: "voices" }] },
      {
        id: "echo",
        type: "delay",
        choices: { mode: "ping-pong" },
        numbers: { timeS: 0.1, feedback: 0.5, dampingHz: 96_000, mix: 1 },
        inputs: [{ from: "wide" }],
      },
    );
    const samples = render(click, { frames: 20_000, channels: 2, events: noteEvents(60) });
    const echo = (channel: 0 | 1, turn: number) =>
      peakOf(side(samples, channel).subarray(4410 * turn, 4410 * turn + 600));
    for (const [turn, near, far] of [[1, 0, 1], [2, 1, 0], [3, 0, 1]] as const) {
      assertNear(echo(near, turn), echo(0, 1) * 0.5 ** (turn - 1), 0.12 * echo(0, 1), `echo ${turn}`);
      assert.ok(echo(far, turn) < 1e-4, `echo ${turn} is at one side`);
    }
  });

  it("chorus: copies 8 ms later, which swing apart", () => {
    const chorus = (rateHz: number, depthS: number) =>
      ({ id: "node", type: "chorus", numbers: { rateHz, depthS, mix: 1 } }) as const;
    // At rest it is a comb: the copy is in phase at 125 Hz, and against it at 62.5 Hz.
    for (const [hz, wanted] of [[125, 1.5], [62.5, 0.5]] as const) {
      assertNear(
        peakOf(played(sineThrough(hz, 0.2, chorus(0, 0)), 20_000).subarray(8000)) / 0.2,
        wanted,
        0.02,
        `${hz} Hz`,
      );
    }
    const samples = played(sineThrough(1000, 0.2, chorus(2, 0.003)), 40_000, 2);
    const difference = side(samples, 0).map((left, i) => left - (samples[2 * i + 1] as number));
    assert.ok(peakOf(difference) > 0.05, "the sides differ");
  });

  it("phaser: notches where its allpasses turn by half", () => {
    const response = (hz: number) => {
      const node = {
        id: "node",
        type: "phaser",
        choices: { stages: "4" },
        numbers: { rateHz: 0, centreHz: 1000, depthOctaves: 0, feedback: 0, mix: 1 },
      } as const;
      return dbOf(peakOf(played(sineThrough(hz, 0.2, node), 20_000).subarray(10_000)) / 0.2);
    };
    const at = (turn: number) => RATE / Math.PI * Math.atan(Math.tan(Math.PI * 1000 / RATE) * Math.tan(turn * Math.PI));
    assert.ok(response(at(1 / 8)) < -35 && response(at(3 / 8)) < -35);
    assertNear(response(1000), 0, 0.1, "between them");
  });

  it("reverb: falls by 60 dB in its time, and is wide", () => {
    const click = graphOf(
      { id: "noise", type: "noise", numbers: { level: 0.5 } },
      { id: "env", type: "envelope", numbers: { attackS: 0, decayS: 0.02, sustain: 0, releaseS: 0.001 } },
      {
        id: "vca",
        type: "gain",
        numbers: { gain: 0 },
        inputs: [{ from: "noise" }],
        modulations: [{ param: "gain", from: "env", depth: 1 }],
      },
      { id: "voices", type: "voices", inputs: [{ from: "vca" }] },
      {
        id: "room",
        type: "reverb",
        numbers: { decayS: 1, dampingHz: 96_000, mix: 1 },
        inputs: [{ from: "voices" }],
      },
    );
    const samples = render(click, { frames: RATE, channels: 2, events: noteEvents(60) });
    const energy = (start: number) => {
      const part = side(samples, 0).subarray(start * RATE, (start + 0.1) * RATE);
      return 10 * Math.log10(part.reduce((sum, sample) => sum + sample ** 2, 0));
    };
    assertNear(energy(0.2) - energy(0.7), 30, 4, "half a second");
    let [both, left, right] = [0, 0, 0];
    for (let i = RATE / 2; i < samples.length; i += 2) {
      const [a, b] = [samples[i] as number, samples[i + 1] as number];
      both += a * b;
      left += a * a;
      right += b * b;
    }
    assert.ok(Math.abs(both) / Math.sqrt(left * right) < 0.3, "the sides have little in common");
  });

  it("compressor: so many decibels in for one out", () => {
    for (const [ratio, level] of [[4, 0.5], [2, 0.25], [20, 0.5]] as const) {
      const node = { id: "node", type: "compressor", numbers: { thresholdDb: -20, ratio, attackS: 0.001 } } as const;
      const out = dbOf(peakOf(played(sineThrough(1000, level, node), 40_000).subarray(30_000)));
      assertNear(out, -20 + (dbOf(level) + 20) / ratio, 0.5, `ratio ${ratio}`);
    }
    const quiet = { id: "node", type: "compressor", numbers: { thresholdDb: -20, ratio: 4, makeupDb: 6 } } as const;
    assertNear(dbOf(peakOf(played(sineThrough(1000, 0.05, quiet), 8000)) / 0.05), 6, 0.1, "below the threshold");
  });

  it("limiter: keeps true peaks below its ceiling", () => {
    const node = { id: "node", type: "limiter", numbers: { ceilingDb: -12 } } as const;
    const samples = played(sineThrough(RATE / 4, 4, node), 20_000);
    const peaks = new Float64Array(samples.length);
    new TruePeakMeter().measure(samples, peaks);
    const db = dbOf(peaks.reduce((most, one) => Math.max(most, one), 0));
    assert.ok(db <= -12 && db > -13, `${db}`);
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
