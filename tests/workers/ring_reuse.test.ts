import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type AudioData,
  createDefaultRegistry,
  createPlan,
  RuntimeData,
  type Session,
  StreamrackError,
} from "../../mod.ts";
import { RingPools } from "../../workers/link/ring_pool.ts";
import type { SegmentResult } from "../../workers/protocol.ts";
import { openSession } from "../../workers/open_session.ts";
import { type SegmentWiring, wireSession } from "../../workers/wiring.ts";
import { until } from "../_support/processes.ts";
import { chain, withRuntime } from "../_support/runtime.ts";

const MANIFEST = chain("audio.gain");

function audioOf(level: number): RuntimeData {
  return RuntimeData.audio({ samples: new Float32Array(480).fill(level), sampleRate: 48_000 });
}

async function send(session: Session, level: number): Promise<void> {
  for (let i = 0; i < 10; i++) await session.send(audioOf(level));
  await session.finish();
}

async function levels(session: Session): Promise<readonly (number | undefined)[]> {
  const read: (number | undefined)[] = [];
  for await (const { data } of session) read.push((data as AudioData).samples[479]);
  return read;
}

async function ended(session: Session): Promise<void> {
  while (session.state !== "done") await new Promise((resolve) => setImmediate(resolve));
}

describe("rings that are used again", () => {
  it("leave a session that has ended what was not read yet, whatever the next sends", async () => {
    await withRuntime(async (runtime) => {
      const first = await runtime.open(MANIFEST);
      await send(first, 0.25);
      await ended(first);
      const second = await runtime.open(MANIFEST);
      await send(second, -0.5);
      await ended(second);
      assert.deepEqual(await levels(first), new Array(10).fill(0.25));
      assert.deepEqual(await levels(second), new Array(10).fill(-0.5));
    });
  });

  it("carry nothing from a session that was cancelled in the middle", async () => {
    await withRuntime(async (runtime) => {
      for (let round = 0; round < 20; round++) {
        const cancelled = await runtime.open(MANIFEST);
        for (let i = 0; i < 10; i++) await cancelled.send(audioOf(1));
        await cancelled.cancel();
        const next = await runtime.open(MANIFEST);
        await send(next, 0.125);
        assert.deepEqual(await levels(next), new Array(10).fill(0.125));
      }
    });
  });
});

describe("rings of a session whose segment", () => {
  const RESTART = { maxRestarts: 0, windowMs: 1, initialDelayMs: 1, maxDelayMs: 1 };
  const LIMITS = { items: 16, bytes: 1024 ** 2 };

  /** Opens a session over a segment that runs nowhere, ends it, and gives what tells whether its rings are used again. */
  async function endOf(
    end: (segment: PromiseWithResolvers<SegmentResult>) => void,
    lastStepMs?: number,
  ): Promise<() => boolean[]> {
    const plan = createPlan(MANIFEST, createDefaultRegistry());
    const ringPools = new RingPools(lastStepMs);
    const outcome = Promise.withResolvers<SegmentResult>();
    const place = ({ segment }: SegmentWiring) => {
      return {
        segment,
        result: outcome.promise,
        prepare: () => Promise.resolve({ ok: true as const, value: [] }),
        start: () => Promise.resolve({ ok: true as const, value: [] }),
        reconnect: () => Promise.resolve(null),
        metrics: () => Promise.resolve({ nodes: [], edges: [] }),
        endWithin: () => Promise.resolve(),
        health: () => undefined,
        onDone() {},
        flush() {},
        cancel() {},
      };
    };
    const wiring = wireSession(plan, { sessionId: "one", limits: LIMITS, ringPools, place });
    const session = await openSession(plan, wiring, {
      id: "one",
      openTimeoutMs: 60_000,
      killGraceMs: 0,
      restart: RESTART,
      onCrash() {},
      onViolation() {},
      onRestart() {},
    });
    const rings = wiring.wires.map(({ ring }) => ring);
    end(outcome);
    await session.ended;
    const pool = ringPools.between(undefined, plan.segments[0]?.group);
    const later = new Set<unknown>();
    return () => {
      for (let i = 0; i < 20; i++) later.add(pool.take(LIMITS.items));
      return rings.map((ring) => later.has(ring));
    };
  }

  const lost = new StreamrackError("worker-crashed", "its thread has ended");

  it("has ended are used again", async () => {
    const result: SegmentResult = { outcome: { ok: true, value: null }, metrics: { nodes: [], edges: [] } };
    const areReused = await endOf(({ resolve }) => resolve(result));
    assert.deepEqual(areReused(), [true, true]);
  });

  it("was lost with its thread are not used again soon: the thread may be at its last write", async () => {
    const areReused = await endOf(({ reject }) => reject(lost));
    assert.deepEqual(areReused(), [false, false]);
  });

  it("was lost with its thread are used again when that cannot be any more", async () => {
    const areReused = await endOf(({ reject }) => reject(lost), 1);
    await until(() => areReused().every((isReused) => isReused), "the rings are used again");
  });

  it("has broken the protocol are never used again: it may go on to write", async () => {
    const areReused = await endOf(({ reject }) => reject(new StreamrackError("protocol-violation", "it has")), 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(areReused(), [false, false]);
  });
});
