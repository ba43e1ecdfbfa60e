import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Pipe } from "../../bench/contenders/contract.ts";
import { pumpCalls } from "../../bench/contenders/calls.ts";
import { invert } from "../../bench/contenders/invert.ts";
import { checkPipe, findBatch, makeChunks } from "../../bench/harness/pipes.ts";

type Samples = Float32Array<ArrayBuffer>;

const OPTIONS = { stages: 1, samplesPerChunk: 32, window: 4 };
const stays = { moves: () => false };
const moved = { moves: () => true };

/** A pipe whose only stage is a function. */
function pipeOf(stage: (samples: Samples) => Samples): Pipe {
  const call = (samples: Samples) => Promise.resolve(stage(samples));
  return { pump: (buffers, count) => pumpCalls([call], buffers, count), close: () => Promise.resolve() };
}

function inverted(samples: Samples): Samples {
  invert(samples);
  return samples;
}

describe("checkPipe", () => {
  it("accepts what is right, in any order", async () => {
    await checkPipe(pipeOf(inverted), stays, OPTIONS);
    await checkPipe(
      pipeOf((samples) => inverted(structuredClone(samples, { transfer: [samples.buffer] }))),
      moved,
      OPTIONS,
    );
    const backwards: Pipe = {
      pump(buffers) {
        buffers.forEach(invert);
        buffers.reverse();
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    await checkPipe(backwards, stays, OPTIONS);
  });

  const faults: readonly (readonly [string, (samples: Samples) => Samples, RegExp])[] = [
    ["a chunk that nobody changed", (samples) => samples, /begins with/],
    ["one wrong sample", (samples) => {
      inverted(samples)[31] = 7;
      return samples;
    }, /sample 31 came back as 7/],
    ["a chunk that is cut", (samples) => inverted(samples).slice(0, 31), /31 samples/],
    ["the same chunk for all", () => inverted(makeChunks(1, 32)[0] as Samples), /came back twice/],
  ];
  for (const [what, stage, message] of faults) {
    it(`refuses ${what}`, () => assert.rejects(checkPipe(pipeOf(stage), stays, OPTIONS), message));
  }

  it("refuses buffers that were not moved though they should be, and the reverse", async () => {
    await assert.rejects(checkPipe(pipeOf(inverted), moved, OPTIONS), /only 0 of 4 buffers were moved/);
    const moving = pipeOf((samples) => inverted(structuredClone(samples, { transfer: [samples.buffer] })));
    await assert.rejects(checkPipe(moving, stays, OPTIONS), /4 of 4 buffers were moved unexpectedly/);
  });

  it("lets lossy forms differ by as much as they say", async () => {
    const lossy = pipeOf((samples) => inverted(samples).map((value) => value + 0.001));
    await checkPipe(lossy, { ...stays, tolerance: 0.0011 }, OPTIONS);
    await assert.rejects(checkPipe(lossy, stays, OPTIONS));
  });
});

describe("pumpCalls", () => {
  it("keeps as many calls in flight as there are buffers, and makes exactly as many as told", async () => {
    let [calls, inFlight, most] = [0, 0, 0];
    const call = async (samples: Samples) => {
      calls += 1;
      most = Math.max(most, ++inFlight);
      await Promise.resolve();
      inFlight -= 1;
      return samples;
    };
    await pumpCalls([call], makeChunks(3, 1), 10);
    assert.deepEqual([calls, most], [10, 3]);
  });
});

describe("findBatch", () => {
  it("does not believe in chunks that take no time", async () => {
    const options = { window: 4, batchMs: 5, warmupMs: 0 };
    const standstill = () => 0;
    await assert.rejects(findBatch(() => Promise.resolve(), options, standstill), /cannot have gone anywhere/);
  });

  it("finds how many chunks take so long", async () => {
    let nowMs = 0;
    const pump = (count: number) => {
      nowMs += count / 100;
      return Promise.resolve();
    };
    assert.equal(await findBatch(pump, { window: 4, batchMs: 5, warmupMs: 10 }, () => nowMs), 500);
  });
});
