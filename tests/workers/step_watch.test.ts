import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_POLICY } from "../../core/pipeline/policy.ts";
import type { PlanNode } from "../../core/pipeline/plan.ts";
import { openStepWatch, StepWatcher } from "../../workers/step_watch.ts";

/** Longer than any test takes. */
const NEVER_MS = 3_600_000;

const nodeWith = (id: string, deadlineMs?: number): PlanNode =>
  ({ id, policy: deadlineMs === undefined ? undefined : { ...DEFAULT_POLICY, deadlineMs } }) as PlanNode;

/** Makes it seem as if a node had begun so long ago. */
function beginAgo(memory: SharedArrayBuffer, index: number, agoMs: number): void {
  openStepWatch(memory, index).begin();
  Atomics.sub(new Int32Array(memory), index, agoMs);
}

/** Watches until a node is found stuck, and says which. */
async function stuckOf(nodes: readonly PlanNode[], begin: (memory: SharedArrayBuffer) => void): Promise<string[]> {
  // The watch alone keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  const found: string[] = [];
  try {
    await new Promise<void>((resolve) => {
      const watcher = new StepWatcher(nodes, ({ id }, deadlineMs) => {
        found.push(`${id} ${deadlineMs}`);
        resolve();
      });
      begin(watcher.memory as SharedArrayBuffer);
    });
    return found;
  } finally {
    clearInterval(alive);
  }
}

describe("the watch over nodes with a deadline", () => {
  it("is none where no node has one", () => {
    const watcher = new StepWatcher([nodeWith("a"), nodeWith("b")], () => assert.fail());
    assert.equal(watcher.memory, undefined);
    watcher.stop();
  });

  it("has a word for each node, which says since when it is at work, and 0 when it is not", () => {
    const watcher = new StepWatcher([nodeWith("a"), nodeWith("b", NEVER_MS)], () => assert.fail());
    const memory = watcher.memory as SharedArrayBuffer;
    const words = new Int32Array(memory);
    assert.deepEqual([...words], [0, 0]);
    const watch = openStepWatch(memory, 1);
    watch.begin();
    assert.equal(words[0], 0);
    assert.ok((words[1] as number) > 0);
    watch.end();
    assert.deepEqual([...words], [0, 0]);
    watcher.stop();
  });

  it("finds the node that is at work long after its deadline, and nobody else", async () => {
    const nodes = [nodeWith("idle", 1), nodeWith("free"), nodeWith("patient", NEVER_MS), nodeWith("stuck", 5_000)];
    const found = await stuckOf(nodes, (memory) => {
      beginAgo(memory, 1, NEVER_MS);
      beginAgo(memory, 2, 60_000);
      beginAgo(memory, 3, 60_000);
    });
    assert.deepEqual(found, ["stuck 5000"]);
  });

  it("tells of one only, once: its thread, and all that runs there, is lost with it", async () => {
    const nodes = [nodeWith("a", 1), nodeWith("b", 1)];
    const found = await stuckOf(nodes, (memory) => {
      beginAgo(memory, 0, 60_000);
      beginAgo(memory, 1, 60_000);
    });
    // Another look of the first watch would have come before the first look of this one.
    assert.deepEqual(await stuckOf([nodeWith("c", 1)], (memory) => beginAgo(memory, 0, 60_000)), ["c 1"]);
    assert.deepEqual(found, ["a 1"]);
  });

  it("leaves to the thread what it can end itself: only what is far beyond is found", async () => {
    const found = await stuckOf([nodeWith("young", 1), nodeWith("old", 1)], (memory) => {
      openStepWatch(memory, 0).begin();
      beginAgo(memory, 1, 60_000);
    });
    assert.deepEqual(found, ["old 1"]);
  });
});
