/**
 * Puts a segment where it runs: a worker of its group, or the host thread.
 *
 * @module
 */

import * as Comlink from "comlink";
import type { Channels } from "../core/channels/channel_manager.ts";
import type { ErrorEnvelope } from "../core/error_envelope.ts";
import { type Problem, StreamrackError } from "../core/errors.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { SegmentHealth, SegmentMetrics } from "../core/pipeline/metrics.ts";
import type { PlanNode, PlanSegment } from "../core/pipeline/plan.ts";
import type { LogEntry, SegmentSpec } from "../core/pipeline/segment.ts";
import { busyThreadsMemory } from "./busy_threads.ts";
import type { ChannelEnd, PostedEnd } from "./link/link.ts";
import {
  readNull,
  readOutcome,
  readProblems,
  readReconnected,
  readSegmentMetrics,
  readSegmentResult,
} from "./control_messages.ts";
import { droppedEntry } from "./log_valve.ts";
import { withFactories } from "./plugin_loader.ts";
import type { TaskPool } from "./pool.ts";
import { type Outcome, PROTOCOL_VERSION, type SegmentResult } from "./protocol.ts";
import { RemoteTask } from "./remote_task.ts";
import { openSegmentChannels } from "./segment_channels.ts";
import { SegmentTaskRun } from "./segment_task.ts";
import type { TrunkEnds } from "./trunk.ts";
import { SegmentWatch, type StallLimits, type Watchdog } from "./watchdog.ts";

/** A segment at its place, as the session sees it. */
export interface PlacedSegment {
  readonly segment: PlanSegment;
  /** How it ended; rejects with `worker-crashed` if its thread died. */
  readonly result: Promise<SegmentResult>;
  /** Called, once, when all its nodes have ended well, with what they counted: what is left is to close. Set by the session. */
  onDone: (metrics: SegmentMetrics) => void;
  prepare(): Promise<Outcome<readonly Problem[]>>;
  /** Prepares, unless that was asked for before, and starts if there are no problems. */
  start(): Promise<Outcome<readonly Problem[]>>;
  /** Drops everything of an earlier epoch. */
  flush(epoch: number): void;
  /** Asks it to end. */
  cancel(error: ErrorEnvelope): void;
  /** Goes on with another thread at the other end of a link; see {@linkcode SegmentControl.reconnect}. */
  reconnect(link: number, port: MessagePort): Promise<number | null>;
  /** Counts now; rejects once the segment has ended. */
  metrics(): Promise<SegmentMetrics>;
  /** Waits for the end; what does not end in time is terminated. */
  endWithin(timeoutMs: number): Promise<void>;
  /** How it fares; nothing where that is not watched. */
  health(): SegmentHealth | undefined;
}

/** What {@linkcode placeSegment} needs. */
export interface PlacementOptions {
  readonly segment: PlanSegment;
  readonly spec: SegmentSpec;
  readonly links: readonly PostedEnd[];
  /** Of a segment that is not inline: its links with the host. */
  readonly trunk: TrunkEnds | undefined;
  readonly watchdog: Watchdog;
  readonly stallLimits: StallLimits;
  /** Those of the application, if nodes may use them. */
  readonly channels?: Channels | undefined;
  pool(): TaskPool;
  onLog(entry: LogEntry): void;
}

/** Places a segment by its tier. Nothing of its plugins runs before `prepare`. */
export function placeSegment(options: PlacementOptions): PlacedSegment {
  return options.segment.tier === "inline" ? placeInline(options) : placeInWorker(options);
}

