import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Manifest, type OpenOptions, type Runtime, RuntimeData, type RuntimeOptions } from "../../mod.ts";
import { attemptOf, firsts, numberOf, passAll, sendAll, type Size, upTo } from "../_support/numbered.ts";
import { chain, collect, testPlugin, withRuntime } from "../_support/runtime.ts";

const QUICK = { maxRestarts: 3, initialDelayMs: 1, maxDelayMs: 5 };
const POSITIONS = { first: 0, middle: 1, last: 2 } as const;
const WAYS = { "shared memory": true, "messages only": false } as const;

/** Three segments in a row, of which the one at a position breaks. */
function threeSegments(position: number, params: Manifest["nodes"][number]["params"]): Manifest {
  const types = upTo(3).map((i) => ["crash.at", i === position ? params : {}] as const);
  return unfused(chain(...types));
}

/** Each node in a segment of its own. */
function unfused(manifest: Manifest): Manifest {
  return { ...manifest, nodes: manifest.nodes.map((node) => ({ ...node, fuse: false })) };
}

/** A runtime with a thread for each segment. */
function withThreads<T>(use: (runtime: Runtime) => Promise<T>, options: RuntimeOptions = {}): Promise<T> {
  return withRuntime(use, { maxThreads: 4, onLog: () => {}, ...options, plugins: [testPlugin("crash")] });
}

describe("at-least-once", () => {
  const open: OpenOptions = { delivery: "at-least-once", restart: QUICK };
  for (const [way, sharedMemory] of Object.entries(WAYS)) {
    it(`${way}: loses nothing when a thread dies, whichever it is`, () =>
      withThreads(async (runtime) => {
        for (const size of ["small", "large", "mixed"] satisfies Size[]) {
          for (const [name, position] of Object.entries(POSITIONS)) {
            const session = await runtime.open(threeSegments(position, { at: [7] }), open);
            const outputs = await passAll(session, 40, size);
            const what = `${size} values, the ${name} segment`;
            assert.deepEqual(firsts(outputs), upTo(40), what);
            const again = outputs.filter((output) => numberOf(output) === 7);
            assert.ok(again.some((output) => attemptOf(output) === 2), what);
            assert.equal((await session.metrics()).restarts, 1, what);
          }
        }
      }, { sharedMemory }));
  }
});

describe("at-most-once", () => {
  for (const [way, sharedMemory] of Object.entries(WAYS)) {
    it(`${way}: goes on without what was in the thread that died, and shows the gap`, () =>
      withThreads(async (runtime) => {
        for (const size of ["small", "large", "mixed"] satisfies Size[]) {
          for (const [name, position] of Object.entries(POSITIONS)) {
            const session = await runtime.open(threeSegments(position, { at: [7] }), { restart: QUICK });
            const outputs = await passAll(session, 60, size);
            const what = `${size} values, the ${name} segment`;
            const numbers = outputs.map(numberOf);
            assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b), `${what}: each once, in order`);
            assert.deepEqual(numbers.slice(0, 1), [0], what);
            assert.equal(numbers.at(-1), 59, what);
            assert.ok(!numbers.includes(7), what);
            // To whoever reads from the segment that died; the others count their own outputs.
            assert.equal(outputs.some(({ missing }) => missing > 0), name === "last", what);
          }
        }
      }, { sharedMemory }));

    it(`${way}: the node behind the one that died sees that something is missing`, () =>
      withThreads(async (runtime) => {
        const manifest = unfused(chain(["crash.at", { at: [7] }], "crash.seen"));
        const session = await runtime.open(manifest, { restart: QUICK });
        const sending = sendAll(session, 60);
        const seen = (await collect(session)).map(({ data }) => RuntimeData.asJson(data) as Record<string, number>);
        await sending;
        assert.ok(seen.some(({ missing }) => missing === 1));
        assert.deepEqual(seen.map(({ sequence }) => sequence), [
          ...upTo(7),
          ...upTo(seen.length - 7).map((i) => i + 8),
        ]);
      }, { sharedMemory }));
  }
});
