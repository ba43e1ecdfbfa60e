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
import type { SegmentMetrics } from "../core/pipeline/metrics.ts";
import type { PlanNode, PlanSegment } from "../core/pipeline/plan.ts";
import type { LogEntry, SegmentSpec } from "../core/pipeline/segment.ts";
import { busyThreadsMemory } from "./busy_threads.ts";
import type { LinkEnd } from "./link/link.ts";
import { withFactories } from "./plugin_loader.ts";
import type { GroupPool } from "./pool.ts";
import { type Outcome, PROTOCOL_VERSION, type SegmentResult } from "./protocol.ts";
import { RemoteTask } from "./remote_task.ts";
import { openSegmentChannels } from "./segment_channels.ts";
import { SegmentTaskRun } from "./segment_task.ts";
import { StepWatcher } from "./step_watch.ts";

/** A segment at its place, as the session sees it. */
export interface PlacedSegment {
  readonly segment: PlanSegment;
  /** How it ended; rejects with `worker-crashed` if its thread died. */
  readonly result: Promise<SegmentResult>;
  prepare(): Promise<Outcome<readonly Problem[]>>;
  start(): Promise<Outcome<null>>;
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
}

/** What {@linkcode placeSegment} needs. */
export interface PlacementOptions {
  readonly segment: PlanSegment;
  readonly spec: SegmentSpec;
  readonly links: readonly LinkEnd[];
  /** Those of the application, if nodes may use them. */
  readonly channels?: Channels | undefined;
  pool(group: string): GroupPool;
  onLog(entry: LogEntry): void;
}

/** Places a segment by its tier. Nothing of its plugins runs before `prepare`. */
export function placeSegment(options: PlacementOptions): PlacedSegment {
  return options.segment.tier === "inline" ? placeInline(options) : placeInWorker(options);
}

function placeInWorker({ segment, spec, links, channels: offered, pool, onLog }: PlacementOptions): PlacedSegment {
  const pluginUrls = Object.fromEntries(
    segment.nodes.flatMap(({ plugin: { description, source } }) =>
      source.tier === "worker" ? [[description.name, source.url]] : []
    ),
  );
  const [first, ...others] = segment.nodes;
  const pluginNames = Object.keys(pluginUrls);
  const watcher = new StepWatcher(segment.nodes, (node, deadlineMs) => void task.kill(stuckError(node, deadlineMs)));
  const channels = openSegmentChannels(offered);
  const task = new RemoteTask<SegmentResult>({
    pool: pool(segment.group),
    task: {
      kind: "segment",
      protocolVersion: PROTOCOL_VERSION,
      spec,
      pluginUrls,
      links,
      channels: channels?.port,
      watch: watcher.memory,
      busyThreads: busyThreadsMemory(),
    },
    transfer: [...links.map(({ port }) => port), ...(channels === undefined ? [] : [channels.port])],
    group: segment.group,
    nodeId: others.length === 0 ? first?.id : undefined,
    pluginName: pluginNames.length === 1 ? pluginNames[0] : undefined,
    onLog,
  });
  channels?.endWith(task.result);
  task.result.finally(() => watcher.stop()).catch(() => {});
  return {
    segment,
    result: task.result,
    prepare: () => task.call("prepare"),
    start: () => task.call("start"),
    flush: (epoch) => void task.call("flush", epoch).catch(() => {}),
    cancel: (error) => void task.call("cancel", error).catch(() => {}),
    reconnect: (link, port) => task.call("reconnect", link, Comlink.transfer(port, [port])),
    metrics: () => task.call("metrics"),
    endWithin: (timeoutMs) => task.endWithin(timeoutMs),
  };
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
    links,
    channels: channels?.port,
    threadId: 0,
    loadPlugin: (name) => Promise.resolve(plugins.get(name)!),
    log: onLog,
  });
  channels?.endWith(run.result);
  return {
    segment,
    result: run.result,
    prepare: () => run.prepare(),
    start: () => run.start(),
    flush: (epoch) => run.flush(epoch),
    cancel: (error) => run.cancel(error),
    reconnect: (link, port) => run.reconnect(link, port),
    metrics: () => Promise.resolve(run.metrics()),
    endWithin: async (timeoutMs) => void await settledWithin(run.result, timeoutMs),
  };
}

/** The error for a node whose thread does not even let its own timers run. */
function stuckError({ id, plugin }: PlanNode, deadlineMs: number): StreamrackError {
  return new StreamrackError(
    "node-stuck",
    `it blocked its thread for longer than ${deadlineMs} ms for one input; the thread was terminated`,
    { nodeId: id, pluginName: plugin.description.name, remedy: "Look for a loop that never ends or never yields." },
  );
}
