import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { closest } from "../../core/pipeline/closest.ts";
import { DurationHistogram } from "../../core/pipeline/metrics.ts";
import { Random } from "../_support/random.ts";

function histogramOf(durations: readonly number[]): DurationHistogram {
  const histogram = new DurationHistogram();
  for (const duration of durations) histogram.add(duration);
  return histogram;
}

/** The smallest value that the given share of all does not exceed. */
function exactQuantile(durations: readonly number[], share: number): number {
  const sorted = [...durations].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

describe("DurationHistogram", () => {
  it("is 0 before the first", () => {
    for (const share of [0, 0.5, 1]) assert.equal(new DurationHistogram().quantileMs(share), 0);
  });

  it("is within 5 % of the exact quantile, over all magnitudes", () => {
    const random = new Random(6);
    for (let round = 0; round < 50; round++) {
      const spread = random.unit() * 6;
      const durations = Array.from(
        { length: random.integer(1, 400) },
        () => 0.001 * 2 ** (random.unit() * spread * 4.9),
      );
      const histogram = histogramOf(durations);
      for (const share of [0, 0.01, 0.5, 0.9, 0.99, 1]) {
        const ratio = histogram.quantileMs(share) / exactQuantile(durations, share);
        assert.ok(ratio > 1 / 1.045 && ratio < 1.045, `${share} of ${durations.length}: ${ratio}`);
      }
    }
  });

  it("grows with the share", () => {
    const histogram = histogramOf([0.01, 0.1, 1, 10, 100]);
    const quantiles = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => histogram.quantileMs(share));
    assert.deepEqual(quantiles, [...quantiles].sort((a, b) => a - b));
  });

  it("counts what is too short, too long or no duration as the shortest or the longest", () => {
    for (const short of [0, -1, NaN, -Infinity, 1e-9]) {
      const quantile = histogramOf([short]).quantileMs(0.5);
      assert.ok(quantile > 0 && quantile < 0.0012, String(short));
    }
    const longest = histogramOf([1e12]).quantileMs(0.5);
    assert.ok(longest > 1e6 && longest < 1.1e6);
    assert.equal(histogramOf([Infinity]).quantileMs(0.5), longest);
  });
});

describe("closest", () => {
  const words = ["audio.gain", "audio.resample", "text.case", "a"];

  it("finds what was misspelt", () => {
    assert.equal(closest("audio.gian", words), "audio.gain");
    assert.equal(closest("audio.resampler", words), "audio.resample");
    assert.equal(closest("AUDIO.GAIN", words), "audio.gain");
    assert.equal(closest("AUDIO.GIAN", words), undefined);
    assert.equal(closest("Audio.Gain", words), "audio.gain");
    assert.equal(closest("test.case", words), "text.case");
  });

  it("suggests nothing that is too far, for the empty word, or from nothing", () => {
    for (const word of ["", "b", "video.flip"]) assert.equal(closest(word, words), undefined);
    assert.equal(closest("a", []), undefined);
  });

  it("takes the nearest, and the first of equals", () => {
    assert.equal(closest("node", ["nods", "nodes", "node1"]), "nods");
    assert.equal(closest("node", ["nodes1", "nodes"]), "nodes");
  });

  it("takes no time on words that nobody misspells", () => {
    assert.equal(closest("x".repeat(1_000_000), ["y".repeat(1_000_000)]), undefined);
  });
});
