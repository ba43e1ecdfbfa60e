/**
 * Reads what workers say on their trunks and as the results of their
 * tasks. A worker runs the code of others, which can take hold of its ports:
 * nothing is believed that was not looked at here.
 *
 * @module
 */

import type { ErrorEnvelope } from "../core/error_envelope.ts";
import { displayValue, type Problem, StreamrackError } from "../core/errors.ts";
import { type EdgeSample, isEdgeSample } from "../core/flow/edge_counts.ts";
import { isPluginDescription, type PluginDescription } from "../core/node/describe.ts";
import { readSpans } from "../core/pipeline/activity.ts";
import type { NodeMetrics, SegmentMetrics } from "../core/pipeline/metrics.ts";
import type { SegmentSpec } from "../core/pipeline/segment.ts";
import type { DescribeResult, Outcome, SegmentResult, WorkerNotice } from "./protocol.ts";

/** Most problems of one answer that are read. */
const PROBLEMS_MAX = 1_000;
/** Longest text of a problem, in characters. */
const TEXT_MAX_CHARS = 4_096;

/** The error for something that a worker of ours cannot have said. @param what Completes "a worker sent …". */
export function controlViolation(what: string, received?: unknown): StreamrackError {
  const shown = received === undefined ? "" : `: ${displayValue(received)}`;
  return new StreamrackError("protocol-violation", `a worker sent ${what}${shown}`, {
    remedy: "Its plugin has meddled with what is not its own, or @streamrack/core is not installed in one version.",
  });
}

/** What a message on no line of a trunk is. */
export type ControlMessage =
  | { readonly kind: "notice"; readonly notice: WorkerNotice["notice"]; readonly content: unknown }
  | { readonly kind: "answer"; readonly id: string; readonly answer: Answer };

/** The answer to a call: what it gave, or what it threw. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly thrown: ErrorEnvelope };

/** What workers post of their own accord, and under which key its content stands. */
const NOTICES: ReadonlyMap<unknown, string | undefined> = new Map<WorkerNotice["notice"], string | undefined>([
  ["ready", undefined],
  ["log", "entry"],
  ["board", "words"],
  ["done", "metrics"],
  ["end", undefined],
]);

/** @throws {StreamrackError} `protocol-violation` if it is neither a notice nor an answer. */
export function readControlMessage(data: unknown): ControlMessage {
  if (!isRecord(data)) throw controlViolation("what is no message", data);
  const { notice, id, type, name, value } = data;
  if (NOTICES.has(notice)) {
    const content = data[NOTICES.get(notice) ?? ""];
    return { kind: "notice", notice: notice as WorkerNotice["notice"], content };
  }
  if (typeof id !== "string") throw controlViolation("a message of no known form", data);
  // The forms of Comlink. Of its own handlers only the one for what was thrown is of use here: a proxy, say, is refused.
  if (type === "RAW") return { kind: "answer", id, answer: { ok: true, value } };
  if (type === "HANDLER" && name === "throw" && isRecord(value)) {
    return { kind: "answer", id, answer: { ok: false, thrown: (value["value"] ?? {}) as ErrorEnvelope } };
  }
  throw controlViolation("an answer of no known form", data);
}

/** Reads an outcome. @param readValue Throws if what went well is not of its form. */
export function readOutcome<T>(value: unknown, readValue: (value: unknown) => T): Outcome<T> {
  if (!isRecord(value)) throw controlViolation("what is no outcome", value);
  if (value["ok"] === true) return { ok: true, value: readValue(value["value"]) };
  // Whatever stands there, an error can be made of it.
  if (value["ok"] === false) return { ok: false, error: value["error"] as ErrorEnvelope };
  throw controlViolation("what is no outcome", value);
}

/** Reads nothing. */
export function readNull(_value: unknown): null {
  return null;
}

