/**
 * Runtime: the rack. It knows plugins, keeps thread pools, and opens sessions.
 *
 * @module
 */

import { availableParallelism } from "node:os";
import type { Channels } from "../core/channels/channel_manager.ts";
import type { RuntimeData } from "../core/data/types.ts";
import { displayValue, type Problem, StreamrackError } from "../core/errors.ts";
import type { FlowLimits } from "../core/flow/item.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { PluginDescription } from "../core/node/describe.ts";
import type { StreamingNodeRegistry } from "../core/node/registry.ts";
import type { Manifest } from "../core/pipeline/manifest.ts";
import type { SessionMetrics } from "../core/pipeline/metrics.ts";
import { createPlan, manifestError, type Plan } from "../core/pipeline/plan.ts";
import type { LogEntry } from "../core/pipeline/segment.ts";
import type { Session, SessionOutput } from "../core/pipeline/session.ts";
import { runtimeInfo } from "./adapters/runtime_info.ts";
import type { PluginInput } from "./plugin_input.ts";
import { PluginPools } from "./plugin_pools.ts";
import { placeSegment } from "./placement.ts";
import { findExcess } from "./plan_size.ts";
import { TASKS_PER_THREAD } from "./pool.ts";
import { createDefaultRegistry } from "./default_registry.ts";
import { WORKER_ENTRY_URL } from "./entry_url.ts";
import { type BreakerOptions, CircuitBreaker } from "./circuit_breaker.ts";
import { isDescribedAhead, placeDescribed } from "./place_described.ts";
import { checkSession, openSession, type SessionOptions } from "./session.ts";
import { Admission } from "./admission.ts";
import { countsOf, RuntimeMeter, type RuntimeMetrics } from "./runtime_metrics.ts";
import { resolveLimits, type SessionLimits } from "./session_options.ts";
import { type SessionTrace, traceSession } from "./telemetry/trace_session.ts";
import { RingPools } from "./link/ring_pool.ts";
import { Watchdog } from "./watchdog.ts";
import { type SegmentWiring, type SessionWiring, wireSession, type WiringOptions } from "./wiring.ts";

/** How {@linkcode createRuntime} sets up a runtime. */
export interface RuntimeOptions extends SessionLimits {
  /**
   * Plugins beside our own: a URL, a path or a package name (found from
   * `resolveFrom`); `{ plugin, tier, grants, … }` to say how it is to run and
   * what it may reach; or, for tests and trusted code,
   * `{ tier: "inline", plugin }`, which runs in the host thread.
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
   * the cost of processor time that other programs may need. It never does
   * where more threads are at work than there are processors, or values come
   * at leisure. Default: true.
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

/** The rack. Made by {@linkcode createRuntime}. */
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
   * @throws {StreamrackError} as {@linkcode createRuntime} for a plugin that cannot be loaded; `plugin-not-found` for a name that no plugin has; `invalid-plugin` if it calls itself something else now; `invalid-options` for the inline tier; `runtime-closed`.
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

/**
 * Makes a runtime. Plugins are loaded and described in workers, never in the
 * host thread.
 *
 * @throws {StreamrackError} `plugin-not-found`, `plugin-load-failed`, `invalid-plugin`, `plugin-api-version`, `duplicate-node-type`, `description-mismatch`, or `permission-denied`: a plugin needs what its `grants` do not give, or the runtime cannot keep it to them.
 *
 * @example
 * ```ts
 * import { createRuntime, RuntimeData } from "@streamrack/core";
 * import assert from "node:assert/strict";
 *
 * await using runtime = await createRuntime();
 * const { outputs } = await runtime.execute({
 *   version: "v1",
 *   nodes: [{ id: "gain", node_type: "audio.gain", params: { gainDb: -20 } }],
 * }, {
 *   gain: RuntimeData.audio({ samples: Float32Array.of(1, -1), sampleRate: 8000 }),
 * });
 * const [quiet] = outputs["gain"]!;
 * assert.ok(Math.abs(RuntimeData.asAudio(quiet!).samples[0]! - 0.1) < 1e-6);
 * ```
 */
export async function createRuntime(options: RuntimeOptions = {}): Promise<Runtime> {
  const runtime = new Rack(options);
  try {
    await runtime.addPlugins();
  } catch (thrown) {
    await runtime.close();
    throw thrown;
  }
  return runtime;
}

/** How long a session that is opened waits for others that close, in milliseconds. */
const CLOSING_MAX_MS = 100;

class Rack implements Runtime {
  readonly registry: StreamingNodeRegistry;
  readonly #options: RuntimeOptions;
  readonly #limits: FlowLimits;
  readonly #plugins: PluginPools;
  readonly #breakers = new Map<string, CircuitBreaker>();
  readonly #ringPools = new RingPools();
  readonly #sessions = new Set<Session & { readonly ended: Promise<void> }>();
  /** Those that have ended, but for their links. */
  readonly #closingSessions = new Set<{ readonly groups: readonly string[]; readonly ended: Promise<void> }>();
  readonly #admission: Admission;
  readonly #meter = new RuntimeMeter();
  readonly #watchdog = new Watchdog();
  #nextSession = 1;
  #closing: Promise<void> | undefined;

