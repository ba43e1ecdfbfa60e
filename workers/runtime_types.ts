/**
 * What a runtime is, and how one is set up.
 *
 * @module
 */

import type { Channels } from "../core/channels/channel_manager.ts";
import type { RuntimeData } from "../core/data/types.ts";
import type { Problem } from "../core/errors.ts";
import type { PluginDescription } from "../core/node/describe.ts";
import type { StreamingNodeRegistry } from "../core/node/registry.ts";
import type { Manifest } from "../core/pipeline/manifest.ts";
import type { SessionMetrics } from "../core/pipeline/metrics.ts";
import type { LogEntry } from "../core/pipeline/segment.ts";
import type { Session, SessionOutput } from "../core/pipeline/session.ts";
import type { BreakerOptions } from "./circuit_breaker.ts";
import type { PluginInput } from "./plugin_input.ts";
import type { RuntimeMetrics } from "./runtime_metrics.ts";
import type { SessionLimits } from "./session_options.ts";

/** How `createRuntime` sets up a runtime. */
export interface RuntimeOptions extends SessionLimits {
  /**
   * Plugins beside our own: a URL, a path or a package name (found from
   * `resolveFrom`); `{ plugin, version, tier, grants, … }` to say which
   * versions are taken, how it is to run and what it may reach; or, for tests
   * and trusted code, `{ tier: "inline", plugin }`, which runs in the host
   * thread. An installed plugin that is named without `grants` is granted
   * nothing.
   */
  readonly plugins?: readonly PluginInput[] | undefined;
  /** Module or folder from which package names are found, as a URL or an absolute path. Default: the current folder. */
  readonly resolveFrom?: string | URL | undefined;
  /** Where node types are looked up. Default: our own plugins. `plugins` are added to it. */
  readonly registry?: StreamingNodeRegistry | undefined;
  /** Lists of plugin names that trust each other: they may share threads, and adjacent nodes of theirs run fused. Default: none. */
  readonly trust?: readonly (readonly string[])[] | undefined;
  /** Receives what nodes log. Default: warnings and errors go to the console. */
  readonly onLog?: ((entry: LogEntry) => void) | undefined;
  /** Most threads per isolation group. Default: the number of processors. */
  readonly maxThreads?: number | undefined;
  /** How many segments a thread takes when all threads are busy. Default: 256. */
  readonly tasksPerThread?: number | undefined;
  /**
   * Most heap of one thread, in MiB: a thread that exceeds it ends with
   * `worker-crashed`. Buffers (audio, tensors) are not part of the heap. Node
   * only; elsewhere it is refused with `unsupported-runtime`, since it would
   * not be kept or not be told. Default: the runtime's own limit.
   */
  readonly maxHeapMb?: number | undefined;
  /** How long an idle thread is kept, in milliseconds. Default: 30 000. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long describing a plugin, or opening a session with its models, may take, in milliseconds. Default: 60 000. */
  readonly openTimeoutMs?: number | undefined;
  /**
   * How long a cancelled segment may take before its thread is terminated, in
   * milliseconds. Nodes have one second to return and one to be disposed of,
   * so less than 2000 may terminate a thread that would have ended by itself.
   * Default: 3000.
   */
  readonly killGraceMs?: number | undefined;
  /**
   * From when on a thread that stands still, since a node lets nothing else
   * run there, is told of: as a warning to `onLog`, and in the metrics; in
   * milliseconds, from 1000. Default: 5000.
   */
  readonly stallAfterMs?: number | undefined;
  /**
   * How long a thread may stand still before it is terminated, in
   * milliseconds, from 1000; its sessions fail with `node-stuck`, or are
   * started again as `restart` says. Nodes that load large models without a
   * pause need their time. Default: for ever.
   */
  readonly stallTimeoutMs?: number | undefined;
  /** Most sessions open at a time. `validate` needs no place. Default: no limit. */
  readonly maxSessions?: number | undefined;
  /**
   * Most calls of `open` and `execute` that wait, in order, where `maxSessions`
   * are open; more are rejected at once with `overloaded`. Default: 0.
   */
  readonly maxQueuedSessions?: number | undefined;
  /** Most values in flight on one edge. Default: 16. */
  readonly maxItemsInFlight?: number | undefined;
  /** Most bytes in flight on one edge; the last value let in may exceed it. Default: 4 MiB. */
  readonly maxBytesInFlight?: number | undefined;
  /**
   * Most links of one session: its inputs, its outputs, and its connections
   * between segments. A manifest that needs more is invalid. Default: 4096.
   */
  readonly maxSessionLinks?: number | undefined;
  /**
   * Whether short chunks of audio may go from thread to thread through shared
   * memory, where the runtime has it. Without, every value goes in a message.
   * Default: true.
   */
  readonly sharedMemory?: boolean | undefined;
  /** The default of {@linkcode OpenOptions.channels}. */
  readonly channels?: Channels | undefined;
  /** The default of {@linkcode OpenOptions.delivery}. */
  readonly delivery?: Delivery | undefined;
  /** The default of {@linkcode OpenOptions.restart}. */
  readonly restart?: RestartOptions | undefined;
  /**
   * When plugins that crash again and again are taken out of service: what needs them is refused with
   * `plugin-unavailable`. Default: never.
   */
  readonly breaker?: BreakerOptions | undefined;
  /** The worker's entry module, for bundles that moved it. Default: found beside this module. */
  readonly workerEntry?: URL | undefined;
}

