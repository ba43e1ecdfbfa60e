import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Deadlines } from "../../plugins/synth/engine/deadlines.ts";
import { QualityControl } from "../../plugins/synth/engine/quality_control.ts";
import { SynthEngine } from "../../plugins/synth/engine/engine.ts";
import { latencyPlan } from "../../plugins/synth/engine/latency.ts";
import { POLICIES } from "../../plugins/synth/generated/policies.ts";
import type { RolePolicy } from "../../plugins/synth/policy/schema.ts";
import { correctionFor, NO_CORRECTION } from "../../plugins/synth/quality/correct.ts";
import { type QualityMeasures, QualityMeter } from "../../plugins/synth/quality/measure.ts";
import { scoreQuality } from "../../plugins/synth/quality/score.ts";
import { RATE } from "./_kit.ts";

/** Measures what a function gives for each frame, in blocks of uneven length. */
function measure(seconds: number, sampleAt: (frame: number) => number, channels = 1): QualityMeasures {
  const meter = new QualityMeter(RATE, channels);
  const frames = Math.round(seconds * RATE);
  const samples = Float32Array.from({ length: frames * channels }, (_, i) => sampleAt(Math.floor(i / channels)));
  for (let at = 0; at < samples.length; at += 1234 * channels) meter.add(samples.subarray(at, at + 1234 * channels));
  return meter.finish();
}

function assertNear(measured: number | null, expected: number, tolerance: number): void {
  assert.ok(measured !== null && Math.abs(measured - expected) <= tolerance, `${measured}, not ${expected}`);
}

const sine = (hz: number, level: number) => (frame: number) => level * Math.sin(2 * Math.PI * hz * frame / RATE);

describe("QualityMeter", () => {
  it("measures a tone", () => {
    const tone = measure(2, sine(1000, 0.5));
    assertNear(tone.loudnessLufs, -9.03, 0.1); // a tone of 1 kHz at full scale, in one channel: -3.01 LUFS
    assertNear(tone.truePeakDb, -6.02, 0.05);
    assertNear(tone.crestDb, 3.01, 0.02);
    assertNear(tone.centroidHz, 1000, 5);
    assertNear(tone.dcOffset, 0, 1e-5);
    assert.deepEqual([tone.silentShare, tone.clippedSamples, tone.invalidSamples, tone.frames], [0, 0, 0, 2 * RATE]);
    assertNear(measure(2, sine(1000, 0.5), 2).loudnessLufs, -6.02, 0.1); // two channels: 3 dB more
  });

  it("finds peaks between the samples", () => {
    // A quarter of the rate, an eighth of a turn late: no sample is higher than 0.707 of the tone.
    const { truePeakDb, crestDb } = measure(1, (frame) => 0.8 * Math.sin(Math.PI * frame / 2 + Math.PI / 4));
    assertNear(truePeakDb, 20 * Math.log10(0.8), 0.2);
    assertNear(crestDb, 0, 0.02);
  });

  it("finds silence, an offset, what is clipped, and what is no number", () => {
    const nothing = measure(1, () => 0);
    const { loudnessLufs, truePeakDb, crestDb, centroidHz, silentShare } = nothing;
    assert.deepEqual([loudnessLufs, truePeakDb, crestDb, centroidHz, silentShare], [null, null, null, null, 1]);
    assertNear(measure(1, (frame) => frame < RATE / 2 ? sine(500, 0.3)(frame) : 0).silentShare, 0.5, 0.02);
    assertNear(measure(1, (frame) => 0.25 + sine(500, 0.1)(frame)).dcOffset, 0.25, 1e-3);
    assert.equal(measure(1, (frame) => frame % 100 === 0 ? 1 : frame % 100 === 50 ? -1.5 : 0.1).clippedSamples, 882);
    const broken = measure(1, (frame) => frame === 100 ? NaN : frame === 200 ? Infinity : sine(1000, 0.5)(frame));
    assert.equal(broken.invalidSamples, 2);
    for (const value of Object.values(broken)) assert.ok(Number.isFinite(value), JSON.stringify(broken));
    const empty = new QualityMeter(RATE, 2).finish();
    assert.deepEqual([empty.frames, empty.silentShare, empty.loudnessLufs], [0, 1, null]);
  });
});

/** What fits the targets of a role in everything. */
function fitting({ targets }: RolePolicy): QualityMeasures {
  const middle = ([low, high]: readonly [number, number]) => (low + high) / 2;
  return {
    loudnessLufs: targets.loudnessLufs,
    truePeakDb: -1.5,
    crestDb: middle(targets.crestDb),
    centroidHz: middle(targets.centroidHz),
    dcOffset: 0,
    silentShare: 0,
    clippedSamples: 0,
    invalidSamples: 0,
    frames: RATE,
  };
}