/** Reads the problems of parameters. */
export function readProblems(value: unknown): readonly Problem[] {
  if (!Array.isArray(value)) throw controlViolation("what are no problems", value);
  return value.slice(0, PROBLEMS_MAX).map((problem): Problem => {
    if (!isRecord(problem)) throw controlViolation("what is no problem", problem);
    const { path, message, received, expected } = problem;
    if (typeof path !== "string" || typeof message !== "string") throw controlViolation("what is no problem", problem);
    return {
      path: cut(path),
      message: cut(message),
      ...(typeof received === "string" ? { received: cut(received) } : {}),
      ...(typeof expected === "string" ? { expected: cut(expected) } : {}),
    };
  });
}

/** Reads where the other end of a link goes on: a count of records, or of values, or nothing. */
export function readReconnected(value: unknown): number | null {
  if (value === null || (Number.isSafeInteger(value) && (value as number) >= 0)) return value as number | null;
  throw controlViolation("what is no place to go on at", value);
}

/** Reads what a segment counted: of its own nodes and edges, and of no others. */
export function readSegmentMetrics(value: unknown, spec: SegmentSpec, threadId: number): SegmentMetrics {
  if (!isRecord(value) || !Array.isArray(value["nodes"]) || !Array.isArray(value["edges"])) {
    throw controlViolation("what are no counts", value);
  }
  const given = value["nodes"].slice(0, spec.nodes.length + 1);
  if (given.length > spec.nodes.length) throw controlViolation("counts of more nodes than it has");
  const nodes = given.map((counts): NodeMetrics => {
    const node = isRecord(counts) ? spec.nodes.find(({ nodeId }) => nodeId === counts["nodeId"]) : undefined;
    if (!isRecord(counts) || node === undefined) throw controlViolation("counts of a node that is not its own", counts);
    const { nodeId, nodeType, pluginName } = node;
    const numbers = Object.fromEntries(NODE_COUNTS.map((name) => [name, countOf(counts[name])]));
    return {
      nodeId,
      nodeType,
      pluginName,
      threadId,
      ...numbers as { readonly [K in typeof NODE_COUNTS[number]]: number },
      ...(spec.recordsActivity === true ? { activity: readSpans(counts["activity"]) } : {}),
    };
  });
  // Each edge has two ends.
  const samples = value["edges"].slice(0, 2 * spec.edges.length + 1);
  const edges = samples.map((sample): EdgeSample => {
    if (!isEdgeSample(sample)) throw controlViolation("what is no count of an edge", sample);
    const edge = spec.edges.find(({ row }) => row === sample.row);
    const isOwn = edge !== undefined && "port" in (sample.end === "writer" ? edge.from : edge.to);
    if (!isOwn) throw controlViolation("counts of an edge that is not its own", sample);
    return sample;
  });
  return { nodes, edges };
}

const NODE_COUNTS = [
  ...["itemsIn", "itemsOut", "bytesIn", "bytesOut", "failures", "skipped"] as const,
  ...["queueDepth", "p50Ms", "p99Ms", "busyMs"] as const,
];

/** What a worker counts is shown, and decides nothing: what is no count is shown as none. */
function countOf(value: unknown): number {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : 0;
}

/** Reads how a segment ended. */
export function readSegmentResult(value: unknown, spec: SegmentSpec, threadId: number): SegmentResult {
  if (!isRecord(value)) throw controlViolation("what is no result", value);
  const metrics = readSegmentMetrics(value["metrics"], spec, threadId);
  return { outcome: readOutcome(value["outcome"], readNull), metrics };
}

/** Reads what a plugin says of itself. */
export function readDescribeResult(value: unknown): DescribeResult {
  return readOutcome(value, (description): PluginDescription => {
    if (!isPluginDescription(description)) throw controlViolation("what is no description of a plugin", description);
    return description;
  });
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null;
}

function cut(text: string): string {
  return text.length <= TEXT_MAX_CHARS ? text : `${text.slice(0, TEXT_MAX_CHARS)}…`;
}
