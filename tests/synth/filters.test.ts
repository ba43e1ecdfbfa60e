/** Filters have the response of their analogue prototype after the bilinear transform, within 0.5 dB. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { graphOf, powerSpectrum, render } from "./_kit.ts";

const FRAMES = 98_304;
const SIZE = 8192;
const noise = { id: "noise", type: "noise", numbers: { level: 0.05 } } as const;

interface Case {
  readonly mode: string;
  readonly slope: "12" | "24";
  readonly cutoffHz: number;
  readonly q: number;
  readonly gainDb: number;
  readonly sampleRate: number;
}

/** Power around a frequency of noise, seen through a narrow window. */
function powerAt(power: Float64Array, hz: number, sampleRate: number): number {
  const bin = Math.round(hz * SIZE / sampleRate);
  return power.subarray(bin - 2, bin + 3).reduce((sum, value) => sum + value, 0);
}

/** The same noise without a filter: the same at every rate. */
const PLAIN = powerSpectrum(render(graphOf(noise), { frames: FRAMES }), SIZE);

/** What a filter does at a frequency, in decibels: the ratio of filtered to plain noise. */
function measured({ mode, slope, cutoffHz, q, gainDb, sampleRate }: Case): (hz: number) => number {
  const filter = {
    id: "filter",
    type: "filter",
    choices: { mode, slope },
    numbers: { cutoffHz, q, gainDb },
    inputs: [{ from: "noise" }],
  } as const;
  const filtered = powerSpectrum(render(graphOf(noise, filter), { frames: FRAMES, sampleRate }), SIZE);
  return (hz) => 10 * Math.log10(powerAt(filtered, hz, sampleRate) / powerAt(PLAIN, hz, sampleRate));
}

/** Numerator and denominator of a section: factors of s squared, s and 1. */
type Section = readonly [numerator: readonly [number, number, number], k: number, stretch: number];

/** The sections of the prototype, whose corner is at 1. */
function sections({ mode, slope, q, gainDb }: Case): Section[] {
  const count = slope === "24" ? 2 : 1;
  if (mode === "lowpass" || mode === "highpass") {
    // Two sections of a Butterworth filter; the second one carries the resonance.
    const qs = count === 1
      ? [q]
      : [Math.SQRT1_2 / Math.cos(Math.PI / 8) / Math.SQRT2, q * Math.SQRT1_2 / Math.sin(Math.PI / 8)];
    return qs.map((q) => [mode === "lowpass" ? [0, 0, 1] : [1, 0, 0], 1 / q, 1]);
  }
  const a = 10 ** (gainDb / 40 / count);
  const k = 1 / q;
  const section = (): Section => {
    switch (mode) {
      case "bandpass":
        return [[0, k, 0], k, 1];
      case "notch":
        return [[1, 0, 1], k, 1];
      case "bell":
        return [[1, k * a, 1], k / a, 1];
      case "low-shelf":
        return [[1, k * a, a * a], k, Math.sqrt(a)];
      default:
        return [[a * a, k * a, 1], k, 1 / Math.sqrt(a)];
    }
  };
  return Array.from({ length: count }, section);
}

/** The response of the prototype at a frequency, in decibels. */
function analytic(one: Case, hz: number): number {
  const { cutoffHz, sampleRate } = one;
  const w = Math.tan(Math.PI * hz / sampleRate) / Math.tan(Math.PI * cutoffHz / sampleRate);
  return sections(one).reduce((sum, [[n2, n1, n0], k, stretch]) => {
    const x = w * stretch;
    const numerator = (n0 - n2 * x * x) ** 2 + (n1 * x) ** 2;
    const denominator = (1 - x * x) ** 2 + (k * x) ** 2;
    return sum + 10 * Math.log10(numerator / denominator);
  }, 0);
}

describe("filters", () => {
  for (const mode of ["lowpass", "highpass", "bandpass", "notch", "bell", "low-shelf", "high-shelf"]) {
    for (const slope of ["12", "24"] as const) {
      it(`are within 0.5 dB of the analytic curve: ${mode} of ${slope} dB`, () => {
        const corners = [
          { cutoffHz: 1000, q: Math.SQRT1_2, gainDb: 9, sampleRate: 44_100 },
          { cutoffHz: 3000, q: 3, gainDb: -12, sampleRate: 44_100 },
          { cutoffHz: 2000, q: 1.2, gainDb: 4, sampleRate: 8000 },
        ];
        for (const corner of corners) {
          const one: Case = { mode, slope, ...corner };
          const response = measured(one);
          let looked = 0;
          for (const hz of [125, 250, 500, 1000, 1500, 2000, 3000, 3500, 5000, 8000, 12_000]) {
            const wanted = analytic(one, hz);
            // Where it falls steeply the window sees the neighbours: too deep, or the bottom of a notch.
            const slopeDb = Math.abs(analytic(one, hz * 1.01) - analytic(one, hz / 1.01));
            if (hz > 0.45 * corner.sampleRate || wanted < -45 || slopeDb > 1.5) continue;
            looked += 1;
            const off = response(hz) - wanted;
            assert.ok(
              Math.abs(off) < 0.5,
              `${JSON.stringify(one)} at ${hz} Hz: ${off.toFixed(2)} dB off ${wanted.toFixed(1)}`,
            );
          }
          assert.ok(looked >= 3, JSON.stringify(one));
          if (mode === "notch") assert.ok(response(corner.cutoffHz) < -20);
        }
      });
    }
  }
});