  constructor(options: RuntimeOptions) {
    checkOptions(options);
    this.#options = options;
    this.#admission = new Admission({
      maxSessions: options.maxSessions ?? Infinity,
      maxQueuedSessions: options.maxQueuedSessions ?? 0,
    });
    const groupOf = (name: string) => options.trust?.find((group) => group.includes(name))?.join("+") ?? name;
    this.registry = options.registry ?? createDefaultRegistry({ groupOf });
    this.#limits = { items: options.maxItemsInFlight ?? 16, bytes: options.maxBytesInFlight ?? 4 * 1024 ** 2 };
    this.#plugins = new PluginPools({
      registry: this.registry,
      poolOptions: { ...options, workerEntry: options.workerEntry ?? WORKER_ENTRY_URL },
      resolveFrom: options.resolveFrom,
      timeoutMs: this.#openTimeoutMs,
      groupOf,
      onRetired: (group) => this.#breakers.delete(group),
    });
  }

  async addPlugins(): Promise<void> {
    await this.#plugins.register(this.#options.plugins ?? []);
    for (const { description: { name }, isUnenforced } of this.registry.plugins()) {
      if (isUnenforced === true) this.#onLog(unenforcedEntry(name));
    }
  }

  async reload(pluginName: string): Promise<PluginDescription> {
    return await this.#plugins.reload(pluginName);
  }

  async validate(manifest: unknown): Promise<readonly Problem[]> {
    let plan: Plan;
    try {
      plan = this.#plan(manifest);
    } catch (thrown) {
      if (StreamrackError.is(thrown) && thrown.reason === "invalid-manifest") return thrown.problems;
      throw thrown;
    }
    this.#checkOpen();
    const sessionOptions = this.#sessionOptions({});
    const wiring = this.#wire(plan, { sessionId: sessionOptions.id, keeps: false, isChecked: true });
    const done = this.#plugins.use(plan);
    return await checkSession(plan, wiring, sessionOptions).finally(done);
  }

  async open(manifest: Manifest, options: OpenOptions = {}): Promise<Session> {
    this.#checkOpen();
    checkOpenOptions(options);
    const { generation } = this.#plugins;
    const early = this.#plan(manifest);
    const limits = resolveLimits(options, this.#options);
    const place = await this.#admission.enter({ signal: options.signal, queueTimeoutMs: limits.queueTimeoutMs });
    let letGo = () => {};
    try {
      // Plugins may have been loaded anew while it waited.
      const plan = generation === this.#plugins.generation ? early : this.#plan(manifest);
      letGo = this.#plugins.use(plan);
      const sessionOptions = { ...this.#sessionOptions(options), budget: limits.budget };
      const trace = await traceSession(sessionOptions.id, plan);
      try {
        const session = await this.#openAdmitted(plan, { options, sessionOptions, trace, leave: place, letGo });
        trace?.opened();
        return session;
      } catch (thrown) {
        trace?.failedToOpen(thrown);
        throw thrown;
      }
    } catch (thrown) {
      letGo();
      place();
      throw thrown;
    }
  }

  async #openAdmitted(plan: Plan, { options, sessionOptions, trace, leave, letGo }: Admitted): Promise<Session> {
    await this.#threadsLetGo(plan);
    this.#checkOpen();
    for (const { group } of plan.segments) this.#breaker(group)?.check();
    const keeps = this.#deliveryOf(options) === "at-least-once";
    const wiring = this.#wire(plan, {
      sessionId: sessionOptions.id,
      keeps,
      traceparent: trace?.traceparent,
      recordsActivity: options.recordActivity,
      waitsAwake: options.waitAwake,
      channels: options.channels ?? this.#options.channels,
    });
    const unfollow = this.#meter.follow(plan, wiring);
    trace?.follow({ counts: () => countsOf(plan, wiring), bytesInFlight: () => wiring.counters.bytesInFlight });
    let opened: { readonly ended: Promise<void> } | undefined = undefined;
    const onEnd: SessionOptions["onEnd"] = (metrics, failure) => {
      if (opened !== undefined) this.#noteClosing(plan, opened.ended);
      unfollow();
      leave();
      trace?.end(metrics, failure);
    };
    const session = await openSession(plan, wiring, { ...sessionOptions, onEnd }).catch((thrown) => {
      // A close takes the threads away from a session that is just opening.
      this.#checkOpen();
      throw thrown;
    });
    opened = session;
    if (this.#closing !== undefined) await session.cancel("the runtime was closed");
    this.#checkOpen();
    this.#sessions.add(session);
    void session.ended.then(() => {
      this.#sessions.delete(session);
      letGo();
    });
    return session;
  }

  #noteClosing(plan: Plan, ended: Promise<void>): void {
    const closing = { groups: plan.segments.map(({ group }) => group), ended };
    this.#closingSessions.add(closing);
    void ended.then(() => this.#closingSessions.delete(closing));
  }

  /** Waits, for a moment, until threads count as free in which sessions only close any more: segments find idle ones then. */
  async #threadsLetGo({ segments }: Plan): Promise<void> {
    const closing = [...this.#closingSessions].filter(({ groups }) =>
      segments.some(({ group }) => groups.includes(group))
    );
    if (closing.length === 0) return;
    await settledWithin(Promise.all(closing.map(({ ended }) => ended)), CLOSING_MAX_MS);
  }

  metrics(): RuntimeMetrics {
    return { ...this.#meter.read(), queuedSessions: this.#admission.waiting, threads: this.#plugins.threads };
  }

  async execute(
    manifest: Manifest,
    inputs: { readonly [nodeId: string]: ExecuteInput } = {},
    options: OpenOptions = {},
  ): Promise<ExecuteResult> {
    const session = await this.open(manifest, options);
    const items: SessionOutput[] = [];
    const outputs = new Map(session.outputs.map(({ nodeId }): [string, RuntimeData[]] => [nodeId, []]));
    let inputFailure: unknown;
    const feeding = Promise.all(Object.entries(inputs).map(([to, input]) => feed(session, to, input)))
      .then(() => session.finish())
      .catch(async (thrown) => {
        inputFailure = thrown;
        await session.cancel(thrown);
      });
    try {
      for await (const item of session) {
        items.push(item);
        outputs.get(item.nodeId)?.push(item.data);
      }
    } catch (thrown) {
      // When the inputs were at fault, the session only says that it was cancelled.
      await feeding;
      throw StreamrackError.is(thrown) && thrown.reason === "session-cancelled" ? inputFailure ?? thrown : thrown;
    }
    // Not by assignment: a node may be called __proto__.
    return { outputs: Object.fromEntries(outputs), items, metrics: await session.metrics() };
  }

  close({ drainTimeoutMs = 0 }: { readonly drainTimeoutMs?: number } = {}): Promise<void> {
    return this.#closing ??= this.#close(drainTimeoutMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drainTimeoutMs: number): Promise<void> {
    this.#admission.close(runtimeClosed());
    if (drainTimeoutMs > 0) {
      const sessions = [...this.#sessions];
      for (const session of sessions) await session.finish();
      await settledWithin(Promise.all(sessions.map((session) => session.ended)), drainTimeoutMs);
    }
    await Promise.all([...this.#sessions].map((session) => session.cancel("the runtime was closed")));
    await this.#plugins.close();
  }

  #wire(
    plan: Plan,
    { channels, isChecked = false, ...options }:
      & Pick<WiringOptions, "sessionId" | "keeps" | "traceparent" | "recordsActivity" | "waitsAwake">
      & Pick<OpenOptions, "channels">
      // Whether it is only to be checked: nothing that is described runs then.
      & { readonly isChecked?: boolean },
  ): SessionWiring {
    const onLog = this.#onLog;
    const { sharedMemory } = this.#options;
    const { stallAfterMs = 5_000, stallTimeoutMs } = this.#options;
    const watched = { watchdog: this.#watchdog, stallLimits: { stallAfterMs, stallTimeoutMs } };
    const place = (wiring: SegmentWiring) => {
      if (isChecked && isDescribedAhead(wiring.segment)) return placeDescribed(wiring);
      const pool = () => this.#plugins.get(wiring.segment);
      const placed = placeSegment({ ...wiring, ...watched, channels, pool, onLog });
      this.#meter.watch(placed);
      return placed;
    };
    return wireSession(plan, { ...options, limits: this.#limits, sharedMemory, ringPools: this.#ringPools, place });
  }

  #plan(manifest: unknown): Plan {
    const plan = createPlan(manifest, this.registry);
    const { maxThreads = availableParallelism(), tasksPerThread = TASKS_PER_THREAD, maxSessionLinks = 4_096 } =
      this.#options;
    const excess = findExcess(plan, { maxLinks: maxSessionLinks, maxTasksPerGroup: maxThreads * tasksPerThread });
    if (excess.length > 0) throw manifestError(excess);
    return plan;
  }

  get #onLog(): (entry: LogEntry) => void {
    return this.#options.onLog ?? logToConsole;
  }

  #deliveryOf(options: OpenOptions): Delivery {
    return options.delivery ?? this.#options.delivery ?? "at-most-once";
  }

  #breaker(group: string): CircuitBreaker | undefined {
    const { breaker: options } = this.#options;
    if (options === undefined) return undefined;
    const breaker = this.#breakers.get(group) ?? new CircuitBreaker(group, options);
    this.#breakers.set(group, breaker);
    return breaker;
  }

  get #openTimeoutMs(): number {
    return this.#options.openTimeoutMs ?? 60_000;
  }

  #sessionOptions(options: OpenOptions): SessionOptions {
    const { maxRestarts, windowMs = 60_000, initialDelayMs = 100, maxDelayMs = 5_000 } = options.restart ??
      this.#options.restart ?? { maxRestarts: this.#deliveryOf(options) === "at-least-once" ? 3 : 0 };
    return {
      id: this.#newSessionId(),
      signal: options.signal,
      openTimeoutMs: this.#openTimeoutMs,
      killGraceMs: this.#options.killGraceMs ?? 3_000,
      restart: { maxRestarts, windowMs, initialDelayMs, maxDelayMs },
      onCrash: (segment, error) => {
        const { group } = segment;
        this.#meter.crashed(segment);
        this.#breaker(group)?.note(error);
        this.#breaker(group)?.check();
      },
      onViolation: (error) => {
        const { description, group } = this.registry.plugins()
          .find(({ description: { name } }) => name === error.pluginName) ?? {};
        if (description === undefined || group === undefined) return;
        this.#meter.violated(description.name);
        this.#breaker(group)?.note(error);
      },
      onRestart: (sessionId, segment, error, count) => {
        this.#meter.restarted(segment);
        const { nodes: [node] } = segment;
        const { nodeId = node?.id ?? "", pluginName = node?.plugin.description.name ?? "" } = error;
        const message = `started again after a crash (${count} so far): ${error.message}`;
        this.#onLog({ level: "warn", message, sessionId, nodeId, pluginName });
      },
    };
  }

  #newSessionId(): string {
    return `session-${this.#nextSession++}`;
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return;
    throw runtimeClosed();
  }
}

