/**
 * Runtime: the rack. It knows plugins, keeps thread pools, and opens sessions.
 *
 * @module
 */

import { type Problem, StreamrackError } from "../core/errors.ts";
import type { FlowLimits } from "../core/flow/item.ts";
import { settledWithin } from "../core/flow/settled_within.ts";
import type { PluginDescription } from "../core/node/describe.ts";
import type { StreamingNodeRegistry } from "../core/node/registry.ts";
import type { Manifest } from "../core/pipeline/manifest.ts";
import { createPlan, manifestError, type Plan } from "../core/pipeline/plan.ts";
import type { LogEntry } from "../core/pipeline/segment.ts";
import type { Session } from "../core/pipeline/session.ts";
import { PROCESSORS } from "./adapters/processors.ts";
import { runtimeInfo } from "./adapters/runtime_info.ts";
import { Admission } from "./admission.ts";
import { CircuitBreaker } from "./circuit_breaker.ts";
import { createDefaultRegistry } from "./default_registry.ts";
import { WORKER_ENTRY_URL } from "./entry_url.ts";
import { RingPools } from "./link/ring_pool.ts";
import { isDescribedAhead, placeDescribed } from "./place_described.ts";
import { placeSegment } from "./placement.ts";
import { ParamWarnings } from "./param_warnings.ts";
import { findExcess } from "./plan_size.ts";
import { PluginPools } from "./plugin_pools.ts";
import { TASKS_PER_THREAD } from "./pool.ts";
import { runOnce } from "./run_once.ts";
import { countsOf, RuntimeMeter, type RuntimeMetrics } from "./runtime_metrics.ts";
import { checkOpenOptions, checkOptions } from "./runtime_options.ts";
import type { Delivery, ExecuteInput, ExecuteResult, OpenOptions, Runtime, RuntimeOptions } from "./runtime_types.ts";
import { checkSession, openSession } from "./open_session.ts";
import type { SessionOptions } from "./session.ts";
import { resolveLimits } from "./session_options.ts";
import { type SessionTrace, traceSession } from "./telemetry/trace_session.ts";
import { Watchdog } from "./watchdog.ts";
import { type SegmentWiring, type SessionWiring, wireSession, type WiringOptions } from "./wiring.ts";

/**
 * Makes a runtime. Plugins are loaded and described in workers, never in the
 * host thread.
 *
 * @throws {StreamrackError} `plugin-not-found`, `plugin-load-failed`, `invalid-plugin`, `plugin-api-version`, `plugin-version`, `duplicate-node-type`, `description-mismatch`, or `permission-denied`: a plugin needs what its `grants` do not give, or the runtime cannot keep it to them.
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
  readonly #paramWarnings = new ParamWarnings();
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
      this.#paramWarnings.look(plan, sessionOptions.id, this.#onLog);
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
    return await runOnce(await this.open(manifest, options), inputs);
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
    const { maxThreads = PROCESSORS, tasksPerThread = TASKS_PER_THREAD, maxSessionLinks = 4_096 } = this.#options;
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

function logToConsole({ level, nodeId, pluginName, message, details }: LogEntry): void {
  if (level !== "warn" && level !== "error") return;
  console[level](
    `[${pluginName}]${nodeId === "" ? "" : ` ${nodeId}:`} ${message}`,
    ...(details === undefined ? [] : [details]),
  );
}