function placeInWorker(options: PlacementOptions): PlacedSegment {
  const { segment, spec, links, trunk, watchdog, stallLimits, pool, onLog } = options;
  const pluginUrls = Object.fromEntries(
    segment.nodes.flatMap(({ plugin: { description, source } }) =>
      source.tier === "inline" ? [] : [[description.name, source.url]]
    ),
  );
  const wanted = segment.nodes.flatMap(({ plugin: { description, source } }) =>
    source.tier === "inline" || source.version === undefined ? [] : [[description.name, source.version] as const]
  );
  const ahead = segment.nodes.flatMap(({ plugin: { description, isDescribedAhead } }) =>
    isDescribedAhead === true ? [[description.name, description] as const] : []
  );
  const [first, ...others] = segment.nodes;
  const pluginNames = Object.keys(pluginUrls);
  const isThread = segment.tier === "worker";
  const watch = new SegmentWatch(segment, spec.epoch ?? 0, stallLimits, {
    onStall: (node, stalledMs) => onLog(stalledEntry(spec, node, stalledMs)),
    onStallTimeout: (node, stallTimeoutMs) => void task.kill(stalledError(segment, node, stallTimeoutMs)),
    onStuck: (node, deadlineMs) => void task.kill(stuckError(segment, node, deadlineMs)),
  });
  const channels = openSegmentChannels(options.channels);
  const task = new RemoteTask<SegmentResult>({
    pool: pool(),
    task: {
      kind: "segment",
      protocolVersion: PROTOCOL_VERSION,
      spec,
      pluginUrls,
      descriptions: ahead.length === 0 ? undefined : Object.fromEntries(ahead),
      versions: wanted.length === 0 ? undefined : Object.fromEntries(wanted),
      links,
      board: watch.board.shared,
      channels: channels?.port,
      busyThreads: isThread ? busyThreadsMemory() : undefined,
    },
    trunk,
    transfer: [...links.flatMap(({ port }) => port ?? []), ...(channels === undefined ? [] : [channels.port])],
    group: segment.group,
    nodeId: others.length === 0 ? first?.id : undefined,
    pluginName: pluginNames.length === 1 ? pluginNames[0] : undefined,
    readResult: (value, threadId) => readSegmentResult(value, spec, threadId),
    onDone: (metrics) => placed.onDone(readSegmentMetrics(metrics, spec, task.threadId)),
    beats: () => watch.board.beats,
    onBoard: (words) => watch.board.receive(words),
    log: {
      sessionId: spec.sessionId,
      plugins: new Map(spec.nodes.map(({ nodeId, pluginName }) => [nodeId, pluginName])),
      onEntry: onLog,
      onDropped: (count) => onLog(droppedEntry(spec, count)),
    },
  });
  task.result.finally(watchdog.follow(watch)).catch(() => {});
  channels?.endWith(task.result);
  const placed: PlacedSegment = {
    segment,
    result: task.result,
    onDone: () => {},
    prepare: () => task.call("prepare", (answer) => readOutcome(answer, readProblems)),
    start: () => task.call("start", (answer) => readOutcome(answer, readProblems)),
    flush: (epoch) => {
      watch.board.epoch = epoch;
      void task.call("flush", readNull, epoch).catch(() => {});
    },
    cancel: (error) => void task.call("cancel", readNull, error).catch(() => {}),
    reconnect: (link, port) => task.call("reconnect", readReconnected, link, Comlink.transfer(port, [port])),
    metrics: () => task.call("metrics", (answer) => readSegmentMetrics(answer, spec, task.threadId)),
    endWithin: (timeoutMs) => task.endWithin(timeoutMs),
    health: () => ({
      nodeIds: segment.nodes.map(({ id }) => id),
      plugins: pluginNames,
      threadId: task.threadId,
      restarts: 0,
      ...watch.health(),
    }),
  };
  return placed;
}

function placeInline({ segment, spec, links, channels: offered, onLog }: PlacementOptions): PlacedSegment {
  const plugins = new Map(
    segment.nodes.flatMap(({ plugin: { description, source } }) =>
      source.tier === "inline" ? [[description.name, withFactories(source.plugin)] as const] : []
    ),
  );
  const channels = openSegmentChannels(offered);
  const run = new SegmentTaskRun({
    spec,
    // It has no trunk.
    links: links as readonly ChannelEnd[],
    channels: channels?.port,
    threadId: 0,
    loadPlugin: (name) => Promise.resolve(plugins.get(name)!),
    log: onLog,
    onDone: (metrics) => placed.onDone(metrics),
  });
  channels?.endWith(run.result);
  const placed: PlacedSegment = {
    segment,
    result: run.result,
    onDone: () => {},
    prepare: () => run.prepare(),
    start: () => run.start(),
    flush: (epoch) => run.flush(epoch),
    cancel: (error) => run.cancel(error),
    reconnect: (link, port) => run.reconnect(link, port),
    metrics: () => Promise.resolve(run.metrics()),
    endWithin: async (timeoutMs) => void await settledWithin(run.result, timeoutMs),
    health: () => undefined,
  };
  return placed;
}

/** Tells of a thread that stands still. */
function stalledEntry({ sessionId, nodes }: SegmentSpec, node: PlanNode | undefined, stalledMs: number): LogEntry {
  const { nodeId = "", pluginName = "" } = nodes.find(({ nodeId }) => nodeId === node?.id) ?? nodes[0] ?? {};
  const where = node === undefined ? `one of the nodes ${nodes.map(({ nodeId }) => `"${nodeId}"`).join(", ")}` : "it";
  const message = `${where} has blocked its thread for ${Math.round(stalledMs)} ms: nothing else can run there`;
  return { level: "warn", message, sessionId, nodeId, pluginName };
}

/** The error for a segment whose thread stood still for too long. */
function stalledError(segment: PlanSegment, node: PlanNode | undefined, stallTimeoutMs: number): StreamrackError {
  return blockedError(segment, node, `${stallTimeoutMs} ms (stallTimeoutMs)`);
}

/** The error for a node whose thread does not even let its own timers run. */
function stuckError(segment: PlanSegment, node: PlanNode, deadlineMs: number): StreamrackError {
  return blockedError(segment, node, `${deadlineMs} ms for one input`);
}

function blockedError({ nodes, tier }: PlanSegment, node: PlanNode | undefined, limit: string): StreamrackError {
  const end = tier === "process" ? "its process was killed" : "the thread was terminated";
  return new StreamrackError("node-stuck", `it blocked its thread for longer than ${limit}; ${end}`, {
    nodeId: node?.id,
    pluginName: (node ?? nodes[0])?.plugin.description.name,
    remedy: "Look for a loop that never ends or never yields.",
  });
}
