/** Each effect does what its name says. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TruePeakMeter } from "../../audio/dsp/true_peak.ts";
import {
  assertNear,
  dbOf,
  graphOf,
  levelAt,
  noteEvents,
  peakOf,
  played,
  RATE,
  render,
  side,
  sineThrough,
} from "./_kit.ts";

describe("effects", () => {
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
