import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_POLICY } from "../../core/pipeline/policy.ts";
import type { PlanNode, PlanSegment } from "../../core/pipeline/plan.ts";
import { type LogEntry, RuntimeData } from "../../mod.ts";
import { beat, readEpoch, SegmentBoard, StepMarks } from "../../workers/segment_board.ts";
import { SegmentWatch, type StallLimits, Watchdog } from "../../workers/watchdog.ts";
import { rejectionOf } from "../_support/errors.ts";
import { QUICK } from "../_support/crashes.ts";
import { chain, withRuntime } from "../_support/runtime.ts";

const LOOK_MS = 250;

const nodeWith = (id: string, deadlineMs?: number): PlanNode =>
  ({ id, policy: deadlineMs === undefined ? undefined : { ...DEFAULT_POLICY, deadlineMs } }) as PlanNode;

/** A watch that is looked at by hand, and what it told. */
class Watched {
  readonly told: string[] = [];
  readonly watch: SegmentWatch;
  readonly words: Int32Array;

  constructor(nodes: readonly PlanNode[], limits: StallLimits = { stallAfterMs: 1_000 }) {
    const listener = {
      onStall: (node: PlanNode | undefined, ms: number) => this.told.push(`stall ${node?.id} ${ms}`),
      onStallTimeout: (node: PlanNode | undefined, ms: number) => this.told.push(`timeout ${node?.id} ${ms}`),
      onStuck: ({ id }: PlanNode, ms: number) => this.told.push(`stuck ${id} ${ms}`),
    };
    this.watch = new SegmentWatch({ nodes } as unknown as PlanSegment, 0, limits, listener);
    this.words = new Int32Array(this.watch.board.memory);
  }

  beat(): this {
    Atomics.add(this.words, 1, 1);
    return this;
  }

  look(times = 1): this {
    for (let i = 0; i < times; i++) this.watch.look(LOOK_MS);
    return this;
  }

  /** Makes it seem as if a node had begun so long ago. */
  beginAgo(index: number, agoMs: number): this {
    new StepMarks(this.watch.board.memory, index, true).begin();
    Atomics.sub(this.words, 8 + index, agoMs);
    return this;
  }
}

describe("the watch over a thread", () => {
  it("says nothing of a thread that has not begun, that turns, or that has ended", () => {
    const watched = new Watched([nodeWith("a")]);
    watched.look(100);
    for (let i = 0; i < 50; i++) watched.beat().look();
    watched.watch.end();
    watched.look(100);
    assert.deepEqual(watched.told, []);
    const { stalledMs, stalls, longestStallMs } = watched.watch.health();
    assert.deepEqual([stalledMs, stalls, longestStallMs], [0, 0, 0]);
  });

  it("tells of each stall once, keeps the longest, and forgets none", () => {
    const watched = new Watched([nodeWith("a")]);
    watched.beat().look(1 + 4);
    assert.deepEqual(watched.told, ["stall a 1000"]);
    watched.look(4);
    assert.equal(watched.watch.health().stalledMs, 2_000);
    watched.beat().look();
    assert.equal(watched.watch.health().stalledMs, 0);
    watched.beat().look(1 + 5);
    assert.deepEqual(watched.told, ["stall a 1000", "stall a 1000"]);
    const { stalls, longestStallMs } = watched.watch.health();
    assert.deepEqual([stalls, longestStallMs], [2, 2_000]);
  });

  it("ends a thread where a limit says so, once", () => {
    const watched = new Watched([nodeWith("a")], { stallAfterMs: 1_000, stallTimeoutMs: 2_000 });
    watched.beat().look(40);
    assert.deepEqual(watched.told, ["stall a 1000", "timeout a 2000"]);
  });

  it("names the node that is at work, and none where that is not known", () => {
    const watched = new Watched([nodeWith("a"), nodeWith("b")]);
    const marks = new StepMarks(watched.watch.board.memory, 1, false);
    marks.begin();
    watched.beat().look(5);
    marks.end();
    watched.beat().look(5);
    // Whatever a worker writes there.
    for (const forged of [-1, 77, 2 ** 31 - 1, -(2 ** 31)]) {
      watched.words[2] = forged;
      watched.beat().look(5);
    }
    assert.deepEqual(watched.told, ["stall b 1000", ...Array.from({ length: 5 }, () => "stall undefined 1000")]);
  });

  it("finds the node that is at work long after its deadline, one only, and nobody else", () => {
    const nodes = [nodeWith("idle", 1), nodeWith("free"), nodeWith("young", 5_000), nodeWith("stuck", 5_000)];
    const watched = new Watched([...nodes, nodeWith("other", 1)]).beat();
    watched.beginAgo(1, 3_600_000).beginAgo(2, 5_500).beginAgo(3, 60_000).beginAgo(4, 60_000);
    watched.look(3);
    assert.deepEqual(watched.told, ["stuck stuck 5000"]);
  });

  it("shows memory as the worker says, and never less than none", () => {
    const watched = new Watched([nodeWith("a")]);
    watched.words[3] = 10;
    watched.words[4] = -5;
    assert.deepEqual(watched.watch.board.threadMemory, { heapBytes: 10_240, bufferBytes: 0 });
  });

  it("looks as long as there is something to be looked at, and does not believe a clock that jumps", async () => {
    const watchdog = new Watchdog();
    const watched = new Watched([nodeWith("a")]).beat();
    const elapsed: number[] = [];
    await new Promise<void>((resolve) => {
      const look = watched.watch.look.bind(watched.watch);
      watched.watch.look = (ms) => {
        elapsed.push(ms);
        look(ms);
        if (elapsed.length === 1) { for (const endMs = performance.now() + 1_200; performance.now() < endMs;); }
        if (elapsed.length === 3) resolve();
      };
      const unfollow = watchdog.follow(watched.watch);
      // The watch alone keeps no process alive.
      const alive = setInterval(() => {
        if (elapsed.length < 3) return;
        clearInterval(alive);
        unfollow();
      }, 100);
    });
    assert.ok(elapsed.every((ms) => ms <= 2 * LOOK_MS), String(elapsed));
  });
});

