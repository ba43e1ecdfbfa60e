import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { RuntimeData } from "../../mod.ts";
import { chain, withRuntime } from "../_support/runtime.ts";

const { Bun } = globalThis as { Bun?: { gc(isSynchronous: boolean): void } };

/** Collects garbage, now. */
function collectGarbage(): void {
  if (Bun !== undefined) return Bun.gc(true);
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

/** How many of these are still held by somebody. The loop that reads may hold the last few. */
async function heldOf(refs: readonly WeakRef<object>[], most: number): Promise<number> {
  let held = refs.length;
  // A reference that was looked at lives on until the turn has ended.
  for (let tries = 0; tries < 50 && held > most; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 1));
    held = refs.filter((ref) => ref.deref() !== undefined).length;
  }
  return held;
}

const COUNT = 400;
/** Garbage collectors look at the stack without knowing what is a reference there; some values may seem to be held. */
const HELD_MAX = COUNT / 10;

for (const sharedMemory of [true, false]) {
  for (const [size, frames] of [["short", 480], ["long", 24_000]] as const) {
    describe(`a session that stays open (${size} values, ${sharedMemory ? "with" : "without"} shared memory)`, () => {
      it("holds none of the values that it has sent and given: nothing waits for each beside what lives as long as it", () =>
        withRuntime(async (runtime) => {
          const abort = new AbortController();
          const session = await runtime.open(chain("probe.echo", "util.passthrough"), { signal: abort.signal });
          const [sent, given]: [WeakRef<object>[], WeakRef<object>[]] = [[], []];
          const outputs = session[Symbol.asyncIterator]();
          const exchange = async () => {
            const data = RuntimeData.audio({ samples: new Float32Array(frames), sampleRate: 48_000 });
            sent.push(new WeakRef(data));
            // The read waits, so that its promise is one of those that an abort would reject.
            const next = outputs.next();
            await session.send(data);
            const { value } = await next;
            given.push(new WeakRef(value!.data));
          };
          for (let n = 0; n < COUNT; n++) await exchange();
          const held = [await heldOf(sent, HELD_MAX), await heldOf(given, HELD_MAX)];
          assert.ok(Math.max(...held) <= HELD_MAX, `of ${COUNT} sent and given, ${held.join(" and ")} are still held`);
          abort.abort();
          await session[Symbol.asyncDispose]();
        }, { sharedMemory }));
    });
  }
}