/**
 * What becomes of the values that were under way in a thread that has died.
 *
 * - `"at-most-once"`: each value is given to a node once, or is lost;
 * - `"at-least-once"`: a value is kept until nothing that was made from it is under way any more, and is given again, in
 *   order, to the node in its new thread. What had come out of it before the crash comes out again.
 */
export type Delivery = "at-most-once" | "at-least-once";

/** When a part of a session whose thread has died is started again. */
export interface RestartOptions {
  /** Restarts in all within {@linkcode windowMs}, from 0. With one more crash the session fails. */
  readonly maxRestarts: number;
  /** In milliseconds, from 1. Default: 60 000. */
  readonly windowMs?: number | undefined;
  /** Before the first restart, in milliseconds; it doubles with every further one. Default: 100. */
  readonly initialDelayMs?: number | undefined;
  /** Longest delay, in milliseconds. Default: 5 000. */
  readonly maxDelayMs?: number | undefined;
}

/** How one session is opened. */
export interface OpenOptions extends SessionLimits {
  /** Cancels the session when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Named channels that the nodes of the session may use, in their threads: a
   * `ChannelManager`, or what `connectChannels` gives. Default: none.
   */
  readonly channels?: Channels | undefined;
  /** What becomes of values in a thread that dies. Default: `"at-most-once"`. */
  readonly delivery?: Delivery | undefined;
  /**
   * Whether a part of the session whose thread has died is started again,
   * with new nodes. Default: it is not, and the session fails with
   * `worker-crashed`; with delivery `"at-least-once"`, up to 3 times in a minute.
   */
  readonly restart?: RestartOptions | undefined;
  /** Whether the metrics of each node tell when it was at work, for a picture of the session. Default: false. */
  readonly recordActivity?: boolean | undefined;
  /**
   * Whether a thread that waits for the next value from another may stay awake
   * for a moment (up to 0.2 ms) before it sleeps. Values then come sooner, at
   * the cost of processor time that other programs may need. It does not where
   * more threads are at work than there are processors, where values come at
   * leisure, or while another program takes the processor that the other
   * thread needs. Default: true.
   */
  readonly waitAwake?: boolean | undefined;
}

/** Values for the inputs of a one-shot run: one, several, or a stream of them. */
export type ExecuteInput = RuntimeData | Iterable<RuntimeData> | AsyncIterable<RuntimeData>;

/** What a one-shot run gives. */
export interface ExecuteResult {
  /** All outputs, in order, by node id; those of all its ports together. */
  readonly outputs: { readonly [nodeId: string]: readonly RuntimeData[] };
  /** The same with port and sequence, in the order in which they came. */
  readonly items: readonly SessionOutput[];
  readonly metrics: SessionMetrics;
}

/** The rack. Made by `createRuntime`. */
export interface Runtime {
  readonly registry: StreamingNodeRegistry;

  /** Checks a manifest with all its parameters and gives every problem; none if it can be opened. */
  validate(manifest: unknown): Promise<readonly Problem[]>;

  /**
   * Runs a manifest once: sends the inputs, ends them, and gathers all outputs.
   *
   * @param inputs By node id.
   * @throws {StreamrackError} as {@linkcode Runtime.open} and {@linkcode Session.send}, or what a node failed with.
   */
  execute(
    manifest: Manifest,
    inputs?: { readonly [nodeId: string]: ExecuteInput },
    options?: OpenOptions,
  ): Promise<ExecuteResult>;

  /**
   * Opens a session: all its nodes are created and ready when it resolves.
   *
   * @throws {StreamrackError} `invalid-manifest` with every problem, `plugin-load-failed`, `node-create-failed`, `deadline-exceeded`, `overloaded`, `invalid-options` or `runtime-closed`. Nothing is left running then.
   */
  open(manifest: Manifest, options?: OpenOptions): Promise<Session>;

  /**
   * Loads a plugin anew, with those that share its threads: from now on
   * sessions use what is at its place now. Running ones finish with what they
   * have; a part of them that is started again after a crash loads what is
   * there then. If it fails, everything stays as it was.
   *
   * @param pluginName What the plugin calls itself.
   * @returns What it is now.
   * @throws {StreamrackError} as `createRuntime` for a plugin that cannot be loaded; `plugin-not-found` for a name that no plugin has; `invalid-plugin` if it calls itself something else now; `invalid-options` for the inline tier; `runtime-closed`.
   */
  reload(pluginName: string): Promise<PluginDescription>;

  /**
   * Counts of all sessions, by plugin as well. Asks no thread, so it answers
   * at once; with `sharedMemory: false`, and in sessions with a node in a child
   * process, what workers count is as old as the last `session.metrics()`.
   */
  metrics(): RuntimeMetrics;

  /**
   * Ends all sessions, then all threads. May be repeated.
   *
   * @param options.drainTimeoutMs How long sessions may take to finish by themselves before they are cancelled. Default: 0.
   */
  close(options?: { readonly drainTimeoutMs?: number }): Promise<void>;

  /** The same as {@linkcode Runtime.close} without a drain. */
  [Symbol.asyncDispose](): Promise<void>;
}