describe("the score of a sound", () => {
  const faults: readonly (readonly [name: keyof QualityMeasures, make: (policy: RolePolicy) => number])[] = [
    ["loudnessLufs", ({ targets }) => targets.loudnessLufs - 6],
    ["truePeakDb", () => -0.5],
    ["crestDb", ({ targets }) => targets.crestDb[1] + 5],
    ["centroidHz", ({ targets }) => targets.centroidHz[1] * 3],
    ["dcOffset", () => -0.02],
    ["silentShare", () => 1],
    ["clippedSamples", () => 1],
    ["invalidSamples", () => 1],
  ];

  for (const policy of POLICIES) {
    it(`is full where it is as its role wants it, and says what costs points: ${policy.role}`, () => {
      const good = fitting(policy);
      assert.deepEqual(scoreQuality(good, policy), { score: 100, findings: [] });
      for (const [name, make] of faults) {
        const value = make(policy);
        const { score, findings } = scoreQuality({ ...good, [name]: value }, policy);
        assert.deepEqual(findings.map(({ measure, value }) => [measure, value]), [[name, value]]);
        assert.equal(score, 100 - (findings[0]?.points ?? 0));
        assert.ok(score < 100, name);
      }
      assert.equal(scoreQuality({ ...good, loudnessLufs: null }, policy).score, 0);
    });
  }
});

describe("the correction", () => {
  const [policy] = POLICIES as [RolePolicy];
  const good = fitting(policy);

  it("does nothing where nothing is wrong", () => {
    assert.deepEqual(correctionFor(good, policy), NO_CORRECTION);
    const silent = { ...good, loudnessLufs: null, centroidHz: null };
    assert.deepEqual(correctionFor(silent, policy), NO_CORRECTION);
  });

  it("brings level and brightness to their targets, within bounds, and says why", () => {
    const { loudnessLufs, centroidHz: [low, high] } = policy.targets;
    const quiet = correctionFor({ ...good, loudnessLufs: loudnessLufs - 6.04 }, policy);
    assert.deepEqual([quiet.gainDb, quiet.cutoffFactor, quiet.why.length], [6, 1, 1]);
    assert.equal(correctionFor({ ...good, loudnessLufs: loudnessLufs + 60 }, policy).gainDb, -18);
    assert.equal(correctionFor({ ...good, centroidHz: low / 1.5 }, policy).cutoffFactor, 1.5);
    assert.equal(correctionFor({ ...good, centroidHz: high * 10 }, policy).cutoffFactor, 0.5);
  });
});

describe("deadlines", () => {
  const missed = (aheadMs: number, ...tookMs: number[]) => {
    const deadlines = new Deadlines(aheadMs);
    return tookMs.map((ms) => deadlines.isMissed(ms, 2) ? 1 : 0);
  };

  it("are missed where blocks take longer than those that are ahead of them last", () => {
    assert.deepEqual(missed(2, 1, 2, 3, 2), [0, 0, 1, 1], "the delay of one is that of the next");
    assert.deepEqual(missed(2, 3, 1, 1), [1, 0, 0], "until it is caught up with");
    assert.deepEqual(missed(6, 6, 1, 1), [0, 0, 0], "two more blocks cover a pause");
    assert.deepEqual(missed(6, 6, 3, 2), [0, 1, 1], "of their own length only");
    assert.deepEqual(missed(4, 3, 3, 3, 3), [0, 0, 1, 1], "not an engine that is too slow");
    assert.deepEqual(missed(0.5, 1.9), [0], "a block has at least its own duration");
  });

  it("are counted in live performances only, beside the blocks that were slow", () => {
    const engine = new SynthEngine({ now: () => 0 });
    const deadlines = new Deadlines(4);
    assert.equal(engine.countBlock(1, 2, deadlines), 0.5);
    engine.countBlock(30, 2);
    assert.equal(engine.status().deadlineMisses, 0);
    engine.countBlock(3, 2, deadlines);
    engine.countBlock(4, 2, deadlines);
    engine.countBlock(1, 2, deadlines);
    const { slowBlocks, deadlineMisses, renderedBlocks, cpuLoad } = engine.status();
    assert.deepEqual([slowBlocks, deadlineMisses, renderedBlocks], [2, 1, 5]);
    assert.ok(cpuLoad > 0.5);
  });

  it("have as many blocks ahead as the latency has time for", () => {
    const plan = (...args: Parameters<typeof latencyPlan>) => {
      const { lookaheadS, blockFrames, blocksAhead, latencyMs } = latencyPlan(...args);
      assert.ok(latencyMs <= args[0] || blocksAhead === 1, `${args}: ${latencyMs} ms`);
      return [1000 * lookaheadS, blockFrames, blocksAhead];
    };
    assert.deepEqual(plan(10, 44_100, 128), [2.5, 128, 2]);
    assert.deepEqual(plan(20, 44_100, 128), [5, 128, 5]);
    assert.deepEqual(plan(3, 44_100, 128), [0.75, 128, 1]);
    assert.deepEqual(plan(1000, 44_100, 64), [5, 64, 32]);
    assert.deepEqual(plan(10, 44_100), [2.5, 256, 1]);
    assert.deepEqual(plan(3, 8000), [0.75, 64, 1]);
  });
});

describe("the quality in real time", () => {
  it("steps down when blocks take too long, and up again when they do not", () => {
    const control = new QualityControl(0.5);
    const changes: number[] = [];
    const feed = (load: number, blocks: number) => {
      for (let i = 0; i < blocks; i++) if (control.count(load) !== undefined) changes.push(control.step);
    };
    feed(0.4, 100);
    assert.deepEqual(changes, []);
    feed(0.9, 100);
    assert.deepEqual(changes, [1, 2, 3]);
    feed(0.1, 2000);
    assert.deepEqual(changes, [1, 2, 3, 2, 1, 0]);
  });
});
