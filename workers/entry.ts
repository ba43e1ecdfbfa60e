/**
 * What runs inside a worker: the handler of every pool task.
 *
 * Nothing here is imported by the host; pools find this module by its URL.
 *
 * @module
 */

import * as Comlink from "comlink";
import { threadId } from "node:worker_threads";
import { toErrorEnvelope } from "../core/error_envelope.ts";
import { StreamrackError } from "../core/errors.ts";
import { describePlugin } from "../core/node/describe.ts";
import type { LogEntry } from "../core/pipeline/segment.ts";
import { closeBox } from "./box/close_box.ts";
import { watchBusyThreads } from "./busy_threads.ts";
import { compareDescription } from "./compare_description.ts";
import { toJsonSchema } from "./json_schema.ts";
import { droppedEntry, LogValve, shortened } from "./log_valve.ts";
import { type LoadedPlugin, loadPlugin } from "./plugin_loader.ts";
import { checkVersion } from "./plugin_version.ts";
import {
  type DescribeResult,
  type DescribeTask,
  PROTOCOL_VERSION,
  type SegmentControl,
  type SegmentResult,
  type SegmentTask,
  type WorkerNotice,
  type WorkerTask,
} from "./protocol.ts";
import { beat, ownBoard, readEpoch } from "./segment_board.ts";
import { SegmentTaskRun } from "./segment_task.ts";
import { openEnd, Trunk } from "./trunk.ts";

/** Runs one task of a pool to its end. Never throws for what a plugin does. */
export default async function handle(task: WorkerTask): Promise<DescribeResult | SegmentResult> {
  const trunk = new Trunk(task.trunk);
  const notify = (notice: WorkerNotice) => trunk.post(notice);
  notify({ notice: "ready", threadId });
  try {
    if (task.protocolVersion !== PROTOCOL_VERSION) {
      const detail = `the worker speaks protocol ${PROTOCOL_VERSION}, the host ${task.protocolVersion}`;
      throw new StreamrackError("protocol-violation", detail, { remedy: "Install @streamrack/core anew." });
    }
    return task.kind === "describe" ? await describe(task) : await runSegment(task, trunk, notify);
  } finally {
    notify({ notice: "end" });
    trunk.close();
  }
}

/** Loads a plugin, when the box that it is to be in has been closed. */
async function loadBoxed({ box }: WorkerTask, url: string): Promise<LoadedPlugin> {
  if (box !== undefined) await closeBox(box);
  return await loadPlugin(url);
}

async function describe(task: DescribeTask): Promise<DescribeResult> {
  try {
    const { plugin } = await loadBoxed(task, task.pluginUrl);
    return { ok: true, value: await describePlugin(plugin, toJsonSchema) };
  } catch (thrown) {
    return { ok: false, error: toErrorEnvelope(thrown) };
  }
}

async function runSegment(
  task: SegmentTask,
  trunk: Trunk,
  notify: (notice: WorkerNotice) => void,
): Promise<SegmentResult> {
  const { spec, channels, pluginUrls, descriptions, versions } = task;
  const links = task.links.map((end, number) => openEnd(end, number, trunk));
  watchBusyThreads(task.busyThreads);
  const board = task.board === undefined
    ? ownBoard(spec.nodes.length, (words) => notify({ notice: "board", words }))
    : { memory: task.board };
  const valve = new LogValve();
  const post = (entry: LogEntry) => {
    const dropped = valve.takeDropped();
    if (dropped > 0) notify({ notice: "log", entry: droppedEntry(spec, dropped) });
    notify({ notice: "log", entry: shortened(entry) });
  };
  const run = new SegmentTaskRun({
    spec,
    links,
    channels,
    board,
    latestEpoch: task.board && readEpoch(task.board),
    threadId,
    loadPlugin: async (name) => {
      const loaded = await loadBoxed(task, pluginUrls[name] as string);
      // Another version may have been put in its place since it was described.
      checkVersion(loaded.plugin, versions?.[name]);
      const described = descriptions?.[name];
      if (described !== undefined) await compareDescription(loaded.plugin, described);
      return loaded;
    },
    log: (entry) => {
      if (valve.admit()) post(entry);
    },
    onDone: (metrics) => notify({ notice: "done", metrics }),
  });
  // Only the calls of the contract are exposed: what else the object has is not the host's.
  Comlink.expose(
    {
      prepare: () => run.prepare(),
      start: () => run.start(),
      flush: (epoch) => run.flush(epoch),
      cancel: (error) => run.cancel(error),
      reconnect: (link, port) => run.reconnect(link, port),
      metrics: () => run.metrics(),
    } satisfies SegmentControl,
    endpointOf(trunk),
  );
  return await run.result.finally(beat(board));
}

/** What is on no line of a trunk, as Comlink hears and says it. */
function endpointOf(trunk: Trunk): Comlink.Endpoint {
  return {
    postMessage: (message, transfer) => trunk.post(message, transfer),
    addEventListener: (_type, listener) => {
      trunk.onMessage = (data) => (listener as (event: MessageEvent) => void)({ data } as MessageEvent);
    },
    removeEventListener: () => {
      trunk.onMessage = () => {};
    },
  };
}