/** How a session is opened that has its place. */
interface Admitted {
  readonly options: OpenOptions;
  readonly sessionOptions: SessionOptions;
  readonly trace: SessionTrace | undefined;
  /** Gives the place back. */
  leave(): void;
  /** Lets the threads go that it runs in. */
  letGo(): void;
}

function unenforcedEntry(pluginName: string): LogEntry {
  const { name, version } = runtimeInfo();
  const message = `${name} ${version} does not keep it to its grants (allowUnenforced): it reaches more than these`;
  return { level: "warn", message, sessionId: "", nodeId: "", pluginName };
}

function runtimeClosed(): StreamrackError {
  return new StreamrackError("runtime-closed", "the runtime was closed", { remedy: "Make a new one." });
}

async function feed(session: Session, to: string, input: ExecuteInput): Promise<void> {
  const target = { to };
  if (typeof input !== "object" || input === null) {
    throw new StreamrackError("invalid-data", "an input is no data", {
      problems: [{
        path: `inputs.${to}`,
        message: "is no data",
        received: displayValue(input),
        expected: "RuntimeData, or an iterable of it",
      }],
    });
  }
  if ("type" in input) return await session.send(input, target);
  for await (const data of input) await session.send(data, target);
}

function logToConsole({ level, nodeId, pluginName, message, details }: LogEntry): void {
  if (level !== "warn" && level !== "error") return;
  console[level](
    `[${pluginName}]${nodeId === "" ? "" : ` ${nodeId}:`} ${message}`,
    ...(details === undefined ? [] : [details]),
  );
}

