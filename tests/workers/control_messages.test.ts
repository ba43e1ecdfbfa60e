import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamrackError } from "../../core/errors.ts";
import type { Plan, PlanSegment } from "../../core/pipeline/plan.ts";
import type { SegmentSpec } from "../../core/pipeline/segment.ts";
import { blamed, isHearsay } from "../../workers/blame.ts";
import {
  readControlMessage,
  readDescribeResult,
  readOutcome,
  readProblems,
  readReconnected,
  readSegmentMetrics,
} from "../../workers/control_messages.ts";
import { LOG_BURST, LogTally, LogValve, readLogEntry, shortened } from "../../workers/log_valve.ts";
import { thrownBy } from "../_support/errors.ts";
import { Random } from "../_support/random.ts";
import { hostileValue, mutated } from "../security/_hostile_values.ts";

const SPEC = {
  nodes: [{ nodeId: "n", nodeType: "t.t", pluginName: "p" }],
  edges: [{ from: { link: 0 }, to: { nodeId: "n", port: "in" }, row: 0 }],
} as unknown as SegmentSpec;
const METRICS = {
  nodes: [{ nodeId: "n", nodeType: "lie", pluginName: "lie", threadId: 99, itemsIn: 3, p50Ms: NaN, busyMs: -1 }],
  edges: [{ row: 0, end: "reader", columns: [1, -2] }],
};
const DESCRIPTION = {
  ok: true,
  value: {
    name: "p",
    version: "1.0.0",
    apiVersion: 1,
    nodes: [{
      type: "t.t",
      aliases: [],
      summary: "s",
      inputs: { in: ["any"] },
      outputs: {},
      align: "any",
      paramsSchema: {},
    }],
  },
};

describe("what a worker says", () => {
  it("is a notice or an answer, or a violation", () => {
    for (const [notice, key] of [["log", "entry"], ["board", "words"], ["done", "metrics"]] as const) {
      assert.deepEqual(readControlMessage({ notice, [key]: 5 }), { kind: "notice", notice, content: 5 });
    }
    const answer = { kind: "answer", id: "1", answer: { ok: true, value: 2 } };
    assert.deepEqual(readControlMessage({ id: "1", type: "RAW", value: 2 }), answer);
    const proxy = { id: "1", type: "HANDLER", name: "proxy", value: {} };
    for (const garbage of [undefined, null, 5, "x", {}, { notice: "what" }, { id: 5 }, { id: "1" }, proxy]) {
      assert.equal(thrownBy(() => readControlMessage(garbage)).reason, "protocol-violation");
    }
  });

  it("counts its own nodes and edges alone, under their right names, in numbers that are counts", () => {
    const { nodes: [node], edges } = readSegmentMetrics(METRICS, SPEC, 7);
    const { nodeId, nodeType, pluginName, threadId, itemsIn, itemsOut, p50Ms, busyMs } = node!;
    assert.deepEqual([nodeId, nodeType, pluginName, threadId], ["n", "t.t", "p", 7]);
    assert.deepEqual([itemsIn, itemsOut, p50Ms, busyMs], [3, 0, 0, 0]);
    assert.deepEqual(edges, METRICS.edges);
    const forged: readonly unknown[] = [
      ...[undefined, null, {}, { nodes: 5, edges: [] }, { nodes: [], edges: {} }],
      { ...METRICS, nodes: [{ nodeId: "other" }] },
      { ...METRICS, nodes: [{ nodeId: "__proto__" }] },
      { ...METRICS, nodes: [...METRICS.nodes, ...METRICS.nodes] },
      // The writer's end of that edge is another's.
      { ...METRICS, edges: [{ row: 0, end: "writer", columns: new Array(8).fill(0) }] },
      ...[1, -1, 0.5, 1e9, "0"].map((row) => ({ ...METRICS, edges: [{ row, end: "reader", columns: [0, 0] }] })),
      ...[[0], [0, 0, 0], [NaN, 0], ["0", 0], new Array(2)].map((columns) => ({
        ...METRICS,
        edges: [{ row: 0, end: "reader", columns }],
      })),
    ];
    for (const value of forged) {
      assert.equal(thrownBy(() => readSegmentMetrics(value, SPEC, 7)).reason, "protocol-violation");
    }
  });

  it("describes a plugin as one could be, or not at all", () => {
    assert.deepEqual(readDescribeResult(DESCRIPTION), DESCRIPTION);
    const random = new Random(8);
    for (let round = 0; round < 500; round++) {
      try {
        const read = readDescribeResult(mutated(DESCRIPTION, random));
        if (!read.ok) continue;
        assert.ok(read.value.nodes.every(({ type, aliases }) => typeof type === "string" && Array.isArray(aliases)));
      } catch (thrown) {
        assert.equal(StreamrackError.from(thrown).reason, "protocol-violation");
      }
    }
  });

  it("describes no plugin by what would be endless, or long, as text", () => {
    const folded = Array.from({ length: 60 }).reduce<object>((inner) => ({ a: inner, b: inner }), {});
    const [node] = DESCRIPTION.value.nodes;
    for (
      const change of [
        { nodes: [{ ...node, paramsSchema: folded }] },
        { nodes: [{ ...node, summary: "s".repeat(2 ** 24) }] },
        { nodes: new Array(4_097).fill(node) },
      ]
    ) {
      const value = { ...DESCRIPTION.value, ...change };
      assert.equal(thrownBy(() => readDescribeResult({ ok: true, value })).reason, "protocol-violation");
    }
  });

  it("is refused with a violation, and with nothing else, whatever it is", () => {
    const random = new Random(9);
    const place = { sessionId: "s", plugins: new Map([["n", "p"]]) };
    const messages: readonly unknown[] = [METRICS, { ok: true, value: [{ path: "p", message: "m" }] }, 7, null];
    for (let round = 0; round < 1_500; round++) {
      const value = random.unit() < 0.5 ? hostileValue(random) : mutated(random.pick(messages), random);
      const readers: readonly (() => unknown)[] = [
        () => readControlMessage(value),
        () => readOutcome(value, readProblems),
        () => readReconnected(value),
        () => readSegmentMetrics(value, SPEC, 1),
        () => readLogEntry(value, place),
      ];
      for (const read of readers) {
        try {
          read();
        } catch (thrown) {
          assert.equal(StreamrackError.from(thrown).reason, "protocol-violation", String((thrown as Error).stack));
        }
      }
    }
  });
});

