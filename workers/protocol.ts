/**
 * What host and workers say to each other. Types only: no behaviour.
 *
 * A segment is one long task of a pool. With the task travels its trunk, on
 * which the host calls {@linkcode SegmentControl} through Comlink and the
 * worker posts {@linkcode WorkerNotice}s; its links with the host are lines of
 * the trunk, and its ends of the others travel along. What links carry is
 * defined with them, in `link/`.
 *
 * @module
 */

import type { ErrorEnvelope } from "../core/error_envelope.ts";
import type { Problem } from "../core/errors.ts";
import type { PluginDescription } from "../core/node/describe.ts";
import type { SegmentMetrics } from "../core/pipeline/metrics.ts";
import type { LogEntry, SegmentSpec } from "../core/pipeline/segment.ts";
import type { BoxCheck } from "./box/box.ts";
import type { PostedEnd } from "./link/link.ts";

/** Both sides must speak the same version; they come from the same package, so a difference is a broken install. */
export const PROTOCOL_VERSION = 1;

/** What can be asked of a worker. */
export type WorkerTask = DescribeTask | SegmentTask;

/** What all tasks have. */
interface Task {
  readonly protocolVersion: number;
  /** The other end of its trunk. */
  readonly trunk: MessagePort;
  /** Set by the pool of a boxed group: to be closed before plugin code is loaded. */
  readonly box?: BoxCheck | undefined;
}

/** Load a plugin and say what it provides. */
export interface DescribeTask extends Task {
  readonly kind: "describe";
  readonly pluginUrl: string;
}

/** Run a segment from open to end. */
export interface SegmentTask extends Task {
  readonly kind: "segment";
  readonly spec: SegmentSpec;
  /** By plugin name. */
  readonly pluginUrls: { readonly [pluginName: string]: string };
  /** What plugins have to be once they are loaded, by name, where that was read beforehand. */
  readonly descriptions?: { readonly [pluginName: string]: PluginDescription } | undefined;
  /** The ranges that the versions of plugins have to be in, by name, where the application has said so. */
  readonly versions?: { readonly [pluginName: string]: string } | undefined;
  /** By number of the link within the segment. */
  readonly links: readonly PostedEnd[];
  /** What the segment shares with the host alone; see `segment_board.ts`. Absent: it posts its own. */
  readonly board?: SharedArrayBuffer | undefined;
  /** Leads to the channels of the application, where nodes may use them. */
  readonly channels?: MessagePort | undefined;
  /** Where the host says how many threads are at work. */
  readonly busyThreads?: SharedArrayBuffer | undefined;
}

/** A result, or the error instead: thrown values do not survive the way between threads. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ErrorEnvelope };

/** How a describe task ends. */
export type DescribeResult = Outcome<PluginDescription>;

/** How a segment task ends. */
export interface SegmentResult {
  readonly outcome: Outcome<null>;
  readonly metrics: SegmentMetrics;
}

/** What the host may call while a segment runs. */
export interface SegmentControl {
  /** Loads the plugins and checks the parameters; gives every problem. */
  prepare(): Promise<Outcome<readonly Problem[]>>;
  /** Prepares, unless that was asked for before; then creates the nodes and starts them, or gives every problem. */
  start(): Promise<Outcome<readonly Problem[]>>;
  /** Drops everything of an earlier epoch. */
  flush(epoch: number): void;
  /** Ends the run with an error. */
  cancel(error: ErrorEnvelope): void;
  /**
   * Goes on with another thread at the other end of a link.
   *
   * @returns What the end of the link gives, `null` if nothing is to come over it any more.
   */
  reconnect(link: number, port: MessagePort): Promise<number | null>;
  metrics(): SegmentMetrics;
}

/** What a worker posts on its trunk of its own accord. It carries no `id`, by which Comlink tells its messages. */
export type WorkerNotice =
  /** Sent once, before any plugin code runs: from now on the thread may be terminated. */
  | { readonly notice: "ready"; readonly threadId: number }
  | { readonly notice: "log"; readonly entry: LogEntry }
  /** What stands on the board of a segment that shares none with the host. */
  | { readonly notice: "board"; readonly words: Int32Array }
  /** All nodes have ended well, and were disposed of: what is left is to close the links. */
  | { readonly notice: "done"; readonly metrics: SegmentMetrics }
  /** Sent last: nothing more will come on its trunk. */
  | { readonly notice: "end" };