/** The least value of each option that is a number. */
const OPTION_MINIMA = {
  maxThreads: 1,
  tasksPerThread: 1,
  maxHeapMb: 1,
  idleTimeoutMs: 0,
  openTimeoutMs: 1,
  killGraceMs: 0,
  stallAfterMs: 1_000,
  stallTimeoutMs: 1_000,
  maxSessions: 1,
  maxQueuedSessions: 0,
  maxItemsInFlight: 1,
  maxBytesInFlight: 1,
  maxSessionLinks: 1,
} as const satisfies { readonly [K in keyof RuntimeOptions]: number };

const RESTART_MINIMA = { maxRestarts: 0, windowMs: 1, initialDelayMs: 0, maxDelayMs: 0 } as const;
const BREAKER_MINIMA = { maxCrashes: 1, windowMs: 1, coolDownMs: 1 } as const;
const DELIVERIES: readonly unknown[] = ["at-most-once", "at-least-once", undefined];

/** What is wrong with the numbers in an object of options. */
function checkNumbers(options: object, path: string, minima: { readonly [name: string]: number }): Problem[] {
  return Object.entries(minima).flatMap(([name, minimum]) => {
    const value = (options as { readonly [name: string]: unknown })[name];
    if (value === undefined || (Number.isSafeInteger(value) && value as number >= minimum)) return [];
    const problem = { path: `${path}.${name}`, message: "is not right", received: displayValue(value) };
    return [{ ...problem, expected: `a whole number from ${minimum}` }];
  });
}

