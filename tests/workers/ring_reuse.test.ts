import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AudioData, RuntimeData, type Session } from "../../mod.ts";
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