describe("the board that a segment shares with the host", () => {
  it("beats as long as it is asked to, measures memory, and tells the epoch", async () => {
    const board = new SegmentBoard(1, 3);
    const epoch = readEpoch(board.memory);
    assert.equal(epoch(), 3);
    board.epoch = 4;
    assert.equal(epoch(), 4);
    assert.equal(board.beats, 0);
    const stop = beat(board.memory);
    assert.equal(board.beats, 1);
    while (board.beats < 3) await new Promise((resolve) => setTimeout(resolve, 50));
    stop();
    const { beats } = board;
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.equal(board.beats, beats);
    assert.ok(board.threadMemory.heapBytes > 0);
  });
});

describe("a node that blocks its thread", () => {
  it("is reported with its plugin where no limit ends it, in the log and in the metrics; cancel ends it", async () => {
    const logs: LogEntry[] = [];
    let tell = () => {};
    const told = new Promise<void>((resolve) => tell = resolve);
    const onLog = (entry: LogEntry) => {
      logs.push(entry);
      if (/blocked its thread/.test(entry.message)) tell();
    };
    await withRuntime(async (runtime) => {
      const session = await runtime.open(chain("fault.loop"));
      await session.send(RuntimeData.text("x"));
      await told;
      const stalled = logs.find(({ message }) => /blocked its thread/.test(message));
      assert.deepEqual([stalled?.level, stalled?.nodeId, stalled?.pluginName], ["warn", "n0", "faults"]);
      const plugin = runtime.metrics().plugins["faults"];
      assert.deepEqual([plugin?.stalledThreads, plugin?.stalls, plugin?.crashes], [1, 1, 0]);
      assert.ok((plugin?.longestStallMs ?? 0) >= 1_000);
      const [health] = (await session.metrics()).segments;
      assert.deepEqual([health?.nodeIds, health?.plugins, health?.restarts], [["n0"], ["faults"], 0]);
      assert.ok((health?.stalledMs ?? 0) >= 1_000 && (health?.heapBytes ?? 0) > 0);
      await session.cancel();
      assert.equal(runtime.metrics().plugins["faults"]?.stalledThreads, 0);
      assert.equal(runtime.metrics().plugins["faults"]?.stalls, 1);
    }, { onLog, stallAfterMs: 1_000 });
  });

  it("is ended by stallTimeoutMs, with an error that names it; and started again where that is asked for", () =>
    withRuntime(async (runtime) => {
      const session = await runtime.open(chain("fault.loop"), { restart: { ...QUICK, maxRestarts: 1 } });
      const reading = rejectionOf((async () => {
        for await (const _ of session);
      })());
      await session.send(RuntimeData.text("x"));
      await runtime.metrics();
      // Its first life ends; the next gets the next value.
      while ((await session.metrics()).restarts === 0) await new Promise((resolve) => setTimeout(resolve, 100));
      await session.send(RuntimeData.text("y")).catch(() => {});
      const error = await reading;
      assert.deepEqual([error.reason, error.nodeId, error.pluginName], ["node-stuck", "n0", "faults"]);
      assert.match(error.message, /longer than 3000 ms \(stallTimeoutMs\).*started again once/);
      const plugin = runtime.metrics().plugins["faults"];
      assert.deepEqual([plugin?.crashes, plugin?.restarts], [2, 1]);
      assert.ok((plugin?.stalls ?? 0) >= 2);
      // Long enough for a machine that is busy to load a plugin in.
    }, { onLog: () => {}, stallAfterMs: 1_000, stallTimeoutMs: 3_000 }));
});