/** What is wrong with what a runtime and a session have in common. */
function checkShared({ delivery, restart, channels }: OpenOptions): Problem[] {
  const problems = restart === undefined ? [] : checkNumbers(restart, "options.restart", RESTART_MINIMA);
  if (restart !== undefined && restart.maxRestarts === undefined) {
    problems.push({ path: "options.restart.maxRestarts", message: "is missing", expected: "a whole number from 0" });
  }
  if (!DELIVERIES.includes(delivery)) {
    const expected = '"at-most-once" or "at-least-once"';
    problems.push({ path: "options.delivery", message: "is not right", received: displayValue(delivery), expected });
  }
  if (channels !== undefined && typeof (channels as Partial<Channels> | null)?.publish !== "function") {
    const expected = "a ChannelManager";
    problems.push({ path: "options.channels", message: "is not right", received: displayValue(channels), expected });
  }
  return problems;
}

function checkOpenOptions(options: OpenOptions): void {
  const problems = checkShared(options);
  if (problems.length === 0) return;
  throw new StreamrackError("invalid-options", "the session cannot be opened with these options", { problems });
}

function checkOptions(options: RuntimeOptions): void {
  const { breaker } = options;
  const problems = [
    ...checkNumbers(options, "options", OPTION_MINIMA),
    ...checkShared(options),
    ...(breaker === undefined ? [] : checkNumbers(breaker, "options.breaker", BREAKER_MINIMA)),
  ];
  if (breaker !== undefined && breaker.maxCrashes === undefined) {
    problems.push({ path: "options.breaker.maxCrashes", message: "is missing", expected: "a whole number from 1" });
  }
  if (problems.length > 0) {
    throw new StreamrackError("invalid-options", "the runtime cannot be made with these options", { problems });
  }
  resolveLimits(options, {});
  const { name, version, limitsWorkerHeap } = runtimeInfo();
  if (options.maxHeapMb !== undefined && !limitsWorkerHeap) {
    throw new StreamrackError(
      "unsupported-runtime",
      `${name} ${version} does not limit the heap of a worker reliably`,
      {
        remedy: "Leave maxHeapMb out, or run on Node.",
      },
    );
  }
}