describe("what nodes log", () => {
  const place = { sessionId: "s", plugins: new Map([["n", "p"]]) };
  const entry = {
    level: "info",
    message: "m",
    details: { a: 1 },
    sessionId: "s",
    nodeId: "n",
    pluginName: "p",
  } as const;

  it("is told in the name of whoever said it", () => {
    assert.deepEqual(readLogEntry({ ...entry, sessionId: "other", pluginName: "other" }, place), entry);
    for (const change of [{ nodeId: "other" }, { nodeId: "__proto__" }, { level: "fatal" }, { message: {} }]) {
      assert.equal(readLogEntry({ ...entry, ...change }, place), undefined);
    }
  });

  it("is cut where it is long, and loses details that JSON cannot express", () => {
    const long = { ...entry, message: "m".repeat(1e6), details: { a: "d".repeat(1e6) } };
    for (const short of [shortened(long), readLogEntry(long, place)!]) {
      assert.equal(short.message.length, 8_193);
      assert.deepEqual(short.details, { omitted: "details that are too long" });
    }
    // Small as it is, it would be written for ever.
    const folded = Array.from({ length: 60 }).reduce<object>((inner) => ({ a: inner, b: inner }), {});
    assert.deepEqual(readLogEntry({ ...entry, details: folded }, place)?.details, undefined);
    const wide = Array.from({ length: 20 }).reduce<object>((inner) => ({ a: inner, b: inner }), {});
    assert.deepEqual(readLogEntry({ ...entry, details: wide }, place)?.details, {
      omitted: "details that are too long",
    });
    for (const details of [{ f: () => {} }, 5, new Map(), { n: 1n }]) {
      assert.equal(shortened({ ...entry, details: details as never }).details, undefined);
    }
  });

  it("passes at a rate, and what does not is counted", () => {
    let nowMs = 0;
    const [valve, tally] = [new LogValve(10, () => nowMs), new LogTally(() => nowMs)];
    const admitted = () => Array.from({ length: 100 }, () => valve.admit()).filter(Boolean).length;
    assert.equal(admitted(), 10);
    assert.equal(valve.takeDropped(), 90);
    assert.equal(valve.takeDropped(), 0);
    nowMs += 100;
    assert.equal(admitted(), 5);
    nowMs += 3_600_000;
    assert.equal(admitted(), 10);
    nowMs = 0;
    for (let n = 0; n < 3 * LOG_BURST; n++) assert.ok(tally.count());
    assert.equal(tally.count(), false);
  });
});

describe("blame", () => {
  const node = (id: string, plugin: string) => ({ id, plugin: { description: { name: plugin } } });
  const [a, b, c] = [node("a", "pa"), node("b", "pb"), node("c", "pc")];
  const plan = {
    nodes: [a, b, c],
    edges: [{ from: { nodeId: "a" }, to: { nodeId: "b" } }],
  } as unknown as Plan;
  const segment = { nodes: [a] } as unknown as PlanSegment;
  const blame = (error: Error, isCancelled = false) => blamed(error, segment, plan, isCancelled);

  it("is on the segment that reports, whatever name it gives", () => {
    for (const place of [{}, { nodeId: "a" }, { nodeId: "a", pluginName: "pb" }, { nodeId: "c", pluginName: "pc" }]) {
      const { nodeId, pluginName } = blame(new StreamrackError("node-failed", "x", place));
      assert.deepEqual([nodeId, pluginName], ["a", "pa"]);
    }
    const plain = blame(new TypeError("x"));
    assert.deepEqual([plain.reason, plain.nodeId, plain.pluginName], ["node-failed", "a", "pa"]);
  });

  it("is on a neighbour where a link brought what it cannot, but by the word of the one who says so", () => {
    const error = blame(new StreamrackError("protocol-violation", "a link carried x", { nodeId: "b" }));
    assert.deepEqual([error.nodeId, error.pluginName, isHearsay(error)], ["b", "pb", true]);
    assert.match(error.detail, /as "a" at its other end says/);
    // It has no link to that one.
    const lie = blame(new StreamrackError("protocol-violation", "a link carried x", { nodeId: "c" }));
    assert.deepEqual([lie.nodeId, lie.pluginName, isHearsay(lie)], ["a", "pa", false]);
  });

  it("is on one who says that he was cancelled, and was not", () => {
    const cancelled = new StreamrackError("session-cancelled", "x");
    assert.equal(blame(cancelled, true), cancelled);
    const error = blame(cancelled);
    assert.deepEqual([error.reason, error.nodeId, error.pluginName], ["node-failed", "a", "pa"]);
  });

  it("keeps what an error says of itself", () => {
    const error = new StreamrackError("connection-failed", "x", {
      remedy: "r",
      retryAfterMs: 5,
      cause: new Error("c"),
    });
    const { reason, code, retryable, remedy, retryAfterMs, cause } = blame(error);
    assert.deepEqual([reason, code, retryable, remedy, retryAfterMs], [error.reason, error.code, true, "r", 5]);
    assert.equal(cause, error.cause);
  });
});
